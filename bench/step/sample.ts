/** What one side of the step benchmark is told, and what it measures. */

/** The first step compiles, the second warms the allocator up; the rival does the same. */
export const WARM_UP_STEPS = 2;

/** One process, or the worker with the largest figures of several. */
export interface StepSample {
  readonly version: string;
  /** Of each step after the warm-up. */
  readonly seconds: readonly number[];
  /** Largest resident set of a worker in MiB. */
  readonly peakRssMb: number;
  /** Of the first step, means per image: box, objectness, class; from the same weights on the same noise on both sides. */
  readonly losses: readonly number[];
  /** Of the measured steps, those that updated nothing, as float16 gradients overflowed. */
  readonly skippedSteps: number;
  /** After the last step, memory of the GPU in use by anyone, in MiB; absent on the CPU and where nvidia-smi does not tell. */
  readonly deviceUsedMb?: number | undefined;
  /** Most device memory that the rival's tensors took, in MiB; TensorFlow does not tell. */
  readonly allocatedMb?: number | undefined;
  /** Mean seconds per step by phase; the rival has none. */
  readonly phases?: Readonly<Record<string, number>> | undefined;
  /** In the order in which they leave: size, and when it was complete, in seconds since the step began; the rival has none. */
  readonly buckets?: readonly { readonly bytes: number; readonly readySeconds: number }[] | undefined;
}

/** What the environment variable carries to our workers. */
export interface StepTask {
  readonly numSteps: number;
  readonly nc: number;
}

const VARIABLE = 'LOCKSTEP_BENCH_STEP';

/** The environment that {@link readStepTask} reads in the worker. */
export function stepTaskEnvironment(task: StepTask): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(task) };
}

export function readStepTask(): StepTask {
  return JSON.parse(process.env[VARIABLE] ?? '') as StepTask;
}
