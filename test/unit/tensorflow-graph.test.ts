/** The graphs that the TensorFlow engine writes, and the order in which programs hand out. Nothing here needs the native library. */
import { describe, expect, it } from 'vitest';
import { gradients } from '../../worker/engine/autodiff.js';
import { NO_PADDING, ProgramBuilder } from '../../worker/engine/builder.js';
import type { Program } from '../../worker/engine/program.js';
import { buildGraph } from '../../worker/engine/tensorflow/executable.js';
import { attr, GraphWriter } from '../../worker/engine/tensorflow/graph.js';
import { DATA_TYPE, decodeGraph, encodeSavedModel } from '../../worker/engine/tensorflow/graphdef.js';
import { paddingAttrs } from '../../worker/engine/tensorflow/padding.js';
import { scheduleProgram, withThirdReserve } from '../../worker/engine/tensorflow/schedule.js';

describe('encodeSavedModel', () => {
  it('writes the bytes that TensorFlow’s own field numbers demand', () => {
    const graph = new GraphWriter();
    graph.node('Sum', ['x', 'axes'], { keep_dims: attr.bool(false) }, 's');
    const expected = [
      // SavedModel: schema version (field 1) = 1; meta graph (field 2), (2 + 7) + (2 + 43) bytes
      [0x08, 0x01, 0x12, 54],
      // MetaGraph: meta info (1) with tag (4) "serve"
      [0x0a, 7, 0x22, 5, ...Buffer.from('serve')],
      // graph (2), 36 + 2 + 5 bytes: node (1), 3 + 5 + 9 + 17 bytes
      [0x12, 43, 0x0a, 34],
      // name (1), op (2), inputs (3)
      [0x0a, 1, ...Buffer.from('s'), 0x12, 3, ...Buffer.from('Sum')],
      [0x1a, 1, ...Buffer.from('x'), 0x1a, 4, ...Buffer.from('axes')],
      // attr (5): key (1) "keep_dims", value (2): b (5) = false, written although it is zero
      [0x2a, 15, 0x0a, 9, ...Buffer.from('keep_dims'), 0x12, 2, 0x28, 0],
      // library (2), empty; versions (4): producer (1) = 1087
      [0x12, 0, 0x22, 3, 0x08, 0xbf, 0x08],
    ].flat();
    expect([...encodeSavedModel(graph.finish())]).toEqual(expected);
  });

  it('keeps zeros, negative numbers, empty lists and raw constants', () => {
    const graph = new GraphWriter();
    graph.placeholder('x', 'uint8', [-1, 0, 3]);
    graph.node(
      'Op',
      ['x'],
      { none: attr.ints([]), some: attr.ints([0, -1]), zero: attr.int(0), half: attr.float(0.5) },
      'op',
    );
    graph.constant(Float32Array.of(-0, 1.5), [2]);
    const [x, op, constant] = decodeGraph(encodeSavedModel(graph.finish())).node;
    expect(x!.attr.dtype!.type).toBe(DATA_TYPE.uint8);
    expect(x!.attr.shape!.shape!.dim.map((dim) => dim.size)).toEqual([-1, 0, 3]);
    expect(op!.attr.none!.list).toMatchObject({ i: [] });
    expect(op!.attr.some!.list!.i).toEqual([0, -1]);
    expect(op!.attr.zero!.i).toBe(0);
    expect(op!.attr.half!.f).toBe(0.5);
    const bytes = constant!.attr.value!.tensor!.tensorContent;
    expect([...new Uint8Array(bytes)]).toEqual([0, 0, 0, 0x80, 0, 0, 0xc0, 0x3f]); // −0 and 1.5, little-endian
  });

  it('writes a large constant of one value as a fill', () => {
    const graph = new GraphWriter();
    graph.constant(new Float32Array(100_000), [100, 1000]);
    expect(graph.finish().node.map((node) => node.op)).toEqual(['Const', 'Const', 'Fill']);
    expect(encodeSavedModel(graph.finish()).length).toBeLessThan(500);
  });

  it('writes a small constant once, and tells −0 from 0', () => {
    const graph = new GraphWriter();
    expect(graph.scalar(1)).toBe(graph.scalar(1));
    expect(graph.scalar(0)).not.toBe(graph.scalar(-0));
    expect(graph.ints([1])).not.toBe(graph.constant(Int32Array.of(1), []));
  });
});

