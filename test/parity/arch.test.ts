import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';
import { fuseModel } from '../../worker/model/fuse.js';
import { headBias, initialState } from '../../worker/model/initial-state.js';
import { anchorsGrid, type Model } from '../../worker/model/model.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { countFlops, summaryLine } from '../../worker/model/summary.js';
import { expectLayers, expectLeaves, type RecordedArchitecture } from '../support/architecture.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface ArchModel extends RecordedArchitecture {
  nc: number;
  summary_line: string;
  modules_total: number;
  convs: number;
  params: number;
  gradients: number;
  gflops_640_as_reported: number;
  gflops_640_convs_only: number;
  anchors_px: number[][];
  state: Record<string, number[]>;
}
interface Arch {
  models: Record<string, ArchModel>;
  head_bias_init: {
    model: string;
    nc: number;
    strides: number[];
    class_counts: number[];
    added: { box: number; obj: number; cls: number }[];
    added_with_class_counts: { box: number; obj: number; cls: TensorEntry }[];
  }[];
  fresh_tiny_parameters: { name: string; shape: number[]; fan_in: number; min: number; max: number; std: number }[];
}

const arch = readFixture<Arch>('arch');
const load = (name: string, nc?: number) => {
  const path = join(repoRoot, 'configs/models', `${name}.yaml`);
  return resolveModel(parseModelYaml(readFileSync(path, 'utf8'), path), { nc });
};

/** What folding the batch norms leaves: each loses a module, and its scale; its bias becomes the convolution's. */
function fusedTotals(model: Model): { parameters: number; modules: number } {
  const norms = model.layers.flatMap((layer) => layer.block.leaves).filter((leaf) => leaf.kind === 'bn');
  const scales = norms.reduce((sum, { channels }) => sum + channels, 0);
  return { parameters: model.numParameters - scales, modules: model.numModules - norms.length };
}

describe.each(Object.keys(arch.models))('%s at full size', (name) => {
  const expected = arch.models[name]!;
  const model = load(name, expected.nc);

  it('has the layers of the reference', () => expectLayers(model, expected));

  it('has the operators of the reference with their settings', () => {
    expectLeaves(model, expected);
    const leaves = model.layers.flatMap((layer) => layer.block.leaves);
    expect(leaves.filter(({ kind }) => kind === 'conv')).toHaveLength(expected.convs);
  });

  it('lists its state under the names of the reference, in its order', () => {
    expect(model.state.map((entry) => [entry.name, entry.shape])).toEqual(Object.entries(expected.state));
  });

  it('has its parameters, modules, strides, anchors and operations', () => {
    expect(model.numParameters).toBe(expected.params);
    expect(expected.gradients).toBe(model.numParameters);
    expect(model.numModules).toBe(expected.modules_total);
    expect(model.anchorsPx.map((layer) => layer.flat())).toEqual(expected.anchors_px);
    const flops = countFlops(model, 640, 640);
    expect(flops.convolutions / 1e9).toBeCloseTo(expected.gflops_640_convs_only, 9);
    expect(flops.reported / 1e9).toBeCloseTo(expected.gflops_640_as_reported, 9);
    expect(summaryLine(model)).toBe(expected.summary_line);
  });
});

// Totals of reference section 10; multiply-accumulates are printed there with two decimals.
it.each([
  ['n', 1_872_157, 1_867_405, 270, 213, 4.47],
  ['s', 7_235_389, 7_225_885, 270, 213, 16.43],
  ['m', 21_190_557, 21_172_173, 369, 290, 48.87],
  ['l', 46_563_709, 46_533_693, 468, 367, 108.99],
  ['x', 86_749_405, 86_705_005, 567, 444, 205.45],
])(
  'yolov5%s has %d parameters, %d when fused, in %d and %d modules',
  (size, parameters, fused, modules, fusedModules, gflops) => {
    const model = load(`yolov5${size}`);
    expect(model.numParameters).toBe(parameters);
    expect(model.numModules).toBe(modules);
    expect(model.strides).toEqual([8, 16, 32]);
    expect(countFlops(model, 640, 640).convolutions / 1e9).toBeCloseTo(gflops, 1.99);
    expect(fusedTotals(model)).toEqual({ parameters: fused, modules: fusedModules });
  },
);

