/** The threads that scan a large data set; a small one is scanned by the caller alone. */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { ScanThread } from '../../threads/scan-client.js';
import { numDone, openClaims, runLane, stopClaims } from './scan-lane.js';
import { type ScanPart, type ScanTask, STATS } from './scan-part.js';

/** Below this, starting threads takes longer than the work. */
const MIN_IMAGES_FOR_THREADS = 4096;
/** More lanes only wait for the disk and the kernel's directory locks. */
const MAX_LANES = 16;
const PROGRESS_MS = 250;

export interface CrewOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of images looked at. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** How many threads help the caller with a data set. */
export function numHelpers(numImages: number, numCores: number = availableParallelism()): number {
  return numImages < MIN_IMAGES_FOR_THREADS ? 0 : Math.min(numCores, MAX_LANES) - 1;
}

export class ScanCrew implements AsyncDisposable {
  readonly #threads: readonly ScanThread[];

  /** @param numThreads besides the caller */
  constructor(numThreads: number) {
    this.#threads = Array.from({ length: numThreads }, () => new ScanThread());
  }

  /** Fills in the task's `stats`. */
  async stat(task: ScanTask, options: CrewOptions): Promise<void> {
    await this.#run('stat', task, { signal: options.signal });
  }

  /** Looks at all images; the parts come in image order. */
  async scan(task: ScanTask, options: CrewOptions): Promise<ScanPart[]> {
    const parts = await this.#run('scan', task, options);
    return parts.sort((a, b) => a.begin - b.begin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async #run(kind: 'stat' | 'scan', task: ScanTask, options: CrewOptions): Promise<ScanPart[]> {
    const { signal, onProgress } = options;
    signal?.throwIfAborted();
    const claims = openClaims();
    const total = task.stats.length / STATS;
    const parts: ScanPart[] = [];
    let toldMs = performance.now();
    const tell = (): void => {
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      onProgress?.(numDone(claims), total);
    };
    const own = runLane(kind, task, claims, async (part) => {
      if (part !== undefined) parts.push(part);
      tell();
      // Lets threads answer, and the signal come.
      await setImmediate();
      signal?.throwIfAborted();
    });
    const others = this.#threads.map((thread) => thread.run(kind, task, claims, (part) => parts.push(part)));
    try {
      await Promise.all([own, ...others]);
    } catch (error) {
      stopClaims(claims);
      await Promise.allSettled([own, ...others]);
      throw error;
    }
    onProgress?.(total, total);
    return parts;
  }
}
