/** Writes programs: one method per operator, with shape inference, so that a wrong shape fails where it is written. */
import {
  type BinaryFunction,
  type ConvAttrs,
  type DType,
  type Node,
  numElements,
  type Op,
  type OpKind,
  type Padding,
  type PoolAttrs,
  type Port,
  type Program,
  type Shape,
  type UnaryFunction,
  type Value,
  type ValueDType,
} from './program.js';
import { agree, broadcastShapes, listed, shapeError, windowedPlane } from './shapes.js';

/** Values that {@link ProgramBuilder.batchNormTrain} makes. */
export interface BatchNormTrain {
  readonly y: Value;
  /** Batch mean, [C]. */
  readonly mean: Value;
  /** Unbiased batch variance (divided by n − 1, as PyTorch's running statistics want it), [C]. */
  readonly variance: Value;
}

/** Operators that take other element types than float32. */
const MIXED: ReadonlySet<OpKind> = new Set([
  'cast',
  'concat',
  'slice',
  'reshape',
  'transpose',
  'gatherNd',
  'scatterNd',
]);

const NO_PADDING: Padding = { top: 0, bottom: 0, left: 0, right: 0 };

/** Builds one program. Values belong to the builder that made them. */
export class ProgramBuilder {
  readonly #values: Value[] = [];
  readonly #nodes: Node[] = [];
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  /** Values through which no gradient flows (see {@link stopGradient}). */
  readonly #stopped = new Set<number>();

  /** The nodes so far, for {@link gradients}. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The value with this id. */
  value(id: number): Value {
    const value = this.#values[id];
    if (value === undefined) throw shapeError('value', `no value has id ${id}`);
    return value;
  }

  isStopped(id: number): boolean {
    return this.#stopped.has(id);
  }

