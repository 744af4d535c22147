import { describe, expect, it } from 'vitest';
import { castToHalf } from '../../../worker/amp/rewrite.js';
import { gradients } from '../../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import type { Node, Program } from '../../../worker/engine/program.js';

const SAME = { strides: [1, 1] as const, padding: { top: 1, bottom: 1, left: 1, right: 1 } };

/** One Conv block with a shortcut, a bias head and a loss, gradients written. */
function smallProgram(): Program {
  const b = new ProgramBuilder();
  const x = b.mul(b.cast(b.input('images', [2, 4, 4, 3], 'uint8')), 1 / 255);
  const w1 = b.input('w1', [3, 3, 3, 8]);
  const w2 = b.input('w2', [3, 3, 8, 8]);
  const bias = b.input('bias', [8]);
  const scale = b.input('scale', [8]);
  const offset = b.input('offset', [8]);
  const first = b.batchNormTrain(b.conv2d(x, w1, SAME), scale, offset, 1e-3);
  const a = b.silu(first.y);
  const sum = b.add(a, b.conv2d(a, w2, SAME));
  const head = b.add(b.conv2d(sum, w2, SAME), bias);
  const loss = b.sum(b.unary('square', head));
  b.output('mean', first.mean);
  b.output('features', sum);
  gradients(b, loss, [w1, w2, bias, scale, offset], (parameter, gradient) => b.output(`d${parameter.id}`, gradient));
  return b.finish();
}

function types(program: Program, node: Node): { in: string[]; out: string[] } {
  const of = (ids: readonly number[]): string[] => ids.map((id) => program.values[id]!.dtype);
  return { in: of(node.inputs), out: of(node.outputs) };
}

function nodesOf(program: Program, kind: string): Node[] {
  return program.nodes.filter(({ op }) => op.kind === kind);
}

describe('the rewrite to mixed precision', () => {
  const program = castToHalf(smallProgram(), 'float16');
  const H = 'float16';
  const F = 'float32';

  it('runs all convolutions and their gradients in half precision', () => {
    for (const kind of ['conv2d', 'conv2dInputGrad', 'conv2dFilterGrad']) {
      const nodes = nodesOf(program, kind);
      expect(nodes.length, kind).toBeGreaterThan(1);
      for (const node of nodes) expect(types(program, node), kind).toEqual({ in: [H, H], out: [H] });
    }
  });

  it('keeps scales, offsets and statistics of batch norms in float32', () => {
    expect(types(program, nodesOf(program, 'batchNormTrain')[0]!)).toEqual({ in: [H, F, F], out: [H, F, F, F, F] });
    expect(types(program, nodesOf(program, 'batchNormGrad')[0]!)).toEqual({ in: [H, H, F, F, F], out: [H, F, F] });
  });

  it('leaves activations in half precision and the loss in float32', () => {
    expect(types(program, nodesOf(program, 'silu')[0]!)).toEqual({ in: [H], out: [H] });
    expect(types(program, nodesOf(program, 'siluGrad')[0]!)).toEqual({ in: [H, H], out: [H] });
    const sums = nodesOf(program, 'binary').filter(({ op }) => op.kind === 'binary' && op.fn === 'add');
    // The shortcut and the fork in the gradient are sums of activations; the bias meets the head in float32.
    expect(types(program, sums[0]!)).toEqual({ in: [H, H], out: [H] });
    expect(types(program, sums[1]!)).toEqual({ in: [F, F], out: [F] });
    for (const node of nodesOf(program, 'unary')) expect(types(program, node).out).toEqual([F]);
    for (const node of nodesOf(program, 'sum')) expect(types(program, node)).toEqual({ in: [F], out: [F] });
  });

  it('has neither inputs nor outputs in half precision, under the same names', () => {
    const before = smallProgram();
    for (const port of [...program.inputs, ...program.outputs]) expect(program.values[port.value]!.dtype).not.toBe(H);
    expect(program.inputs).toEqual(before.inputs);
    expect(program.outputs.map(({ name }) => name)).toEqual(before.outputs.map(({ name }) => name));
    const shapes = (p: Program): unknown => p.outputs.map(({ value }) => p.values[value]!.shape);
    expect(shapes(program)).toEqual(shapes(before));
  });

  it('casts each value at most once to each type, and before it is read', () => {
    const casts = nodesOf(program, 'cast').map((node) => `${node.inputs[0]} ${types(program, node).out[0]}`);
    expect(new Set(casts).size).toBe(casts.length);
    const made = new Set<number>();
    for (const node of program.nodes) {
      for (const id of node.inputs) expect(made.has(id), `value ${id}`).toBe(true);
      for (const id of node.outputs) made.add(id);
    }
    for (const { value } of program.outputs) expect(made.has(value)).toBe(true);
  });

  it('changes nothing where nothing is convolved', () => {
    const b = new ProgramBuilder();
    b.output('y', b.silu(b.add(b.input('x', [2]), 1)));
    const plain = b.finish();
    expect(castToHalf(plain, 'bfloat16')).toEqual(plain);
  });
});
