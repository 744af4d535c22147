/** The owner's side of one scan thread. */
import { Worker } from 'node:worker_threads';
import { DataError, deserializeError, type LockstepError } from '../../proto/errors.js';
import { builtEntry } from '../../proto/paths.js';
import type { ScanClaims } from '../data/scan/scan-lane.js';
import type { ScanPart, ScanTask } from '../data/scan/scan-part.js';
import type { ScanInput } from './scan-input.js';
import type { ScanOutput } from './scan-output.js';

export class ScanThread {
  readonly #worker = new Worker(builtEntry('worker/threads/scan-entry'), { name: 'scan' });
  readonly #exited: Promise<void>;
  #onPart: (part: ScanPart) => void = () => undefined;
  #settle: ((error: LockstepError | undefined) => void) | undefined;
  #death: DataError | undefined;

  constructor() {
    let cause: unknown;
    this.#worker.on('message', (output: ScanOutput) => {
      if (output.kind === 'part') this.#onPart(output.part);
      else this.#settle?.(output.kind === 'failed' ? deserializeError(output.error) : undefined);
    });
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        const reason = cause instanceof Error ? cause.message : `exit code ${exitCode}`;
        this.#death = new DataError('DATA_SCAN_THREAD_DIED', `a thread that scanned images died: ${reason}`, {
          hint: 'look for a lack of memory (dmesg, ulimit -v)',
          details: { exitCode },
          cause,
        });
        this.#settle?.(this.#death);
        resolve();
      });
    });
  }

  /** Works on a task with others until nothing is left to claim. One task at a time. @throws DataError `DATA_SCAN_THREAD_DIED` */
  run(kind: 'stat' | 'scan', task: ScanTask, claims: ScanClaims, onPart: (part: ScanPart) => void): Promise<void> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    this.#onPart = onPart;
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.#post({ kind, task, claims });
    });
  }

  /** Ends the thread at once; nothing that it does needs an end. */
  async close(): Promise<void> {
    this.#settle = undefined;
    this.#post({ kind: 'close' });
    await this.#worker.terminate();
    await this.#exited;
  }

  #post(input: ScanInput): void {
    this.#worker.postMessage(input);
  }
}
