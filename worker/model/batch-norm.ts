/** Running statistics of batch norm: kept on the host, used by inference. */

/** Momentum that the reference gives every batch norm after building the model. */
export const BATCH_NORM_MOMENTUM = 0.03;

/**
 * Moves running statistics towards those of a batch, in place: r ← (1 − m)·r + m·batch.
 * @param running mean or variance, [C]
 * @param batch of the batch; the variance divided by n − 1
 */
export function updateRunning(running: Float32Array, batch: Float32Array, momentum = BATCH_NORM_MOMENTUM): void {
  for (let c = 0; c < running.length; c++) running[c] = (1 - momentum) * running[c]! + momentum * batch[c]!;
}
