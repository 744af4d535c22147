/**
 * A rank's spans when the run ends before all ranks could meet to write them. The rings are shared memory, so the comms thread, which is
 * awake when the main thread is not, can copy them into a file of this rank's own; the launcher then has the files joined.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCapture, encodeCapture, type RankCapture } from './capture.js';
import { SpanRing } from './span-ring.js';

/** What names a rank in the trace. */
export type RankIdentity = Omit<RankCapture, 'threads'>;

const FILE_NAME = /^trace-rank-\d+\.spans$/;

/** Knows the rings of a process and writes them once, if need be. */
export class RankSpans {
  readonly #rings: { readonly thread: string; readonly ring: SpanRing }[] = [];
  #isOver = false;

  /** A thread of this process records into this {@link SpanRing}. */
  add(thread: string, ring: SharedArrayBuffer): void {
    this.#rings.push({ thread, ring: SpanRing.view(ring) });
  }

  /** All ranks have met: there is nothing to rescue any more. */
  over(): void {
    this.#isOver = true;
  }

  /**
   * Writes `trace-rank-N.spans` into a folder, whole or not at all.
   * @returns the path; undefined when nothing was recorded, or when that was written already
   * @throws what the file system throws
   */
  save(folder: string, rank: RankIdentity): string | undefined {
    if (this.#isOver) return undefined;
    const threads = this.#rings.map(({ thread, ring }) => ({ thread, ...ring.take() }));
    if (threads.every(({ rows }) => rows.length === 0)) return undefined;
    this.#isOver = true;
    const path = join(folder, `trace-rank-${rank.rank}.spans`);
    writeFileSync(`${path}.tmp`, encodeCapture({ ...rank, threads }));
    renameSync(`${path}.tmp`, path);
    return path;
  }
}

/** The ranks' files in a folder, ascending by rank. */
export function readRankSpans(folder: string): RankCapture[] {
  const captures = namesOf(folder).map((name) => decodeCapture(new Uint8Array(readFileSync(join(folder, name)))));
  return captures.sort((a, b) => a.rank - b.rank);
}

/** Removes what {@link readRankSpans} reads. */
export function removeRankSpans(folder: string): void {
  for (const name of namesOf(folder)) rmSync(join(folder, name), { force: true });
}

function namesOf(folder: string): string[] {
  return readdirSync(folder).filter((name) => FILE_NAME.test(name));
}
