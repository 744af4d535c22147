import type { SampleResult } from '../data/sample-task.js';

/** What a loader thread answers: the result of one task. The pixels are in the task's buffer by then. */
export interface LoaderOutput {
  readonly ticket: number;
  readonly result: SampleResult;
}
