/** Joins batch norms with the SiLU that follows, forward and backward: fewer passes, and nothing kept between the two. */
import type { Node, Op, Program } from '../program.js';

/**
 * The operators that this engine runs: those of programs and two of its own.
 *
 * | op | inputs | outputs |
 * | --- | --- | --- |
 * | batchNormSilu | x, scale, offset | silu(batch norm), mean, variance, reserves 1 and 2 |
 * | batchNormSiluGrad | dy, x, scale, reserves 1 and 2, offset | dx, dscale, doffset |
 */
export type WasmOp = Op | { readonly kind: 'batchNormSilu' | 'batchNormSiluGrad'; readonly epsilon: number };

export interface WasmNode {
  readonly op: WasmOp;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Returns `nodes` with joined operators where nobody but the pair and its gradients reads what lies between them. */
export function fuse(nodes: readonly Node[], outputs: Program['outputs']): WasmNode[] {
  const readers = new Map<number, Node[]>();
  for (const node of nodes) {
    for (const id of new Set(node.inputs)) readers.set(id, [...(readers.get(id) ?? []), node]);
  }
  const visible = new Set(outputs.map((port) => port.value));
  const replaced = new Map<Node, WasmNode | undefined>();
  for (const node of nodes) {
    if (node.op.kind !== 'batchNormTrain' || visible.has(node.outputs[0]!)) continue;
    const found = readers.get(node.outputs[0]!) ?? [];
    const [silu, ...others] = found.filter(({ op }) => op.kind === 'silu');
    const gradients = found.filter(({ op }) => op.kind === 'siluGrad');
    const pairs = gradients.map((gradient) => gradientPair(node, gradient, readers, visible));
    if (silu === undefined || others.length > 0 || gradients.length + 1 < found.length) continue;
    if (pairs.includes(undefined)) continue;
    const { epsilon } = node.op;
    const made = [silu.outputs[0]!, ...node.outputs.slice(1)];
    replaced.set(node, { op: { kind: 'batchNormSilu', epsilon }, inputs: node.inputs, outputs: made });
    replaced.set(silu, undefined);
    for (const [i, gradient] of gradients.entries()) {
      const normGrad = pairs[i]!;
      const inputs = [gradient.inputs[1]!, ...normGrad.inputs.slice(1), node.inputs[2]!];
      replaced.set(gradient, undefined);
      replaced.set(normGrad, { op: { kind: 'batchNormSiluGrad', epsilon }, inputs, outputs: normGrad.outputs });
    }
  }
  return nodes
    .map((node): WasmNode | undefined => (replaced.has(node) ? replaced.get(node) : node))
    .filter((node) => node !== undefined);
}

/** The gradient of `norm` that alone reads the SiLU gradient, if that is how it is. */
function gradientPair(
  norm: Node,
  siluGrad: Node,
  readers: ReadonlyMap<number, readonly Node[]>,
  visible: ReadonlySet<number>,
): Node | undefined {
  const made = siluGrad.outputs[0]!;
  const [reader, ...others] = readers.get(made) ?? [];
  if (reader?.op.kind !== 'batchNormGrad' || others.length > 0 || visible.has(made)) return undefined;
  const [x, scale] = norm.inputs;
  const wanted = [made, x, scale, norm.outputs[3], norm.outputs[4]];
  const fits = siluGrad.inputs[0] === norm.outputs[0] && siluGrad.inputs[1] !== norm.outputs[0];
  return fits && reader.inputs.every((id, i) => id === wanted[i]) ? reader : undefined;
}
