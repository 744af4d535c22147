/** Compares a resolved model with a recorded architecture: layers, operators with their settings, names of the state. */
import { expect } from 'vitest';
import { BATCH_NORM_MOMENTUM } from '../../worker/model/batch-norm.js';
import { anchorsGrid, type Model } from '../../worker/model/model.js';
import { BATCH_NORM_EPSILON } from '../../worker/model/modules/conv.js';
import { type TensorEntry, tensor } from './fixtures.js';

interface RecordedLayer {
  readonly i: number;
  readonly from: number | readonly number[];
  readonly type: string;
  readonly repeat: number;
  readonly params: number;
  readonly out_channels?: number;
  readonly out_stride?: number;
  readonly shortcut_added?: boolean;
}
interface RecordedLeaf {
  readonly name: string;
  readonly type: string;
  readonly in?: number;
  readonly out?: number;
  readonly kernel?: readonly number[] | number;
  readonly stride?: readonly number[] | number;
  readonly padding?: readonly number[] | number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly channels?: number;
  readonly eps?: number;
  readonly momentum?: number;
  readonly scale?: number;
  readonly mode?: string;
  readonly left_right_top_bottom?: readonly number[];
}

/** What `arch.json` and the `model_*.json` say of a network. */
export interface RecordedArchitecture {
  readonly strides: readonly number[];
  readonly anchors_grid: TensorEntry;
  readonly saved_layers: readonly number[];
  readonly layers: readonly RecordedLayer[];
  readonly leaves: readonly RecordedLeaf[];
}

/** Layer table, saved layers, strides and anchors; all integers exactly. */
export function expectLayers(model: Model, expected: RecordedArchitecture): void {
  // The padded map has no whole stride; it depends on the size of the image that the stride was measured with.
  const strideOf = (type: string, stride: number | undefined) =>
    stride === undefined || type === 'ZeroPad2d' ? {} : { out_stride: stride };
  const got = model.layers.map(({ index, spec, repeats, numParameters, block, outStride }) => ({
    i: index,
    from: spec.from.length === 1 ? spec.from[0] : spec.from,
    type: spec.module,
    repeat: repeats,
    params: numParameters,
    ...(index === model.detectIndex ? {} : { out_channels: block.outChannels, ...strideOf(spec.module, outStride) }),
    ...(block.shortcutAdded === undefined ? {} : { shortcut_added: block.shortcutAdded }),
  }));
  const wanted = expected.layers.map(({ i, from, type, repeat, params, out_channels, out_stride, shortcut_added }) => ({
    ...{ i, from, type, repeat, params },
    ...(out_channels === undefined ? {} : { out_channels }),
    ...strideOf(type, out_stride),
    ...(shortcut_added === undefined ? {} : { shortcut_added }),
  }));
  expect(got).toEqual(wanted);
  const saved = model.layers.flatMap(({ spec, inputs }) => inputs.filter((_, k) => spec.from[k] !== -1));
  expect([...new Set(saved)].sort((a, b) => a - b)).toEqual(expected.saved_layers);
  expect(model.strides).toEqual(expected.strides);
  expect(anchorsGrid(model)).toEqual(tensor(expected.anchors_grid).data);
}

/** Every operator under its dotted name, with its settings. */
export function expectLeaves(model: Model, expected: RecordedArchitecture): void {
  const leaves = model.layers.flatMap((layer) => layer.block.leaves).filter((leaf) => leaf.kind !== 'anchors');
  const byName = new Map(expected.leaves.map((leaf) => [leaf.name, leaf]));
  expect(leaves.map((leaf) => leaf.name).sort()).toEqual([...byName.keys()].sort());
  for (const leaf of leaves) {
    const { type, name, ...wanted } = byName.get(leaf.name)!;
    expect(leaf.kind, name).toBe(type);
    switch (leaf.kind) {
      case 'conv': {
        const { in: inChannels, out, kernel, stride, padding, bias } = leaf;
        // The engines have no grouped convolution, and no module asks for one.
        expect({ in: inChannels, out, kernel, stride, padding, groups: 1, bias }, name).toEqual(wanted);
        break;
      }
      case 'bn':
        expect({ channels: leaf.channels, eps: BATCH_NORM_EPSILON, momentum: BATCH_NORM_MOMENTUM }, name).toEqual(
          wanted,
        );
        break;
      case 'maxpool': {
        const { kernel, stride, padding } = leaf;
        expect({ kernel, stride, padding }, name).toEqual(wanted);
        break;
      }
      case 'upsample':
        expect({ scale: 2, mode: 'nearest' }, name).toEqual(wanted);
        break;
      case 'zeropad':
        expect({ left_right_top_bottom: leaf.leftRightTopBottom }, name).toEqual(wanted);
        break;
      default:
    }
  }
}