describe('paddingAttrs', () => {
  const modeOf = (padding: number[], window: number, stride: number, input: number): string => {
    const [top, bottom, left, right] = padding as [number, number, number, number];
    const attrs = paddingAttrs({ top, bottom, left, right }, [window, window], [stride, stride], [input, input]);
    return new TextDecoder().decode(attrs.padding!.s);
  };

  it('says SAME only where TensorFlow would pad just so', () => {
    expect(modeOf([0, 0, 0, 0], 3, 1, 13)).toBe('VALID');
    expect(modeOf([1, 1, 1, 1], 3, 1, 13)).toBe('SAME');
    expect(modeOf([1, 1, 1, 1], 3, 1, -1)).toBe('SAME'); // stride 1 needs no size
    // 416 → 208 needs (208 − 1)·2 + 3 − 416 = 1 cell, which TensorFlow would put after, not around
    expect(modeOf([1, 1, 1, 1], 3, 2, 416)).toBe('EXPLICIT');
    // 13 → 7 needs (7 − 1)·2 + 3 − 13 = 2 cells, one on each side
    expect(modeOf([1, 1, 1, 1], 3, 2, 13)).toBe('SAME');
    expect(modeOf([1, 1, 1, 1], 3, 2, -1)).toBe('EXPLICIT');
    expect(modeOf([0, 1, 0, 1], 2, 1, 13)).toBe('SAME');
    expect(modeOf([1, 0, 1, 0], 2, 1, 13)).toBe('EXPLICIT');
  });
});

/** x → conv → batch norm → SiLU → pool → sum, with the gradients of filter, scale and offset. */
function smallNetwork(): Program {
  const b = new ProgramBuilder();
  const x = b.input('x', [1, 4, 4, 2]);
  const w = b.input('w', [1, 1, 2, 3]);
  const scale = b.input('scale', [3]);
  const offset = b.input('offset', [3]);
  const unused = b.input('unused', [1]);
  b.mul(unused, 2);
  const z = b.conv2d(x, w, { strides: [1, 1], padding: NO_PADDING });
  const n = b.batchNormTrain(z, scale, offset, 1e-3);
  const y = b.maxPool(b.silu(n.y), { size: [2, 2], strides: [2, 2], padding: NO_PADDING });
  const loss = b.sum(y);
  b.output('loss', loss);
  b.output('mean', n.mean);
  const [dw, dscale, doffset] = gradients(b, loss, [w, scale, offset]);
  b.output('dw', dw!);
  b.output('dscale', dscale!);
  b.output('doffset', doffset!);
  return b.finish();
}

describe('scheduleProgram', () => {
  const scheduled = (groups: string[][]) => scheduleProgram(smallNetwork(), groups);

  it('gives each node the first group that needs it and drops the dead ones', () => {
    const kinds = (wanted: number): string[] =>
      scheduled([['loss'], ['dw']])
        .nodes.filter(({ group }) => group === wanted)
        .map(({ node }) => node.op.kind);
    const forward = kinds(0).filter((kind) => kind !== 'constant');
    expect(forward).toEqual(['input', 'input', 'input', 'input', 'conv2d', 'batchNormTrain', 'silu', 'maxPool', 'sum']);
    expect(kinds(1)).toContain('conv2dFilterGrad');
    expect(kinds(1)).not.toContain('silu');
    // One input, `unused`, is needed by nothing that is handed out.
    expect(smallNetwork().inputs).toHaveLength(5);
  });

  it('puts nodes after those whose values they read', () => {
    const made = new Set<number>();
    for (const { node } of scheduled([['dscale'], ['loss'], ['dw']]).nodes) {
      for (const id of node.inputs) expect(made).toContain(id);
      for (const id of node.outputs) made.add(id);
    }
  });

  it('holds back what a group reads of the groups before, and only where it enters', () => {
    const { nodes } = scheduled([['loss'], ['dscale'], ['dw']]);
    const held = nodes.filter((entry) => entry.held !== undefined);
    // A sum's gradient begins with the shape of what was summed; the filter's reads x, which is fed, and what the norm's gradient made.
    expect(held.map(({ node, group }) => [node.op.kind, group])).toEqual([
      ['binary', 1],
      ['conv2dFilterGrad', 2],
    ]);
    const normGrad = nodes.find(({ node }) => node.op.kind === 'batchNormGrad')!;
    expect(held[1]!.held).toBe(normGrad.node.outputs[0]);
    expect(scheduled([]).nodes.every((entry) => entry.held === undefined)).toBe(true);
  });

  it('hands unlisted outputs out with the last group', () => {
    const names = scheduled([['loss'], ['dw']]).groups.map((group) => group.map((port) => port.name));
    expect(names).toEqual([['loss'], ['dw', 'mean', 'dscale', 'doffset']]);
  });

  it('names an output that is not there', () => {
    expect(() => scheduled([['dz']])).toThrow(expect.objectContaining({ code: 'ENGINE_UNKNOWN_OUTPUT' }));
    expect(() => scheduled([['dw'], ['dw']])).toThrow(/dw/);
  });
});

