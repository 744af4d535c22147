/**
 * Rewrites a program for mixed precision: convolutions, and the activations between them, in half precision; parameters,
 * batch statistics, the loss and everything that enters or leaves the program in float32. Casts stand right before
 * the first reader and serve all later ones. Pure; works on programs with their gradients written.
 */
import { type HalfDType, isHalf, type Node, type Port, type Program, type Value } from '../engine/program.js';
import { HALF_OUTPUT, type HalfRule, halfRule } from './policy.js';

/** Returns the program with casts; inputs and outputs keep their names, shapes and types. */
export function castToHalf(program: Program, half: HalfDType): Program {
  const rewriter = new Rewriter(program, half);
  for (const node of program.nodes) rewriter.add(node);
  return rewriter.finish(program);
}

class Rewriter {
  readonly #half: HalfDType;
  readonly #values: Value[];
  readonly #nodes: Node[] = [];
  /** Values that hold known numbers, which fit either type. */
  readonly #constants = new Set<number>();
  /** By value: the same in half precision. */
  readonly #narrow = new Map<number, number>();
  /** By value: the same in float32. */
  readonly #wide = new Map<number, number>();

  constructor(program: Program, half: HalfDType) {
    this.#values = [...program.values];
    this.#half = half;
  }

  add(node: Node): void {
    if (node.op.kind === 'constant') this.#constants.add(node.outputs[0]!);
    const rule = halfRule(node.op);
    if (rule === undefined || !this.#applies(rule, node)) {
      this.#nodes.push({ ...node, inputs: node.inputs.map((id) => this.#widened(id)) });
      return;
    }
    const { inputs: positions } = rule;
    const inputs = node.inputs.map((id, position) =>
      positions === 'all' || positions.includes(position) ? this.#narrowed(id) : this.#widened(id),
    );
    this.#nodes.push({ ...node, inputs });
    const output = node.outputs[HALF_OUTPUT]!;
    this.#values[output] = { ...this.#values[output]!, dtype: this.#half };
  }

  finish({ inputs, outputs }: Program): Program {
    const ports = outputs.map((port): Port => ({ ...port, value: this.#widened(port.value) }));
    return { values: this.#values, nodes: this.#nodes, inputs, outputs: ports };
  }

  #applies({ when }: HalfRule, { inputs }: Node): boolean {
    if (when === 'always') return true;
    const deciding = when === 'all' ? inputs : when.map((position) => inputs[position]!);
    const inHalf = (id: number): boolean => isHalf(this.#values[id]!.dtype);
    return deciding.some(inHalf) && deciding.every((id) => inHalf(id) || this.#constants.has(id));
  }

  #narrowed(id: number): number {
    if (this.#values[id]!.dtype !== 'float32') return id;
    return this.#cast(id, this.#half, this.#narrow);
  }

  #widened(id: number): number {
    if (!isHalf(this.#values[id]!.dtype)) return id;
    return this.#cast(id, 'float32', this.#wide);
  }

  #cast(id: number, dtype: Value['dtype'], made: Map<number, number>): number {
    const known = made.get(id);
    if (known !== undefined) return known;
    const output = this.#values.length;
    this.#values.push({ id: output, shape: this.#values[id]!.shape, dtype });
    this.#nodes.push({ op: { kind: 'cast' }, inputs: [id], outputs: [output] });
    made.set(id, output);
    return output;
  }
}