  /** Closes the program. The builder may go on and finish again with more outputs. */
  finish(): Program {
    return {
      values: [...this.#values],
      nodes: [...this.#nodes],
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
    };
  }

  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    if (this.#inputs.some((port) => port.name === name)) throw shapeError('input', `${name} is declared twice`);
    const [value] = this.#emit({ kind: 'input', name }, [], [[shape, dtype]]);
    this.#inputs.push({ name, value: value!.id });
    return value!;
  }

  output(name: string, value: Value): void {
    if (this.#outputs.some((port) => port.name === name)) throw shapeError('output', `${name} is declared twice`);
    this.#outputs.push({ name, value: value.id });
  }

  /** A constant; a plain number makes a float32 scalar. */
  constant(data: number | Float32Array | Int32Array, shape?: Shape): Value {
    const array = typeof data === 'number' ? Float32Array.of(data) : data;
    const ofShape = shape ?? (typeof data === 'number' ? [] : [array.length]);
    if (numElements(ofShape) !== array.length) {
      throw shapeError('constant', `${array.length} elements for shape ${listed(ofShape)}`);
    }
    return this.#one({ kind: 'constant', data: array }, [], ofShape, array instanceof Int32Array ? 'int32' : 'float32');
  }

  conv2d(x: Value, w: Value, attrs: ConvAttrs): Value {
    const [b, h, width, inputs] = this.#rank('conv2d', x, 4);
    const [kh, kw, filterInputs, outputs] = this.#rank('conv2d', w, 4);
    if (inputs !== filterInputs)
      throw shapeError('conv2d', `x has ${inputs} channels, the filter wants ${filterInputs}`);
    const { strides, padding } = attrs;
    const shape = [b!, ...windowedPlane('conv2d', [h!, width!], [kh!, kw!], attrs), outputs!];
    return this.#one({ kind: 'conv2d', strides, padding }, [x, w], shape);
  }

  conv2dInputGrad(w: Value, dy: Value, inputShape: Shape, attrs: ConvAttrs): Value {
    const { strides, padding } = attrs;
    this.#rank('conv2dInputGrad', w, 4);
    this.#rank('conv2dInputGrad', dy, 4);
    return this.#one({ kind: 'conv2dInputGrad', strides, padding, inputShape }, [w, dy], inputShape);
  }

  conv2dFilterGrad(x: Value, dy: Value, filterShape: Shape, attrs: ConvAttrs): Value {
    const { strides, padding } = attrs;
    this.#rank('conv2dFilterGrad', x, 4);
    this.#rank('conv2dFilterGrad', dy, 4);
    return this.#one({ kind: 'conv2dFilterGrad', strides, padding, filterShape }, [x, dy], filterShape);
  }

  batchNormTrain(x: Value, scale: Value, offset: Value, epsilon: number): BatchNormTrain {
    const channels = this.#channels('batchNormTrain', x, [scale, offset]);
    const [y, mean, variance] = this.#emit(
      { kind: 'batchNormTrain', epsilon },
      [x, scale, offset],
      [
        [x.shape, 'float32'],
        [channels, 'float32'],
        [channels, 'float32'],
        [channels, 'float32'],
        [channels, 'float32'],
      ],
    );
    return { y: y!, mean: mean!, variance: variance! };
  }

  batchNormGrad(dy: Value, x: Value, scale: Value, reserve1: Value, reserve2: Value, epsilon: number): Value[] {
    const channels = [x.shape.at(-1)!];
    return this.#emit(
      { kind: 'batchNormGrad', epsilon },
      [dy, x, scale, reserve1, reserve2],
      [
        [x.shape, 'float32'],
        [channels, 'float32'],
        [channels, 'float32'],
      ],
    );
  }

  batchNormInfer(x: Value, scale: Value, offset: Value, mean: Value, variance: Value, epsilon: number): Value {
    this.#channels('batchNormInfer', x, [scale, offset, mean, variance]);
    return this.#one({ kind: 'batchNormInfer', epsilon }, [x, scale, offset, mean, variance], x.shape);
  }

  silu(x: Value): Value {
    return this.#one({ kind: 'silu' }, [x], x.shape);
  }

  siluGrad(x: Value, dy: Value): Value {
    return this.#one({ kind: 'siluGrad' }, [x, dy], x.shape);
  }

  maxPool(x: Value, attrs: PoolAttrs): Value {
    const [b, h, w, c] = this.#rank('maxPool', x, 4);
    const { size, strides, padding } = attrs;
    const shape = [b!, ...windowedPlane('maxPool', [h!, w!], size, attrs), c!];
    return this.#one({ kind: 'maxPool', size, strides, padding }, [x], shape);
  }

  maxPoolGrad(x: Value, y: Value, dy: Value, attrs: PoolAttrs): Value {
    const { size, strides, padding } = attrs;
    return this.#one({ kind: 'maxPoolGrad', size, strides, padding }, [x, y, dy], x.shape);
  }

  pad2d(x: Value, padding: Padding): Value {
    const [b, h, w, c] = this.#rank('pad2d', x, 4);
    const shape = [b!, h! + padding.top + padding.bottom, w! + padding.left + padding.right, c!];
    return this.#one({ kind: 'pad2d', padding }, [x], shape);
  }

  unpad2d(x: Value, padding: Padding): Value {
    const [b, h, w, c] = this.#rank('unpad2d', x, 4);
    if (h! < padding.top + padding.bottom || w! < padding.left + padding.right) {
      throw shapeError('unpad2d', `no border of ${Object.values(padding).join(', ')} on ${listed(x.shape)}`);
    }
    const shape = [b!, h! - padding.top - padding.bottom, w! - padding.left - padding.right, c!];
    return this.#one({ kind: 'unpad2d', padding }, [x], shape);
  }

  upsample2x(x: Value): Value {
    const [b, h, w, c] = this.#rank('upsample2x', x, 4);
    return this.#one({ kind: 'upsample2x' }, [x], [b!, h! * 2, w! * 2, c!]);
  }

  upsample2xGrad(dy: Value): Value {
    const [b, h, w, c] = this.#rank('upsample2xGrad', dy, 4);
    if (h! % 2 !== 0 || w! % 2 !== 0)
      throw shapeError('upsample2xGrad', `${listed(dy.shape)} was not made by doubling`);
    return this.#one({ kind: 'upsample2xGrad' }, [dy], [b!, h! / 2, w! / 2, c!]);
  }

  concat(parts: readonly Value[], axis: number): Value {
    const first = parts[0];
    if (first === undefined) throw shapeError('concat', 'nothing to join');
    const at = axis < 0 ? axis + first.shape.length : axis;
    for (const part of parts) {
      const fits = part.shape.every((size, i) => i === at || size === first.shape[i]);
      if (part.shape.length !== first.shape.length || !fits) {
        throw shapeError('concat', `${listed(first.shape)} and ${listed(part.shape)} differ outside axis ${at}`);
      }
      if (part.dtype !== first.dtype) throw shapeError('concat', `${first.dtype} and ${part.dtype} do not join`);
    }
    const sizes = parts.map((part) => part.shape[at]!);
    const joined = sizes.includes(-1) ? -1 : sizes.reduce((a, b) => a + b, 0);
    return this.#one(
      { kind: 'concat', axis: at },
      parts,
      first.shape.map((size, i) => (i === at ? joined : size)),
      first.dtype,
    );
  }

  slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
    const shape = x.shape.map((full, i) => {
      const [from, wanted] = [begin[i] ?? -1, size[i] ?? -1];
      if (from < 0 || (full >= 0 && from + Math.max(wanted, 0) > full)) {
        throw shapeError('slice', `${listed(begin)} + ${listed(size)} lies outside ${listed(x.shape)}`);
      }
      if (wanted >= 0) return wanted;
      return full < 0 ? -1 : full - from;
    });
    return this.#one({ kind: 'slice', begin, size }, [x], shape, x.dtype);
  }

  reshape(x: Value, shape: Shape): Value {
    const known = x.shape.includes(-1) ? -1 : numElements(x.shape);
    const rest = shape.filter((size) => size >= 0).reduce((a, b) => a * b, 1);
    const open = shape.filter((size) => size < 0).length;
    // More than one open size can only mean "as it was".
    const same = shape.length === x.shape.length && shape.every((size, axis) => size === x.shape[axis]);
    if (open > 1 && !same)
      throw shapeError('reshape', `${listed(x.shape)} to ${listed(shape)} leaves ${open} sizes open`);
    const resolved = shape.map((size) => (size < 0 && known >= 0 ? known / rest : size));
    if (known >= 0 && numElements(resolved) !== known)
      throw shapeError('reshape', `${listed(x.shape)} to ${listed(shape)}`);
    return this.#one({ kind: 'reshape', shape: resolved }, [x], resolved, x.dtype);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    const axes = [...perm].sort((a, b) => a - b);
    if (axes.length !== x.shape.length || axes.some((axis, i) => axis !== i)) {
      throw shapeError('transpose', `${listed(perm)} does not order the axes of ${listed(x.shape)}`);
    }
    return this.#one(
      { kind: 'transpose', perm },
      [x],
      perm.map((axis) => x.shape[axis]!),
      x.dtype,
    );
  }

  unary(fn: UnaryFunction, x: Value): Value {
    return this.#one({ kind: 'unary', fn }, [x], x.shape);
  }

  binary(fn: BinaryFunction, a: Value | number, b: Value | number): Value {
    const p = typeof a === 'number' ? this.constant(a) : a;
    const q = typeof b === 'number' ? this.constant(b) : b;
    return this.#one({ kind: 'binary', fn }, [p, q], broadcastShapes(fn, p.shape, q.shape));
  }

  add(a: Value | number, b: Value | number): Value {
    return this.binary('add', a, b);
  }
  sub(a: Value | number, b: Value | number): Value {
    return this.binary('sub', a, b);
  }
  mul(a: Value | number, b: Value | number): Value {
    return this.binary('mul', a, b);
  }
  div(a: Value | number, b: Value | number): Value {
    return this.binary('div', a, b);
  }
  max(a: Value | number, b: Value | number): Value {
    return this.binary('max', a, b);
  }
  min(a: Value | number, b: Value | number): Value {
    return this.binary('min', a, b);
  }

  /** a where mask ≠ 0, else b. All three have one shape. */
  select(mask: Value, a: Value, b: Value): Value {
    const differs = [mask, b].find((other) => !agree(other.shape, a.shape));
    if (differs !== undefined) throw shapeError('select', `${listed(differs.shape)} is not ${listed(a.shape)}`);
    return this.#one({ kind: 'select' }, [mask, a, b], a.shape);
  }

  /** Sums over `axes` (all when left out); negative ones count from the end. */
  sum(x: Value, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Value {
    const at = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
    if (at.some((axis) => axis < 0 || axis >= x.shape.length))
      throw shapeError('sum', `${listed(x.shape)} over axes ${listed(axes)}`);
    const shape = keepDims
      ? x.shape.map((size, i) => (at.includes(i) ? 1 : size))
      : x.shape.filter((_, i) => !at.includes(i));
    return this.#one({ kind: 'sum', axes: at, keepDims }, [x], shape);
  }

  gatherNd(x: Value, indices: Value): Value {
    const [rows, depth] = this.#indices('gatherNd', indices, x.shape);
    return this.#one({ kind: 'gatherNd' }, [x, indices], [rows, ...x.shape.slice(depth)], x.dtype);
  }

  scatterNd(indices: Value, updates: Value, shape: Shape): Value {
    const [rows, depth] = this.#indices('scatterNd', indices, shape);
    const wanted = [rows, ...shape.slice(depth)];
    if (!agree(wanted, updates.shape))
      throw shapeError('scatterNd', `updates ${listed(updates.shape)}, not ${listed(wanted)}`);
    if (shape.includes(-1)) throw shapeError('scatterNd', `wants every size, got ${listed(shape)}`);
    return this.#one({ kind: 'scatterNd', shape }, [indices, updates], shape);
  }

  cast(x: Value): Value {
    return this.#one({ kind: 'cast' }, [x], x.shape);
  }

  /** The same value, through which no gradient flows (PyTorch's `detach`). */
  stopGradient(x: Value): Value {
    // A reshape to its own shape costs nothing on any engine and gives the value a second id to remember.
    const copy = this.#one({ kind: 'reshape', shape: x.shape }, [x], x.shape, x.dtype);
    this.#stopped.add(copy.id);
    return copy;
  }

  #rank(op: string, x: Value, rank: number): readonly number[] {
    if (x.shape.length !== rank) throw shapeError(op, `wants ${rank} axes, got ${listed(x.shape)}`);
    return x.shape;
  }

  #channels(op: string, x: Value, perChannel: readonly Value[]): number[] {
    const channels = x.shape.at(-1) ?? 0;
    const odd = perChannel.find((value) => value.shape.length !== 1 || value.shape[0] !== channels);
    if (odd !== undefined)
      throw shapeError(op, `${listed(odd.shape)} for the ${channels} channels of ${listed(x.shape)}`);
    return [channels];
  }

  #indices(op: string, indices: Value, shape: Shape): [rows: number, depth: number] {
    const [rows, depth] = this.#rank(op, indices, 2) as [number, number];
    if (indices.dtype === 'int32' && depth >= 1 && depth <= shape.length) return [rows, depth];
    throw shapeError(op, `indices ${indices.dtype} ${listed(indices.shape)} for an array ${listed(shape)}`);
  }

  #one(op: Op, inputs: readonly Value[], shape: Shape, dtype: ValueDType = 'float32'): Value {
    return this.#emit(op, inputs, [[shape, dtype]])[0]!;
  }

  #emit(op: Op, inputs: readonly Value[], outputs: readonly (readonly [Shape, ValueDType])[]): Value[] {
    if (!MIXED.has(op.kind) && inputs.some((value) => value.dtype !== 'float32')) {
      throw shapeError(
        op.kind,
        `computes on float32, got ${inputs.map((value) => value.dtype).join(', ')}: cast first`,
      );
    }
    const made = outputs.map(([shape, dtype], i) => {
      if (shape.some((size) => size < -1 || !Number.isInteger(size)))
        throw shapeError(op.kind, `makes shape ${listed(shape)}`);
      return { id: this.#values.length + i, shape, dtype };
    });
    this.#values.push(...made);
    this.#nodes.push({ op, inputs: inputs.map((value) => value.id), outputs: made.map((value) => value.id) });
    return made;
  }
}

export { NO_PADDING };