describe('buildGraph', () => {
  const written = (program: Program, groups: string[][] = [], { xla = false, gated = false } = {}) =>
    buildGraph(program, scheduleProgram(program, groups), { xla, winogradThreads: 0, gated });

  it('gives every fetch a tensor of its own, also of inputs and repeated outputs', () => {
    const b = new ProgramBuilder();
    const x = b.input('x', [2]);
    const y = b.add(x, 1);
    b.output('x', x);
    b.output('y', y);
    b.output('again', y);
    const { feeds, fetches, graph } = written(b.finish());
    expect(new Set([...feeds.values(), ...fetches.flat()]).size).toBe(4);
    expect(graph.node.filter((node) => node.op === 'Identity')).toHaveLength(2);
  });

  it('lets a group wait for all outputs of the one before', () => {
    const { graph, fetches } = written(withThirdReserve(smallNetwork()), [['loss', 'mean'], ['dw']]);
    const barrier = graph.node.find((node) => node.op === 'NoOp')!;
    const [loss, mean] = fetches[0]!.map((fetch) => fetch.split(':')[0]);
    expect(barrier.input).toEqual([`^${loss}`, `^${mean}`]);
    const held = graph.node.find((node) => node.op === 'Identity' && node.input.includes(`^${barrier.name}`))!;
    const [reader] = graph.node.filter((node) => node.input.includes(held.name));
    expect(reader!.op).toBe('Greater');
    expect(graph.node.filter((node) => node.op === 'MaxPool')).toHaveLength(1);
  });

  it('lets a group wait for its gate too, where there are gates', () => {
    const { graph, fetches, gates } = written(smallNetwork(), [['loss'], ['dscale'], ['dw']], { gated: true });
    const barriers = graph.node.filter((node) => node.op === 'NoOp');
    expect(gates).toHaveLength(2);
    const endOf = (group: number): string[] => fetches[group]!.map((fetch) => `^${fetch.split(':')[0]}`);
    expect(barriers.map((node) => node.input)).toEqual([
      [...endOf(0), `^${gates[0]}`],
      [...endOf(1), `^${gates[1]}`],
    ]);
  });

  it('hands the third reserve of a batch norm to its gradient', () => {
    const { graph } = written(withThirdReserve(smallNetwork()), [['loss'], ['dw']], { xla: true });
    const norm = graph.node.find((node) => node.op === 'FusedBatchNormV3')!;
    const gradient = graph.node.find((node) => node.op === 'FusedBatchNormGradV3')!;
    expect(gradient.input).toHaveLength(6);
    expect(gradient.input[5]).toBe(`${norm.name}:5`);
  });

  it('calls XLA functions only for known shapes and only when asked', () => {
    const build = (size: number, xla: boolean): string[] => {
      const b = new ProgramBuilder();
      b.output('dx', b.siluGrad(b.input('x', [size, 8]), b.input('dy', [size, 8])));
      return written(b.finish(), [], { xla }).graph.node.map((node) => node.op);
    };
    expect(build(4, true)).toEqual(['Placeholder', 'Placeholder', 'StatefulPartitionedCall']);
    expect(build(4, false)).toContain('Sigmoid');
    expect(build(-1, true)).toEqual(build(-1, false));
  });
});
