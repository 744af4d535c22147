/** Stochastic gradient descent with Nesterov momentum, as PyTorch does it (dampening 0). */
import type { ParameterRange, StepRates } from './group.js';

/**
 * One step in place: g ← g + wd·p; buf ← μ·buf + g; p ← p − lr·(g + μ·buf).
 *
 * A buffer that starts at zeros takes g at its first use, which is what PyTorch's does.
 *
 * @param parameters float32, updated
 * @param gradients float32, unchanged
 * @param buffer momentum, indexed like `parameters`, updated
 */
export function sgdStep(
  parameters: Float32Array,
  gradients: Float32Array,
  buffer: Float32Array,
  ranges: readonly ParameterRange[],
  { lr, momentum, weightDecay }: StepRates,
): void {
  for (const { offset, length, group, gradientOffset = offset } of ranges) {
    const rate = lr[group];
    const decay = group === 1 ? weightDecay : 0;
    const shift = gradientOffset - offset;
    const end = offset + length;
    for (let i = offset; i < end; i++) {
      const p = parameters[i]!;
      const g = gradients[i + shift]! + decay * p;
      const v = momentum * buffer[i]! + g;
      buffer[i] = v;
      parameters[i] = p - rate * (g + momentum * v);
    }
  }
}
