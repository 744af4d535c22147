/**
 * Memory-bound kernels that XLA compiles into one pass, where TensorFlow's own make too many. Processor time on one thread
 * with TensorFlow 2.21, per call after the first (which compiles, 70 ms and 150 ms per shape):
 *
 * | kernel | shape | XLA | TensorFlow |
 * | --- | --- | --- | --- |
 * | SiLU gradient | 4×208×208×32 | 6.2 ms | 26.5 ms |
 * | max-pool and its gradient, in two stages | 4×416×416×16 | 21 ms | 107 ms |
 * | the same | 4×208×208×32 | 6.8 ms | 56 ms |
 * | max-pool and its gradient, in one stage (oneDNN) | 4×416×416×16 | 22 ms | 12 ms |
 * | SiLU | 4×208×208×32 | 7.7 ms | 8.9 ms |
 *
 * Hence the first two are here and the others are not. XLA's reductions are slow on the CPU: none here.
 */
import type { Shape } from '../program.js';
import { attr, FunctionWriter, type Ref } from './graph.js';
import type { FunctionDef } from './graphdef.js';

/** dy·σ(x)·(1 + x·(1 − σ(x))), of any shape. */
export function siluGradFunction(): FunctionDef {
  const f = new FunctionWriter('silu_grad', ['x', 'dy']);
  const sigmoid = f.node('Sigmoid', ['x']);
  const one = f.scalar(1);
  const slope = f.node('AddV2', [one, f.mul('x', f.node('Sub', [one, sigmoid]))]);
  return f.finish(f.mul('dy', f.mul(sigmoid, slope)));
}

/**
 * The gradient of max-pooling 2×2 with stride 2 and no padding, for x of `shape` [B, 2H, 2W, C]. Every cell is compared with its
 * window's maximum; the first that equals it takes dy. The numbers are exactly those of MaxPoolGrad.
 */
export function maxPool2x2GradFunction(shape: Shape): FunctionDef {
  const [b, h2, w2, c] = shape as [number, number, number, number];
  const [h, w] = [h2 / 2, w2 / 2];
  const f = new FunctionWriter(`max_pool_2x2_grad_${shape.join('_')}`, ['x', 'y', 'dy']);
  const int32 = attr.dtype('int32');
  const reshape = (x: Ref, to: Shape): Ref =>
    f.node('Reshape', [x, f.ints(to)], { T: attr.dtype('float32'), Tshape: int32 });
  const cells = reshape('x', [b, h, 2, w, 2, c]);
  const y = reshape('y', [b, h, 1, w, 1, c]);
  const dy = reshape('dy', [b, h, 1, w, 1, c]);
  const none = attr.int(0);
  const isMaximum = (row: number, column: number): Ref => {
    const begin = f.ints([0, 0, row, 0, column, 0]);
    const end = f.ints([b, h, row + 1, w, column + 1, c]);
    const cell = f.node('StridedSlice', [cells, begin, end, f.ints([1, 1, 1, 1, 1, 1])], {
      T: attr.dtype('float32'),
      Index: int32,
      begin_mask: none,
      end_mask: none,
      ellipsis_mask: none,
      new_axis_mask: none,
      shrink_axis_mask: none,
    });
    return f.node('Equal', [cell, y], { T: attr.dtype('float32'), incompatible_shape_error: attr.bool(true) });
  };
  const zero = f.scalar(0);
  // Selections instead of products with masks: no −0, and an infinite dy makes no NaN in its neighbours.
  const select = (mask: Ref, yes: Ref, no: Ref): Ref => f.node('SelectV2', [mask, yes, no]);
  const or = (a: Ref, b: Ref): Ref => f.node('LogicalOr', [a, b], {});
  const concat = (first: Ref, second: Ref, axis: number): Ref =>
    f.node('ConcatV2', [first, second, f.ints([axis], [])], { T: attr.dtype('float32'), N: attr.int(2), Tidx: int32 });
  const [p, q, r, s] = [isMaximum(0, 0), isMaximum(0, 1), isMaximum(1, 0), isMaximum(1, 1)];
  const upper = concat(select(p, dy, zero), select(p, zero, select(q, dy, zero)), 4);
  const earlier = or(p, q);
  const third = select(earlier, zero, select(r, dy, zero));
  const fourth = select(or(earlier, r), zero, select(s, dy, zero));
  const windows = concat(upper, concat(third, fourth, 4), 2);
  return f.finish(reshape(windows, shape));
}
