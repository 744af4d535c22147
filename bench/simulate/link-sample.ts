/** What the link worker is told, and what it measures. */

export interface LinkTask {
  /** Length of the vector. */
  readonly numElements: number;
  readonly numRounds: number;
}

export interface LinkSample {
  /** Median of one all-reduce. */
  readonly seconds: number;
  /** Bytes of float32 that one thread adds to others per second. */
  readonly addBytesPerSecond: number;
  readonly codecs: CodecSpeeds;
}

/** By codec: bytes of float32 that one thread encodes to it, or decodes from it, per second. */
export type CodecSpeeds = Readonly<Record<'bf16' | 'int8', number>>;

const VARIABLE = 'LOCKSTEP_BENCH_LINK';

/** The environment that {@link readLinkTask} reads in the worker. */
export function linkTaskEnvironment(task: LinkTask): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(task) };
}

export function readLinkTask(): LinkTask {
  return JSON.parse(process.env[VARIABLE] ?? '') as LinkTask;
}
