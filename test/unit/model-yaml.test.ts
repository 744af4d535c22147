import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';
import { fromEngineLayout, toEngineLayout } from '../../worker/model/layout.js';
import { anchorsGrid, withAnchors } from '../../worker/model/model.js';
import { type ResolveOptions, resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { layerRows } from '../../worker/model/summary.js';

const TINY = readFileSync(join(repoRoot, 'configs/models/yolov3-tiny.yaml'), 'utf8');
const lineOf = (text: string): number => TINY.split('\n').findIndex((line) => line.includes(text)) + 1;
const resolve = (yaml: string, options?: ResolveOptions) => resolveModel(parseModelYaml(yaml, 'tiny.yaml'), options);
const failure = (yaml: string): { code: string; message: string; hint: string } => {
  try {
    resolve(yaml);
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  expect.fail('nothing was thrown');
};

describe('a faulty model YAML', () => {
  it('names the line and the nearest module for a misspelt module', () => {
    const error = failure(TINY.replace('[-1, 1, Conv, [64, 3, 1]]', '[-1, 1, Cnov, [64, 3, 1]]'));
    expect(error.code).toBe('MODEL_UNKNOWN_MODULE');
    expect(error.message).toContain(`tiny.yaml:${lineOf('Conv, [64, 3, 1]')}:`);
    expect(error.hint).toBe("did you mean 'Conv'?");
  });

  it('names the nearest key for a misspelt key', () => {
    const error = failure(TINY.replace('depth_multiple', 'depth_multipel'));
    expect(error).toMatchObject({ code: 'MODEL_UNKNOWN_KEY', hint: "did you mean 'depth_multiple'?" });
  });

  it.each([
    [
      'broken YAML',
      (text: string) => text.replace('[-1, 1, Conv, [16, 3, 1]]', '[-1, 1, Conv, [16, 3, 1]'),
      'MODEL_YAML_SYNTAX',
    ],
    [
      'a layer that is no row of four',
      (text: string) => text.replace('[-1, 1, Conv, [16, 3, 1]]', '[-1, Conv, [16]]'),
      'MODEL_BAD_LAYER',
    ],
    [
      'a source that comes later',
      (text: string) => text.replace('[[-1, 8], 1, Concat, [1]]', '[[-1, 19], 1, Concat, [1]]'),
      'MODEL_BAD_LAYER',
    ],
    [
      'zero repeats',
      (text: string) => text.replace('[-1, 1, Conv, [16, 3, 1]]', '[-1, 0, Conv, [16, 3, 1]]'),
      'MODEL_BAD_LAYER',
    ],
    ['classes that are no number', (text: string) => text.replace('nc: 80', 'nc: many'), 'MODEL_BAD_VALUE'],
    [
      'odd anchor rows',
      (text: string) => text.replace('[10, 14, 23, 27, 37, 58]', '[10, 14, 23, 27, 37]'),
      'MODEL_BAD_VALUE',
    ],
    [
      'too few anchor rows',
      (text: string) => text.replace('  - [81, 82, 135, 169, 344, 319] # P5, stride 32\n', ''),
      'MODEL_BAD_ANCHORS',
    ],
    ['a kernel of text', (text: string) => text.replace('[16, 3, 1]', '[16, three, 1]'), 'MODEL_BAD_ARGUMENT'],
    [
      'groups, which no engine has',
      (text: string) => text.replace('[16, 3, 1]', '[16, 3, 1, 1, 2]'),
      'MODEL_UNSUPPORTED',
    ],
    [
      'another enlargement than by two',
      (text: string) => text.replace('[None, 2, nearest]', '[None, 3, nearest]'),
      'MODEL_UNSUPPORTED',
    ],
    ['no head', (text: string) => text.replace('  - [[19, 15], 1, Detect, [nc, anchors]]\n', ''), 'MODEL_NO_HEAD'],
  ])('with %s is refused with file and code', (_, spoil, code) => {
    const error = failure(spoil(TINY));
    expect(error.code).toBe(code);
    expect(error.message).toContain('tiny.yaml');
    expect(error.hint).toBeTruthy();
  });
});

describe('a resolved model', () => {
  it('takes nn.MaxPool2d and MaxPool2d for the same module', () => {
    expect(resolve(TINY.replaceAll('nn.', '')).numParameters).toBe(resolve(TINY).numParameters);
  });

  it('takes the number of classes from the data set', () => {
    const model = resolve(TINY, { nc: 3 });
    // 3 anchors · (5 + 3)
    expect(model.state.find((entry) => entry.name === 'model.20.m.0.weight')?.shape).toEqual([24, 256, 1, 1]);
  });

  it('fills placeholders in for a number of anchors', () => {
    const model = resolve(TINY, { hypAnchors: 4 });
    expect(model.anchorsArePlaceholders).toBe(true);
    expect(model.anchorsPx[1]).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    expect(model.state.find((entry) => entry.name === 'model.20.anchors')?.shape).toEqual([2, 4, 2]);
  });

  it('reverses anchor rows that shrink while the strides grow', () => {
    const swapped = TINY.replace('[10, 14, 23, 27, 37, 58]', 'first')
      .replace('[81, 82, 135, 169, 344, 319]', '[10, 14, 23, 27, 37, 58]')
      .replace('first', '[81, 82, 135, 169, 344, 319]');
    expect(resolve(swapped).anchorsPx).toEqual(resolve(TINY).anchorsPx);
  });

  it('takes fitted anchors in grid units', () => {
    const model = resolve(TINY);
    const grid = anchorsGrid(model).map((size) => size * 2);
    expect(withAnchors(model, grid).anchorsPx[0]).toEqual([
      [20, 28],
      [46, 54],
      [74, 116],
    ]);
    expect(() => withAnchors(model, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'MODEL_BAD_ANCHORS' }),
    );
  });

  it('rounds halved repeats to the even neighbour and channels up to multiples of 8', () => {
    const yaml = readFileSync(join(repoRoot, 'configs/models/yolov3.yaml'), 'utf8')
      .replace('depth_multiple: 1.0', 'depth_multiple: 0.3125')
      .replace('width_multiple: 1.0', 'width_multiple: 0.3');
    const model = resolve(yaml);
    // 8 · 0.3125 = 2.5 → 2; 4 · 0.3125 = 1.25 → 1; ⌈32 · 0.3 / 8⌉ · 8 = 16.
    expect(model.layers[6]!.repeats).toBe(2);
    expect(model.layers[10]!.repeats).toBe(1);
    expect(model.layers[0]!.block.outChannels).toBe(16);
  });

  it('has a table row per layer', () => {
    const rows = layerRows(resolve(TINY));
    expect(rows[0]).toEqual({
      index: 0,
      from: '-1',
      repeats: 1,
      numParameters: 464,
      module: 'Conv',
      arguments: '[3,16,3,1]',
    });
    expect(rows[18]).toMatchObject({ from: '[-1, 8]', module: 'Concat', numParameters: 0 });
    expect(rows).toHaveLength(21);
  });
});

it('memory layouts are each other’s inverse, and filters are (kH, kW, I, O) for the engine', () => {
  const entry = {
    name: 'w',
    shape: [2, 3, 1, 2],
    engineShape: [1, 2, 3, 2],
    kind: 'convWeight',
    group: 1,
    layer: 0,
  } as const;
  const torch = Float32Array.from({ length: 12 }, (_, i) => i);
  const engine = toEngineLayout(entry, torch);
  // Engine element (0, x, i, o) is PyTorch's (o, i, 0, x) = 6·o + 2·i + x.
  expect([...engine]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  expect(fromEngineLayout(entry, engine)).toEqual(torch);
});
