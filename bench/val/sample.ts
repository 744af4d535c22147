/** What the validation benchmark exchanges with its workers and its rival. */

/** One side's measurement; figures are those of the last repeat. */
export interface ValSample {
  readonly version: string;
  /** Of each validation of the whole data set after the first. */
  readonly seconds: readonly number[];
  /** Largest resident set of a worker in MiB. */
  readonly peakRssMb: number;
  readonly numDetections: number;
  readonly map50: number;
  readonly map: number;
}

const VARIABLE = 'LOCKSTEP_BENCH_VAL_REPEATS';

/** The environment that {@link readRepeats} reads in the worker. */
export function repeatsEnvironment(numRepeats: number): Record<string, string> {
  return { [VARIABLE]: String(numRepeats) };
}

export function readRepeats(): number {
  return Number(process.env[VARIABLE]);
}
