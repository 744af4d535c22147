/** Convolutions and batch normalisation: TensorFlow's fused kernels by name. */
import type { ConvAttrs, Padding, Shape } from '../program.js';
import { attr, type GraphWriter, type Ref, T_FLOAT } from './graph.js';
import type { Attrs } from './graphdef.js';

/**
 * TensorFlow's attributes for a padding: `VALID` and `SAME` where they mean just that, as more kernels know them,
 * else `EXPLICIT`.
 *
 * @param input height and width of the unpadded plane; −1 where unknown
 */
export function paddingAttrs(
  padding: Padding,
  window: readonly [number, number],
  strides: readonly [number, number],
  input: readonly [number, number],
): Attrs {
  const { top, bottom, left, right } = padding;
  if (top + bottom + left + right === 0) return { padding: attr.string('VALID'), explicit_paddings: attr.ints([]) };
  const same =
    isSame(top, bottom, window[0], strides[0], input[0]) && isSame(left, right, window[1], strides[1], input[1]);
  if (same) return { padding: attr.string('SAME'), explicit_paddings: attr.ints([]) };
  return { padding: attr.string('EXPLICIT'), explicit_paddings: attr.ints([0, 0, top, bottom, left, right, 0, 0]) };
}

function isSame(before: number, after: number, window: number, stride: number, input: number): boolean {
  // With stride 1 `SAME` adds window − 1, whatever the size; otherwise the size decides.
  if (stride !== 1 && input < 0) return false;
  const total = stride === 1 ? window - 1 : Math.max((Math.ceil(input / stride) - 1) * stride + window - input, 0);
  return before + after === total && before === Math.floor(total / 2);
}

function convAttrs(op: ConvAttrs, filter: Shape, input: Shape): Attrs {
  return {
    ...T_FLOAT,
    ...paddingAttrs(op.padding, [filter[0]!, filter[1]!], op.strides, [input[1]!, input[2]!]),
    strides: attr.ints([1, op.strides[0], op.strides[1], 1]),
    dilations: attr.ints([1, 1, 1, 1]),
    data_format: attr.string('NHWC'),
    use_cudnn_on_gpu: attr.bool(true),
  };
}

export function conv2d(g: GraphWriter, op: ConvAttrs, x: Ref, w: Ref, inputShape: Shape, filterShape: Shape): Ref {
  return g.node('Conv2D', [x, w], convAttrs(op, filterShape, inputShape));
}

export function conv2dInputGrad(
  g: GraphWriter,
  op: ConvAttrs,
  w: Ref,
  dy: Ref,
  inputShape: Shape,
  filterShape: Shape,
): Ref {
  return g.node('Conv2DBackpropInput', [g.ints(inputShape), w, dy], convAttrs(op, filterShape, inputShape));
}

export function conv2dFilterGrad(
  g: GraphWriter,
  op: ConvAttrs,
  x: Ref,
  dy: Ref,
  inputShape: Shape,
  filterShape: Shape,
): Ref {
  return g.node('Conv2DBackpropFilter', [x, g.ints(filterShape), dy], convAttrs(op, filterShape, inputShape));
}

const NORM_TYPES: Attrs = { ...T_FLOAT, U: attr.dtype('float32'), data_format: attr.string('NHWC') };

/**
 * Normalises with the batch's statistics: outputs y, mean, unbiased variance, and three reserves. An averaging factor of 1 makes
 * the kernel hand out the batch's own statistics, so the two statistics that it would average with stay empty.
 */
export function batchNormTrain(g: GraphWriter, epsilon: number, x: Ref, scale: Ref, offset: Ref): Ref[] {
  const empty = g.constant(new Float32Array(0), [0]);
  const node = g.node('FusedBatchNormV3', [x, scale, offset, empty, empty], {
    ...NORM_TYPES,
    epsilon: attr.float(epsilon),
    exponential_avg_factor: attr.float(1),
    is_training: attr.bool(true),
  });
  return [node, ...[1, 2, 3, 4, 5].map((output) => `${node}:${output}`)];
}

/** Inputs dy, x, scale and the three reserves; outputs dx, dscale, doffset. */
export function batchNormGrad(g: GraphWriter, epsilon: number, inputs: readonly Ref[]): Ref[] {
  const node = g.node('FusedBatchNormGradV3', inputs, {
    ...NORM_TYPES,
    epsilon: attr.float(epsilon),
    is_training: attr.bool(true),
  });
  return [node, `${node}:1`, `${node}:2`];
}

/** Inputs x, scale, offset, mean, variance. */
export function batchNormInfer(g: GraphWriter, epsilon: number, inputs: readonly Ref[]): Ref {
  return g.node('FusedBatchNormV3', inputs, {
    ...NORM_TYPES,
    epsilon: attr.float(epsilon),
    exponential_avg_factor: attr.float(1),
    is_training: attr.bool(false),
  });
}
