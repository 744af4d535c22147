/** Translates one node of a program into TensorFlow nodes. */
import { EngineError } from '../../../proto/errors.js';
import {
  type BinaryFunction,
  type ConvAttrs,
  isHalf,
  type Node,
  type Shape,
  type UnaryFunction,
  type Value,
} from '../program.js';
import {
  batchNormGrad,
  batchNormInfer,
  batchNormTrain,
  conv2d,
  conv2dFilterGrad,
  conv2dInputGrad,
} from './convolution.js';
import { attr, type GraphWriter, isStatic, type Ref, T_FLOAT } from './graph.js';
import { DATA_TYPE } from './graphdef.js';
import { siluGrad } from './kernels.js';
import { maxPool, maxPoolGrad, pad2d, slice, unpad2d, upsample2x, upsample2xGrad } from './planes.js';
import {
  type ConvPass,
  type ConvSizes,
  winogradFilterGrad,
  winogradForward,
  winogradInputGrad,
  winogradPays,
  winogradSizes,
} from './winograd.js';

/** What a translation needs to know besides the node. */
export interface TranslateContext {
  readonly graph: GraphWriter;
  /** Whether elementwise chains of known shape become XLA functions. */
  readonly xla: boolean;
  /** Threads for which Winograd's convolutions are weighed against direct ones; 0 for none of them. */
  readonly winogradThreads: number;
  value(id: number): Value;
  /** The tensor that stands for a value in this graph. */
  ref(id: number): Ref;
}

const UNARY: Readonly<Record<UnaryFunction, string>> = {
  neg: 'Neg',
  sqrt: 'Sqrt',
  square: 'Square',
  exp: 'Exp',
  log: 'Log',
  sigmoid: 'Sigmoid',
  // Stable: the kernel goes linear where exp would overflow and exponential where 1 + exp would lose it.
  softplus: 'Softplus',
  atan: 'Atan',
  abs: 'Abs',
  reciprocal: 'Reciprocal',
};

const BINARY: Readonly<Record<BinaryFunction, string>> = {
  add: 'AddV2',
  sub: 'Sub',
  mul: 'Mul',
  div: 'RealDiv',
  max: 'Maximum',
  min: 'Minimum',
  greater: 'Greater',
  greaterEqual: 'GreaterEqual',
  equal: 'Equal',
  pow: 'Pow',
};

/**
 * Writes `node` into the graph and returns its outputs, in the order of `node.outputs`.
 *
 * @throws EngineError `ENGINE_UNSUPPORTED` where a size must be known at compile time and is not
 */
export function translateNode(context: TranslateContext, node: Node): Ref[] {
  const types = node.inputs.map((id) => context.value(id).dtype);
  const half = node.op.kind === 'cast' ? undefined : types.find(isHalf);
  if (half === undefined) return translate(context, node);
  // The XLA functions are written for float32.
  return context.graph.computingIn(half, () => translate({ ...context, xla: false }, node));
}

