/** A vector that all virtual ranks add to and all ranks get the sum of, round after round: what a training step sees of the all-reduce. */
import type { AllReduce } from '../threads/all-reduce-client.js';

export type SummedVector = Pick<
  AllReduce,
  'add' | 'bucketReady' | 'wait' | 'result' | 'virtualRange' | 'heap' | 'relayout'
> & {
  /** What compression carries from step to step, to be saved with a checkpoint; undefined without compression. */
  readonly compressionState: CompressionState | undefined;
};

/** Views, valid between rounds; writing to them restores a saved state. */
export interface CompressionState {
  /** What this rank has left out so far, by slot; as long as the elements that may be compressed. */
  readonly residuals: readonly Float32Array[];
  /** The same on all ranks. */
  readonly shared: readonly Float32Array[];
}
