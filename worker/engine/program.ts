/**
 * A program: the training or inference step as a list of operator calls on typed values, written once
 * (`builder.ts`), differentiated once (`autodiff.ts`), and then executed call by call (wasm) or translated into one
 * TensorFlow graph (tensorflow). Nothing here computes.
 *
 * Layouts: images and activations NHWC, convolution filters HWIO, everything row-major.
 */

/** Element types of tensors that the host knows. `uint8` only enters (images); masks are float32 zeros and ones. */
export type DType = 'float32' | 'int32' | 'uint8';

/** Half-precision types. They exist inside programs only, between casts (`worker/amp`): neither inputs nor outputs have them. */
export type HalfDType = 'float16' | 'bfloat16';

/** Element types of values in a program. */
export type ValueDType = DType | HalfDType;

export function isHalf(dtype: ValueDType): dtype is HalfDType {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** A shape; -1 marks a size that is known only when the program runs (the number of matched anchors, say). */
export type Shape = readonly number[];

/** One tensor in a program: an edge of the graph. */
export interface Value {
  /** Index into {@link Program.values}. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: ValueDType;
}

/** Zero padding of an image plane, in pixels. */
export interface Padding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** Settings of a two-dimensional convolution. */
export interface ConvAttrs {
  /** [vertical, horizontal] */
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** Settings of a max-pooling; padded cells never win (−∞). */
export interface PoolAttrs {
  /** [height, width] */
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

/** Element-wise functions of one float32 argument. */
export type UnaryFunction =
  | 'neg'
  | 'sqrt'
  | 'square'
  | 'exp'
  | 'log'
  | 'sigmoid'
  | 'softplus'
  | 'atan'
  | 'abs'
  | 'reciprocal';
/**
 * Element-wise functions of two arguments with NumPy broadcasting. `greater`, `greaterEqual` and `equal` give float32
 * zeros and ones.
 */
export type BinaryFunction =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'max'
  | 'min'
  | 'greater'
  | 'greaterEqual'
  | 'equal'
  | 'pow';

/**
 * The operators with their settings. Inputs and outputs, in order:
 *
 * | op | inputs | outputs |
 * | --- | --- | --- |
 * | input | | the value fed under `name` |
 * | constant | | `data` |
 * | conv2d | x [B,H,W,I], w [kH,kW,I,O] | y [B,H',W',O] |
 * | conv2dInputGrad | w, dy | dx of `inputShape` |
 * | conv2dFilterGrad | x, dy | dw of `filterShape` |
 * | batchNormTrain | x [B,H,W,C], scale [C], offset [C] | y, mean [C], variance [C] (unbiased, n−1), then two reserves of the engine's own for the gradient |
 * | batchNormGrad | dy, x, scale, reserve 1, reserve 2 | dx, dscale, doffset |
 * | batchNormInfer | x, scale, offset, mean, variance | y |
 * | silu | x | x·σ(x) |
 * | siluGrad | x, dy | dy·σ(x)·(1 + x·(1 − σ(x))) |
 * | maxPool | x | y |
 * | maxPoolGrad | x, y, dy | dx; the first maximum of a window in row-major order takes it all |
 * | pad2d | x | x with zeros around its planes |
 * | unpad2d | x | x without that border |
 * | upsample2x | x [B,H,W,C] | nearest neighbour, [B,2H,2W,C] |
 * | upsample2xGrad | dy [B,2H,2W,C] | sums of 2×2 cells, [B,H,W,C] |
 * | concat | two or more | joined along `axis` |
 * | slice | x | `size` elements from `begin` along each axis (size −1: to the end) |
 * | reshape | x | same elements in `shape` (one −1 allowed) |
 * | transpose | x | axes permuted: output axis i is input axis `perm[i]` |
 * | unary | x | f(x) |
 * | binary | a, b | f(a, b), broadcast |
 * | select | mask, a, b | a where mask ≠ 0, else b; all of one shape |
 * | sum | x | over `axes` |
 * | gatherNd | x, indices int32 [n,k] | rows x[i₁,…,i_k], [n, …rest] |
 * | scatterNd | indices int32 [n,k], updates [n, …rest] | zeros of `shape` with updates added (duplicates add up, in row order) |
 * | cast | x | x in the element type of the output value |
 */
export type Op =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: Float32Array | Int32Array }
  | ({ readonly kind: 'conv2d' } & ConvAttrs)
  | ({ readonly kind: 'conv2dInputGrad'; readonly inputShape: Shape } & ConvAttrs)
  | ({ readonly kind: 'conv2dFilterGrad'; readonly filterShape: Shape } & ConvAttrs)
  | { readonly kind: 'batchNormTrain'; readonly epsilon: number }
  | { readonly kind: 'batchNormGrad'; readonly epsilon: number }
  | { readonly kind: 'batchNormInfer'; readonly epsilon: number }
  | { readonly kind: 'silu' }
  | { readonly kind: 'siluGrad' }
  | ({ readonly kind: 'maxPool' } & PoolAttrs)
  | ({ readonly kind: 'maxPoolGrad' } & PoolAttrs)
  | { readonly kind: 'pad2d'; readonly padding: Padding }
  | { readonly kind: 'unpad2d'; readonly padding: Padding }
  | { readonly kind: 'upsample2x' }
  | { readonly kind: 'upsample2xGrad' }
  | { readonly kind: 'concat'; readonly axis: number }
  | { readonly kind: 'slice'; readonly begin: readonly number[]; readonly size: readonly number[] }
  | { readonly kind: 'reshape'; readonly shape: Shape }
  | { readonly kind: 'transpose'; readonly perm: readonly number[] }
  | { readonly kind: 'unary'; readonly fn: UnaryFunction }
  | { readonly kind: 'binary'; readonly fn: BinaryFunction }
  | { readonly kind: 'select' }
  | { readonly kind: 'sum'; readonly axes: readonly number[]; readonly keepDims: boolean }
  | { readonly kind: 'gatherNd' }
  | { readonly kind: 'scatterNd'; readonly shape: Shape }
  | { readonly kind: 'cast' };

export type OpKind = Op['kind'];

/** One operator call. */
export interface Node {
  readonly op: Op;
  /** Ids of values made by earlier nodes. */
  readonly inputs: readonly number[];
  /** Ids of the values that this node makes. */
  readonly outputs: readonly number[];
}

/** A named value that is fed in or read out. */
export interface Port {
  readonly name: string;
  readonly value: number;
}

/** A finished program: nodes in an order in which they can run, and its named ends. */
export interface Program {
  readonly values: readonly Value[];
  readonly nodes: readonly Node[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** Returns the number of elements of a fully known shape. */
export function numElements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