function translate(context: TranslateContext, node: Node): Ref[] {
  const { graph: g } = context;
  const { op } = node;
  const refs = node.inputs.map((id) => context.ref(id));
  const values = node.inputs.map((id) => context.value(id));
  const output = context.value(node.outputs[0]!);
  const [a, b] = refs as [Ref, Ref];
  const [x, y] = values as [Value, Value];
  switch (op.kind) {
    case 'input':
      return [g.placeholder(`in${output.id}`, output.dtype, output.shape)];
    case 'constant':
      return [g.constant(op.data, output.shape)];
    case 'conv2d': {
      const sizes = winograd(context, 'forward', op, x.shape, y.shape);
      return [sizes ? winogradForward(g, a, b, sizes) : conv2d(g, op, a, b, x.shape, y.shape)];
    }
    case 'conv2dInputGrad': {
      const inputShape = staticShape(op.kind, op.inputShape);
      const sizes = winograd(context, 'inputGrad', op, inputShape, x.shape);
      return [sizes ? winogradInputGrad(g, a, b, sizes) : conv2dInputGrad(g, op, a, b, inputShape, x.shape)];
    }
    case 'conv2dFilterGrad': {
      const filterShape = staticShape(op.kind, op.filterShape);
      const sizes = winograd(context, 'filterGrad', op, x.shape, filterShape);
      return [sizes ? winogradFilterGrad(g, a, b, sizes) : conv2dFilterGrad(g, op, a, b, x.shape, filterShape)];
    }
    case 'batchNormTrain':
      return batchNormTrain(g, op.epsilon, a, b, refs[2]!).slice(0, node.outputs.length);
    case 'batchNormGrad':
      return batchNormGrad(g, op.epsilon, refs.length === 6 ? refs : [...refs, g.constant(new Float32Array(0), [0])]);
    case 'batchNormInfer':
      return [batchNormInfer(g, op.epsilon, refs)];
    case 'silu':
      // Grappler makes one operator of oneDNN of this, as fast as what XLA compiles.
      return [g.node('Mul', [a, g.node('Sigmoid', [a], T_FLOAT)], T_FLOAT)];
    case 'siluGrad':
      return [context.xla && isStatic(x.shape) ? siluGrad(g, a, b, x.shape) : plainSiluGrad(g, a, b)];
    case 'maxPool':
      return [maxPool(g, op, a, x.shape)];
    case 'maxPoolGrad':
      return [maxPoolGrad(g, op, [a, b, refs[2]!], x.shape)];
    case 'pad2d':
      return [pad2d(g, op.padding, a)];
    case 'unpad2d':
      return [unpad2d(g, op.padding, a, x.shape)];
    case 'upsample2x':
      return [upsample2x(g, a, x.shape)];
    case 'upsample2xGrad':
      return [upsample2xGrad(g, a, x.shape)];
    case 'concat':
      return [
        g.node('ConcatV2', [...refs, g.constant(Int32Array.of(op.axis), [])], {
          T: attr.dtype(output.dtype),
          N: attr.int(refs.length),
          Tidx: attr.dtype('int32'),
        }),
      ];
    case 'slice':
      return [slice(g, a, op.begin, op.size, x.dtype)];
    case 'reshape':
      return [reshape(g, a, x, op.shape)];
    case 'transpose':
      return [g.node('Transpose', [a, g.ints(op.perm)], { T: attr.dtype(x.dtype), Tperm: attr.dtype('int32') })];
    case 'unary':
      return [g.node(UNARY[op.fn], [a], T_FLOAT)];
    case 'binary':
      return [binary(g, op.fn, a, b, x)];
    case 'select': {
      const mask = g.node('NotEqual', [a, g.scalar(0)], { ...T_FLOAT, incompatible_shape_error: attr.bool(true) });
      return [g.node('SelectV2', [mask, b, refs[2]!], { T: attr.dtype(output.dtype) })];
    }
    case 'sum':
      return [
        g.node('Sum', [a, g.ints(op.axes)], {
          ...T_FLOAT,
          Tidx: attr.dtype('int32'),
          keep_dims: attr.bool(op.keepDims),
        }),
      ];
    case 'gatherNd':
      return [g.node('GatherNd', refs, { Tparams: attr.dtype(x.dtype), Tindices: attr.dtype('int32') })];
    case 'scatterNd':
      return [
        g.node('ScatterNd', [a, b, g.ints(staticShape(op.kind, op.shape))], {
          ...T_FLOAT,
          Tindices: attr.dtype('int32'),
        }),
      ];
    case 'cast':
      return [
        g.node('Cast', [a], { SrcT: attr.dtype(x.dtype), DstT: attr.dtype(output.dtype), Truncate: attr.bool(false) }),
      ];
  }
}

/** The sizes of a convolution that goes Winograd's way, undefined where the direct kernel is expected to be as fast. */
function winograd(
  { winogradThreads, xla }: TranslateContext,
  pass: ConvPass,
  op: ConvAttrs,
  input: Shape,
  filter: Shape,
): ConvSizes | undefined {
  if (!xla || winogradThreads === 0) return undefined;
  const sizes = winogradSizes(op, input, filter);
  return sizes && winogradPays(sizes, pass, winogradThreads) ? sizes : undefined;
}

function plainSiluGrad(g: GraphWriter, x: Ref, dy: Ref): Ref {
  const sigmoid = g.node('Sigmoid', [x], T_FLOAT);
  const rest = g.node('Sub', [g.scalar(1), sigmoid], T_FLOAT);
  const slope = g.node('AddV2', [g.scalar(1), g.node('Mul', [x, rest], T_FLOAT)], T_FLOAT);
  return g.node('Mul', [dy, g.node('Mul', [sigmoid, slope], T_FLOAT)], T_FLOAT);
}

function binary(g: GraphWriter, fn: BinaryFunction, a: Ref, b: Ref, x: Value): Ref {
  const T = { T: attr.dtype(x.dtype) };
  const compared = fn === 'greater' || fn === 'greaterEqual' || fn === 'equal';
  if (!compared) return g.node(BINARY[fn], [a, b], T);
  const mask = g.node(BINARY[fn], [a, b], fn === 'equal' ? { ...T, incompatible_shape_error: attr.bool(true) } : T);
  return g.node('Cast', [mask], {
    SrcT: attr.type(DATA_TYPE.bool),
    DstT: attr.dtype('float32'),
    Truncate: attr.bool(false),
  });
}

function reshape(g: GraphWriter, a: Ref, x: Value, shape: Shape): Ref {
  // A reshape to its own shape (stopGradient) may hold several unknown sizes, which Reshape cannot express.
  const same = shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis]);
  if (same) return g.node('Identity', [a], { T: attr.dtype(x.dtype) });
  return g.node('Reshape', [a, g.ints(shape)], { T: attr.dtype(x.dtype), Tshape: attr.dtype('int32') });
}

function staticShape(kind: string, shape: Shape): Shape {
  if (!shape.includes(-1)) return shape;
  throw new EngineError('ENGINE_UNSUPPORTED', `${kind} needs a known shape, got [${shape.join()}]`, {
    hint: 'give the program fixed sizes where gradients flow',
  });
}
