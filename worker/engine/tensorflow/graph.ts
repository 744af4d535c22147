/** Writes TensorFlow graphs node by node: names, attributes, constants, and a library of functions. */
import { type HalfDType, numElements, type Shape, type ValueDType } from '../program.js';
import {
  type Attrs,
  type AttrValue,
  DATA_TYPE,
  type DataType,
  type FunctionDef,
  type GraphDef,
  type NodeDef,
} from './graphdef.js';

/** A tensor in a graph: `node` for a first output, `node:2` for a later one. */
export type Ref = string;

/** How a node says among its inputs that it runs after the one that makes a tensor. */
export function afterNode(ref: Ref): Ref {
  return `^${ref.split(':')[0]}`;
}

const UTF8 = new TextEncoder();

/** Attribute values by kind. */
export const attr = {
  type: (type: DataType): AttrValue => ({ type }),
  dtype: (dtype: ValueDType): AttrValue => ({ type: DATA_TYPE[dtype] }),
  int: (i: number): AttrValue => ({ i }),
  float: (f: number): AttrValue => ({ f }),
  bool: (b: boolean): AttrValue => ({ b }),
  string: (text: string): AttrValue => ({ s: UTF8.encode(text) }),
  ints: (i: readonly number[]): AttrValue => ({ list: { i } }),
  types: (type: readonly DataType[]): AttrValue => ({ list: { type } }),
  shape: (shape: Shape): AttrValue => ({ shape: { dim: shape.map((size) => ({ size })) } }),
  func: (name: string): AttrValue => ({ func: { name } }),
  tensor: (data: Float32Array | Int32Array, shape: Shape): AttrValue => ({
    tensor: {
      dtype: data instanceof Int32Array ? DATA_TYPE.int32 : DATA_TYPE.float32,
      tensorShape: { dim: shape.map((size) => ({ size })) },
      tensorContent: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    },
  }),
} as const;

/** The attribute that nearly every operator on floats wants; {@link GraphWriter.computingIn} puts another type in its place. */
export const T_FLOAT: Attrs = { T: attr.dtype('float32') };

/** Constants of one value repeated (zeros beside a slice's gradient) are made at run time from this many elements on. */
const LARGE = 65_536;

/** Builds one graph. */
export class GraphWriter {
  readonly #nodes: NodeDef[] = [];
  readonly #functions = new Map<string, FunctionDef>();
  /** Small constants by content, so that a shape or an axis is written once. */
  readonly #constants = new Map<string, Ref>();
  #half: HalfDType | undefined;

  /** Adds a node and returns its first output. */
  node(op: string, input: readonly Ref[], attrs: Attrs = {}, name = `n${this.#nodes.length}`): Ref {
    const inHalf = this.#half !== undefined && attrs.T === T_FLOAT.T;
    this.#nodes.push({ name, op, input, attr: inHalf ? { ...attrs, T: attr.dtype(this.#half!) } : attrs });
    return name;
  }

  /** Runs `write`, in which operators that ask for {@link T_FLOAT} compute in this type, and scalars are of it. */
  computingIn<T>(half: HalfDType, write: () => T): T {
    this.#half = half;
    try {
      return write();
    } finally {
      this.#half = undefined;
    }
  }

  placeholder(name: string, dtype: ValueDType, shape: Shape): Ref {
    return this.node('Placeholder', [], { dtype: attr.dtype(dtype), shape: attr.shape(shape) }, name);
  }

  constant(data: Float32Array | Int32Array, shape: Shape): Ref {
    if (data instanceof Float32Array && data.length > LARGE && data.every((value) => Object.is(value, data[0]))) {
      return this.node('Fill', [this.ints(shape), this.scalar(data[0]!)], {
        ...T_FLOAT,
        index_type: attr.dtype('int32'),
      });
    }
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    const value = attr.tensor(data, shape);
    // By bytes: the text of −0 is that of 0.
    const key = data.length <= 16 ? `${dtype} ${shape.join()} ${value.tensor?.tensorContent.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const made = this.node('Const', [], { dtype: attr.dtype(dtype), value });
    if (key !== undefined) this.#constants.set(key, made);
    return made;
  }

  /** A vector of int32, for shapes, axes and begins. */
  ints(values: readonly number[]): Ref {
    return this.constant(Int32Array.from(values), [values.length]);
  }

  /** A float32 scalar, or one of the type in force (see {@link computingIn}). */
  scalar(value: number): Ref {
    const wide = this.constant(Float32Array.of(value), []);
    if (this.#half === undefined) return wide;
    return this.node('Cast', [wide], {
      SrcT: attr.dtype('float32'),
      DstT: attr.dtype(this.#half),
      Truncate: attr.bool(false),
    });
  }

  /**
   * Calls a function of float32 tensors, compiled by XLA at its first run, and returns its outputs.
   * @param after a tensor that must be there first; without it TensorFlow runs a call as soon as its inputs are there,
   *   and what only the backward pass needs would lie in memory from the forward pass on
   */
  call(fn: FunctionDef, input: readonly Ref[], after?: Ref): readonly [Ref, ...Ref[]] {
    this.#functions.set(fn.signature.name, fn);
    const controls = after === undefined ? [] : [afterNode(after)];
    const node = this.node('StatefulPartitionedCall', [...input, ...controls], {
      Tin: attr.types(fn.signature.inputArg.map((arg) => arg.type)),
      Tout: attr.types(fn.signature.outputArg.map((arg) => arg.type)),
      f: attr.func(fn.signature.name),
      _XlaMustCompile: attr.bool(true),
    });
    return [node, ...fn.signature.outputArg.slice(1).map((_, index) => `${node}:${index + 1}`)];
  }

  finish(): GraphDef {
    return { node: this.#nodes, library: { function: [...this.#functions.values()] } };
  }
}

/** True when every size is known at compile time, as XLA wants it. */
export function isStatic(shape: Shape): boolean {
  return !shape.includes(-1) && numElements(shape) > 0;
}
