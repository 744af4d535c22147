/** Writes functions of float32 tensors for XLA: elementwise arithmetic and moves of blocks, all sizes known. */
import type { Shape } from '../program.js';
import { attr, type Ref, T_FLOAT } from './graph.js';
import { type Attrs, DATA_TYPE, type FunctionDef } from './graphdef.js';

/** Names of output arguments, which references inside a function spell out. */
const OUTPUT_ARG: Readonly<Record<string, string>> = {
  Mul: 'z',
  AddV2: 'z',
  Sub: 'z',
  Sigmoid: 'y',
  Const: 'output',
  Slice: 'output',
  Reshape: 'output',
  ConcatV2: 'output',
  Pad: 'output',
};

const INDEX_INT32: Attrs = { ...T_FLOAT, Index: attr.dtype('int32') };

/** Builds one function. */
export class FunctionWriter {
  readonly #name: string;
  readonly #inputs: readonly string[];
  readonly #nodes: FunctionDef['nodeDef'][number][] = [];
  /** Constants by content: each node of a function costs about 0.1 ms at the start. */
  readonly #constants = new Map<string, Ref>();

  /** @param name tells the function apart from every other in its graph */
  constructor(name: string, inputs: readonly string[]) {
    this.#name = name;
    this.#inputs = inputs;
  }

  node(op: string, input: readonly Ref[], attrs: Attrs = T_FLOAT): Ref {
    const name = `n${this.#nodes.length}`;
    this.#nodes.push({ name, op, input, attr: attrs });
    return `${name}:${OUTPUT_ARG[op]}:0`;
  }

  scalar(value: number): Ref {
    return this.node('Const', [], { dtype: attr.dtype('float32'), value: attr.tensor(Float32Array.of(value), []) });
  }

  ints(values: readonly number[], shape: Shape = [values.length]): Ref {
    const key = `${shape.join()}:${values.join()}`;
    let made = this.#constants.get(key);
    if (made === undefined) {
      const value = attr.tensor(Int32Array.from(values), shape);
      made = this.node('Const', [], { dtype: attr.dtype('int32'), value });
      this.#constants.set(key, made);
    }
    return made;
  }

  add(a: Ref, b: Ref): Ref {
    return this.node('AddV2', [a, b]);
  }

  sub(a: Ref, b: Ref): Ref {
    return this.node('Sub', [a, b]);
  }

  mul(a: Ref, b: Ref): Ref {
    return this.node('Mul', [a, b]);
  }

  slice(x: Ref, begin: readonly number[], size: readonly number[]): Ref {
    return this.node('Slice', [x, this.ints(begin), this.ints(size)], INDEX_INT32);
  }

  reshape(x: Ref, shape: Shape): Ref {
    return this.node('Reshape', [x, this.ints(shape)], { ...T_FLOAT, Tshape: attr.dtype('int32') });
  }

  concat(parts: readonly Ref[], axis: number): Ref {
    return this.node('ConcatV2', [...parts, this.ints([axis], [])], {
      ...T_FLOAT,
      N: attr.int(parts.length),
      Tidx: attr.dtype('int32'),
    });
  }

  /** Surrounds with zeros: by axis, how many before and after. */
  pad(x: Ref, widths: readonly (readonly [before: number, after: number])[]): Ref {
    const paddings = this.ints(widths.flat(), [widths.length, 2]);
    return this.node('Pad', [x, paddings], { ...T_FLOAT, Tpaddings: attr.dtype('int32') });
  }

  finish(outputs: readonly Ref[]): FunctionDef {
    const arg = (name: string) => ({ name, type: DATA_TYPE.float32 });
    const names = outputs.map((_, index) => `out${index}`);
    return {
      signature: { name: this.#name, inputArg: this.#inputs.map(arg), outputArg: names.map(arg) },
      nodeDef: this.#nodes,
      ret: Object.fromEntries(names.map((name, index) => [name, outputs[index]!])),
      attr: { _XlaMustCompile: attr.bool(true) },
    };
  }
}
