/**
 * The elementwise chains that XLA compiles into one pass. Processor time on one thread with TensorFlow 2.21, per call after the
 * first, which compiles (70 to 180 ms per shape):
 *
 * | kernel | shape | XLA | TensorFlow |
 * | --- | --- | --- | --- |
 * | SiLU gradient | 4×208×208×32 | 6.2 ms | 26.5 ms |
 * | SiLU | 4×208×208×32 | 7.7 ms | 8.9 ms |
 * | 2×2 max-pool and its gradient | 4×416×416×16 | 21 ms | 12 ms (see `maxPoolGrad`) |
 *
 * Hence the first is here and the others are not. XLA's reductions are slow on the CPU: none here either.
 */
import type { FunctionDef } from './graphdef.js';
import { FunctionWriter } from './xla-function.js';

/** dy·σ(x)·(1 + x·(1 − σ(x))), of any shape. */
export function siluGradFunction(): FunctionDef {
  const f = new FunctionWriter('silu_grad', ['x', 'dy']);
  const sigmoid = f.node('Sigmoid', ['x']);
  const one = f.scalar(1);
  const slope = f.add(one, f.mul('x', f.sub(one, sigmoid)));
  return f.finish([f.mul('dy', f.mul(sigmoid, slope))]);
}
