import { expect, it } from 'vitest';
import { assignTargets } from '../../worker/loss/assign.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface LayerEntry {
  n: number;
  duplicate_cells: number;
  b: number[];
  a: number[];
  gj: number[];
  gi: number[];
  tcls: number[];
  tbox: TensorEntry;
  anchors: TensorEntry;
}
interface BuildTargets {
  models: Record<string, { strides: number[]; anchors_px: number[][]; anchors_grid: TensorEntry }>;
  label_sets: Record<string, TensorEntry>;
  cases: {
    name: string;
    model: string;
    image_hw: [number, number];
    grids_hw: [number, number][];
    anchor_t: number;
    label_set: string;
    layers: LayerEntry[];
  }[];
}

const fixture = readFixture<BuildTargets>('build_targets');

const pairs = (row: readonly number[]): [number, number][] =>
  Array.from({ length: row.length / 2 }, (_, i) => [row[2 * i]!, row[2 * i + 1]!]);

it.each(fixture.cases)(
  'assigns as the reference does, row by row: $name',
  ({ model, image_hw, grids_hw, anchor_t, label_set, layers }) => {
    const { strides, anchors_px } = fixture.models[model]!;
    const [height, width] = image_hw;
    const geometry = { strides, anchorsPx: anchors_px.map(pairs) };
    const assigned = assignTargets(tensor(fixture.label_sets[label_set]!).data, geometry, {
      height,
      width,
      anchorT: anchor_t,
    });
    expect(assigned.map((layer) => [layer.gridHeight, layer.gridWidth])).toEqual(grids_hw);
    for (const [l, expected] of layers.entries()) {
      const got = assigned[l]!;
      expect(got.numRows).toBe(expected.n);
      const cells = expected.b.flatMap((b, row) => [b, expected.a[row]!, expected.gj[row]!, expected.gi[row]!]);
      // The order matters where a cell occurs twice, so it is compared too.
      expect([...got.cells]).toEqual(cells);
      expect([...got.classes]).toEqual(expected.tcls);
      const boxes = tensor(expected.tbox).data;
      // Grid units of up to a hundred in float32: the fixture's own tolerance. Everything else is exact.
      for (const [i, value] of got.boxesGrid.entries()) expect(Math.abs(value - boxes[i]!)).toBeLessThanOrEqual(2e-5);
      expect([...got.anchorsGrid]).toEqual([...tensor(expected.anchors).data]);
      const overwritten = got.lastWriter.filter((mark) => mark === 0).length;
      expect(overwritten).toBe(expected.duplicate_cells);
    }
  },
);

it('knows the anchors in grid units as the reference does', () => {
  for (const { strides, anchors_px, anchors_grid } of Object.values(fixture.models)) {
    const grid = anchors_px.flatMap((layer, l) => layer.map((side) => Math.fround(side / strides[l]!)));
    expect(grid).toEqual([...tensor(anchors_grid).data]);
  }
});

it('Q4: marks the last row of a cell that several rows want', () => {
  // Two equal labels of different classes: every cell is wanted twice, and the second label writes it.
  const targets = Float32Array.of(0, 1, 0.3, 0.3, 0.2, 0.2, 0, 2, 0.3, 0.3, 0.2, 0.2);
  const [layer] = assignTargets(
    targets,
    { strides: [8], anchorsPx: [[[10, 13]]] },
    { height: 64, width: 64, anchorT: 4 },
  );
  // Centre 0.3·8 = 2.4: own cell, left and upper neighbour.
  expect(layer!.numRows).toBe(6);
  expect([...layer!.classes]).toEqual([1, 2, 1, 2, 1, 2]);
  expect([...layer!.lastWriter]).toEqual([0, 1, 0, 1, 0, 1]);
});
