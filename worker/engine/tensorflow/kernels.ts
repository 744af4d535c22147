/**
 * The elementwise chains that XLA compiles into one pass. Processor time on one thread with TensorFlow 2.21, ms per call after the
 * first, which compiles (70 to 180 ms per shape); in brackets for tensors as they are, whose last axis is short:
 *
 * | kernel | shape | XLA | TensorFlow |
 * | --- | --- | --- | --- |
 * | SiLU gradient | 8×416×416×16 | 26 (71) | 80 |
 * | SiLU gradient | 8×208×208×32 | 11.7 (10.4) | 43 |
 *
 * XLA's reductions are slow on the CPU: none here. A 2×2 max-pool with its gradient took 21 ms where TensorFlow's takes 12.
 */
import { numElements, type Shape } from '../program.js';
import type { GraphWriter, Ref } from './graph.js';
import type { FunctionDef } from './graphdef.js';
import { reshape } from './matrices.js';
import { FunctionWriter } from './xla-function.js';

const MAX_ROW = 4096;

/**
 * dy·σ(x)·(1 + x·(1 − σ(x))), x and dy of one known shape. XLA gets them as rows: its inner loop is over the last axis, and one over 16
 * channels takes two and a half times as long.
 */
export function siluGrad(g: GraphWriter, x: Ref, dy: Ref, shape: Shape): Ref {
  const rows = rowsOf(shape);
  const [dx] = g.call(siluGradFunction(), [reshape(g, x, rows), reshape(g, dy, rows)]);
  return reshape(g, dx, shape);
}

/** Rows as long as the number of elements allows, whatever the axes are, so that layers of one size share what is compiled. */
function rowsOf(shape: Shape): Shape {
  const size = numElements(shape);
  let row = 1;
  while (row < MAX_ROW && size % (2 * row) === 0) row *= 2;
  return [size / row, row];
}

function siluGradFunction(): FunctionDef {
  const f = new FunctionWriter('silu_grad', ['x', 'dy']);
  const sigmoid = f.node('Sigmoid', ['x']);
  const one = f.scalar(1);
  const slope = f.add(one, f.mul('x', f.sub(one, sigmoid)));
  return f.finish([f.mul('dy', f.mul(sigmoid, slope))]);
}
