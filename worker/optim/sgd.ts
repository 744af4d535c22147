/** Stochastic gradient descent with Nesterov momentum, as PyTorch does it (dampening 0), in float32. */
import { FlatMemory } from './flat-memory.js';
import type { Follower, ParameterRange, StepRates } from './group.js';

/**
 * One step in place: g ← g + wd·p; buf ← μ·buf + g; p ← p − lr·(g + μ·buf).
 *
 * A buffer that starts at zeros takes g at its first use, which is what PyTorch's does.
 *
 * @param parameters float32, updated; fastest where it and the buffer lie in a {@link FlatMemory}
 * @param gradients float32, unchanged
 * @param buffer momentum, indexed like `parameters`, updated
 * @param follower updated, where there is one
 */
export function sgdStep(
  parameters: Float32Array,
  gradients: Float32Array,
  buffer: Float32Array,
  ranges: readonly ParameterRange[],
  { lr, momentum, weightDecay }: StepRates,
  follower?: Follower,
): void {
  const memory = FlatMemory.of(parameters);
  for (const { offset, length, group, gradientOffset = offset } of ranges) {
    const operands = [
      { array: parameters, offset, written: true },
      { array: gradients, offset: gradientOffset, written: false },
      { array: buffer, offset, written: true },
      ...memory.following(follower, offset),
    ];
    const decay = group === 1 ? weightDecay : 0;
    memory.run(operands, length, ([p, g, b, average], count) => {
      memory.kernels.sgd(p!, g!, b!, count, lr[group], momentum, decay);
      if (average !== undefined) memory.kernels.moveAverage(average, p!, count, follower!.rest);
    });
  }
}
