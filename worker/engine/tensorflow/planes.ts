/** Operators on image planes without weights: pooling, padding, upsampling. */
import type { Padding, PoolAttrs, Shape, ValueDType } from '../program.js';

import { attr, type GraphWriter, type Ref, T_FLOAT } from './graph.js';
import type { Attrs } from './graphdef.js';
import { paddingAttrs } from './padding.js';

function poolAttrs(op: PoolAttrs, input: Shape): Attrs {
  return {
    ...T_FLOAT,
    ...paddingAttrs(op.padding, op.size, op.strides, [input[1]!, input[2]!]),
    ksize: attr.ints([1, op.size[0], op.size[1], 1]),
    strides: attr.ints([1, op.strides[0], op.strides[1], 1]),
    data_format: attr.string('NHWC'),
  };
}

export function maxPool(g: GraphWriter, op: PoolAttrs, x: Ref, shape: Shape): Ref {
  return g.node('MaxPool', [x], poolAttrs(op, shape));
}

/**
 * Inputs x, y, dy. TensorFlow finds the forward pool beside its gradient, runs both in oneDNN and remembers where the maxima were; alone,
 * MaxPoolGrad looks for them anew, nine times slower (107 against 12 ms for both on 4×416×416×16, one thread), and adds up overlapping
 * windows in another order.
 *
 * @param shape that of x
 */
export function maxPoolGrad(g: GraphWriter, op: PoolAttrs, [x, y, dy]: readonly [Ref, Ref, Ref], shape: Shape): Ref {
  return g.node('MaxPoolGrad', [x, y, dy], poolAttrs(op, shape));
}

export function pad2d(g: GraphWriter, padding: Padding, x: Ref): Ref {
  const { top, bottom, left, right } = padding;
  const paddings = g.constant(Int32Array.of(0, 0, top, bottom, left, right, 0, 0), [4, 2]);
  return g.node('Pad', [x, paddings], { ...T_FLOAT, Tpaddings: attr.dtype('int32') });
}

/** The sizes of a tensor's rows and columns, from the program where it knows them, else asked at run time. */
function planeSize(g: GraphWriter, x: Ref, shape: Shape): Ref {
  if (shape[1]! >= 0 && shape[2]! >= 0) return g.ints([shape[1]!, shape[2]!]);
  const sizes = g.node('Shape', [x], { ...T_FLOAT, out_type: attr.dtype('int32') });
  return slice(g, sizes, [1], [2], 'int32');
}

export function slice(
  g: GraphWriter,
  x: Ref,
  begin: readonly number[],
  size: readonly number[],
  dtype: ValueDType,
): Ref {
  // T_FLOAT's own value, so that the type in force takes its place.
  const T = dtype === 'float32' ? T_FLOAT.T! : attr.dtype(dtype);
  return g.node('Slice', [x, g.ints(begin), g.ints(size)], { T, Index: attr.dtype('int32') });
}

/** @param shape that of x */
export function unpad2d(g: GraphWriter, padding: Padding, x: Ref, shape: Shape): Ref {
  const { top, bottom, left, right } = padding;
  const begin = [0, top, left, 0];
  if (shape[1]! >= 0 && shape[2]! >= 0) {
    return slice(g, x, begin, [-1, shape[1]! - top - bottom, shape[2]! - left - right, -1], 'float32');
  }
  // A negative end counts from the back and an end of zero would mean nothing, hence the mask.
  const masks = (after: number, axis: number): number => (after === 0 ? 1 << axis : 0);
  return g.node('StridedSlice', [x, g.ints(begin), g.ints([0, -bottom, -right, 0]), g.ints([1, 1, 1, 1])], {
    ...T_FLOAT,
    Index: attr.dtype('int32'),
    begin_mask: attr.int(0),
    end_mask: attr.int(1 | masks(bottom, 1) | masks(right, 2) | 8),
    ellipsis_mask: attr.int(0),
    new_axis_mask: attr.int(0),
    shrink_axis_mask: attr.int(0),
  });
}

const NEAREST: Attrs = { ...T_FLOAT, align_corners: attr.bool(false), half_pixel_centers: attr.bool(false) };

/** @param shape that of x */
export function upsample2x(g: GraphWriter, x: Ref, shape: Shape): Ref {
  const size = g.node('Mul', [planeSize(g, x, shape), g.ints([2, 2])], { T: attr.dtype('int32') });
  return g.node('ResizeNearestNeighbor', [x, size], NEAREST);
}

/** @param shape that of dy */
export function upsample2xGrad(g: GraphWriter, dy: Ref, shape: Shape): Ref {
  const half = shape.map((size, axis) => (axis === 1 || axis === 2 ? Math.floor(size / 2) : size));
  const size =
    half[1]! >= 0 && half[2]! >= 0
      ? g.ints([half[1]!, half[2]!])
      : g.node('FloorDiv', [planeSize(g, dy, shape), g.ints([2, 2])], { T: attr.dtype('int32') });
  return g.node('ResizeNearestNeighborGrad', [dy, size], NEAREST);
}
