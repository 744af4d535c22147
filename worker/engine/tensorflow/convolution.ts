/** Convolutions and batch normalisation: TensorFlow's fused kernels by name. */
import { NO_PADDING } from '../builder.js';
import type { ConvAttrs, Padding, Shape } from '../program.js';
import { attr, type GraphWriter, type Ref, T_FLOAT } from './graph.js';
import type { Attrs } from './graphdef.js';
import { matMul, reshape } from './matrices.js';
import { EXPLICIT, paddingAttrs } from './padding.js';
import { pad2d, unpad2d } from './planes.js';

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
  if (isExplicit(op, inputShape, filterShape)) {
    const padded = paddedShape(op.padding, inputShape);
    const attrs = convAttrs({ ...op, padding: NO_PADDING }, filterShape, padded);
    return unpad2d(g, op.padding, g.node('Conv2DBackpropInput', [g.ints(padded), w, dy], attrs), padded);
  }
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
  if (isOneProduct(op, filterShape)) {
    const [inChannels, outChannels] = [filterShape[2]!, filterShape[3]!];
    const product = matMul(g, reshape(g, x, [-1, inChannels]), reshape(g, dy, [-1, outChannels]), 'a');
    return reshape(g, product, filterShape);
  }
  if (isExplicit(op, inputShape, filterShape)) {
    const attrs = convAttrs({ ...op, padding: NO_PADDING }, filterShape, paddedShape(op.padding, inputShape));
    return g.node('Conv2DBackpropFilter', [pad2d(g, op.padding, x), g.ints(filterShape), dy], attrs);
  }
  return g.node('Conv2DBackpropFilter', [x, g.ints(filterShape), dy], convAttrs(op, filterShape, inputShape));
}

/** Weights from which on a 1×1 filter's gradient is faster as a matrix product. */
const MIN_PRODUCT = 128 * 64;

/**
 * Whether the filter's gradient is xᵀ·dy over all pixels. Images of 10² to 80² pixels, two at a time, two threads: 256→128 at 40²
 * 3.35 → 2.30 ms, 512→256 at 20² 2.22 → 1.78, 1024→512 at 10² 2.75 → 1.34; one thread 3.70 → 3.52, 2.81 → 2.19, 2.90 → 2.51.
 */
function isOneProduct({ strides, padding }: ConvAttrs, [height, width, inChannels, outChannels]: Shape): boolean {
  const isPointwise = height === 1 && width === 1 && strides.every((stride) => stride === 1);
  return isPointwise && Object.values(padding).every((side) => side === 0) && inChannels! * outChannels! >= MIN_PRODUCT;
}

/**
 * Whether the padding has to be spelled out, as with stride 2. oneDNN's gradients do not take such a padding and TensorFlow's own
 * take four times as long (353 of 2,890 ms in a step of yolov3 at 2×320×320, one thread); with the padding as a step of its own
 * they are oneDNN's.
 */
function isExplicit(op: ConvAttrs, input: Shape, filter: Shape): boolean {
  const { padding } = paddingAttrs(op.padding, [filter[0]!, filter[1]!], op.strides, [input[1]!, input[2]!]);
  return padding === EXPLICIT && !input.includes(-1);
}

function paddedShape({ top, bottom, left, right }: Padding, [batch, height, width, channels]: Shape): Shape {
  return [batch!, height! + top + bottom, width! + left + right, channels!];
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
