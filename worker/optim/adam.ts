/** Adam with decay coupled into the gradient, as PyTorch's `Adam(weight_decay)` (not AdamW), in float32. */
import { FlatMemory } from './flat-memory.js';
import type { Follower, ParameterRange, StepRates } from './group.js';

const BETA_2 = 0.999;
const EPSILON = 1e-8;

/** Moments, indexed like the parameters. */
export interface AdamMoments {
  /** Running mean of gradients. */
  readonly first: Float32Array;
  /** Running mean of squared gradients. */
  readonly second: Float32Array;
}

/**
 * One step in place. β₁ is `rates.momentum`, β₂ 0.999, ε 1e−8.
 * @param step number of this step, from 1, for the bias correction
 * @param follower updated, where there is one
 */
export function adamStep(
  parameters: Float32Array,
  gradients: Float32Array,
  { first, second }: AdamMoments,
  ranges: readonly ParameterRange[],
  { lr, momentum: beta1, weightDecay }: StepRates,
  step: number,
  follower?: Follower,
): void {
  const correction1 = 1 - beta1 ** step;
  const rootCorrection2 = Math.sqrt(1 - BETA_2 ** step);
  const memory = FlatMemory.of(parameters);
  for (const { offset, length, group, gradientOffset = offset } of ranges) {
    const rate = lr[group] / correction1;
    const decay = group === 1 ? weightDecay : 0;
    const operands = [
      { array: parameters, offset, written: true },
      { array: gradients, offset: gradientOffset, written: false },
      { array: first, offset, written: true },
      { array: second, offset, written: true },
      ...memory.following(follower, offset),
    ];
    memory.run(operands, length, ([p, g, m, v, average], count) => {
      const betas = [1 - beta1, BETA_2, 1 - BETA_2] as const;
      memory.kernels.adam(p!, g!, m!, v!, count, rate, ...betas, rootCorrection2, EPSILON, decay);
      if (average !== undefined) memory.kernels.moveAverage(average, p!, count, follower!.rest);
    });
  }
}