// Totals of reference section 3.5.
it.each([
  ['yolov3', 61_922_845, 261],
  ['yolov3-spp', 62_971_933, 269],
  ['yolov3-tiny', 8_849_182, 48],
])('%s has %d parameters in %d modules when fused', (name, fused, fusedModules) => {
  expect(fusedTotals(load(name))).toEqual({ parameters: fused, modules: fusedModules });
});

it('yolov5s has the parameters per layer of reference section 10', () => {
  const expected = [
    3520, 18560, 18816, 73984, 115712, 295424, 625152, 1180672, 1182720, 656896, 131584, 0, 0, 361984, 33024, 0, 0,
    90880, 147712, 0, 296448, 590336, 0, 1182720, 229245,
  ];
  expect(load('yolov5s').layers.map((layer) => layer.numParameters)).toEqual(expected);
});

it('folding the batch norms of a model leaves the parameters that the totals count', () => {
  const model = load('yolov3-tiny');
  const fused = fuseModel(model, initialState(model, 0)).model;
  expect(
    fused.state
      .filter(({ kind }) => kind !== 'anchors')
      .reduce((sum, { shape }) => sum + shape.reduce((p, n) => p * n, 1), 0),
  ).toBe(fusedTotals(model).parameters);
});

it('yolov3-tiny with three classes has 8 674 496 parameters', () => {
  expect(load('yolov3-tiny', 3).numParameters).toBe(8_674_496);
});

it('adds the constants of the reference to the biases of the head', () => {
  for (const { nc, strides, added, class_counts, added_with_class_counts } of arch.head_bias_init) {
    for (const [layer, stride] of strides.entries()) {
      const plain = headBias(stride, nc);
      expect(plain.objectness).toBeCloseTo(added[layer]!.obj, 5.7);
      for (const constant of plain.classes) expect(constant).toBeCloseTo(added[layer]!.cls, 5.7);
      const counted = headBias(stride, nc, class_counts);
      const wanted = tensor(added_with_class_counts[layer]!.cls).data;
      for (const [c, constant] of counted.classes.entries()) expect(Math.abs(constant - wanted[c]!)).toBeLessThan(1e-6);
    }
  }
});

it('Q11: initialises as the reference does: the same ranges and spreads, and running variances of 0.9', () => {
  const model = load('yolov3-tiny');
  const state = initialState(model, 0);
  for (const { name, shape, fan_in, min, max, std } of arch.fresh_tiny_parameters) {
    const data = state.get(name)!;
    expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    // The head's biases carry their constants, of which the recorded range may tell nothing.
    if (/\.m\.\d\.bias$/.test(name)) continue;
    let sum = 0;
    let squares = 0;
    let low = Infinity;
    let high = -Infinity;
    for (const value of data) {
      sum += value;
      squares += value * value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (fan_in === 0) {
      expect([low, high]).toEqual([min, max]);
      continue;
    }
    const bound = Math.fround(1 / Math.sqrt(fan_in));
    expect(high).toBeLessThanOrEqual(bound);
    expect(low).toBeGreaterThanOrEqual(-bound);
    // Both are samples of one uniform distribution; the smallest tensor has 432 elements, 3 % standard error.
    const spread = Math.sqrt(squares / data.length - (sum / data.length) ** 2);
    expect(spread / std).toBeGreaterThan(0.88);
    expect(spread / std).toBeLessThan(1.12);
  }
  expect([...state.get('model.0.bn.running_var')!]).toEqual(new Array(16).fill(Math.fround(0.9)));
  expect([...state.get('model.0.bn.running_mean')!]).toEqual(new Array(16).fill(0));
  expect([...state.get('model.0.bn.num_batches_tracked')!]).toEqual([1]);
  expect(state.get('model.20.anchors')).toEqual(anchorsGrid(model));
});

it('gives the same fresh weights for the same seed and others for another', () => {
  const model = load('yolov3-tiny', 3);
  const name = 'model.13.conv.weight';
  const first = (seed: number): number[] => [...initialState(model, seed).get(name)!.subarray(0, 100)];
  expect(first(7)).toEqual(first(7));
  expect(first(7)).not.toEqual(first(8));
});
