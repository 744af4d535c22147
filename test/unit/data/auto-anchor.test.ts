import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../configs/run-config.js';
import { randomStream } from '../../../proto/random.js';
import { autoAnchor, labelSizes } from '../../../worker/anchors/auto-anchor.js';
import { anchorFit, anchorFitness, sizeRatio } from '../../../worker/anchors/fit.js';
import { kMeansAnchors, refineAnchors } from '../../../worker/anchors/k-means.js';
import { buildTable, Dataset } from '../../../worker/data/dataset.js';
import { withFittedAnchors } from '../../../worker/fitted-start.js';
import { initialState } from '../../../worker/model/initial-state.js';
import { anchorsName } from '../../../worker/model/model.js';
import { resolveModel } from '../../../worker/model/resolve.js';
import { parseModelYaml } from '../../../worker/model/spec.js';
import { hypDefaults } from '../../support/hyp.js';

const report = { found: 1, missing: 0, empty: 0, corrupt: 0, total: 1, messages: [], fromCache: false };

/** A data set of 100×100 pictures with labels of these sizes in pixels, one picture each. */
function datasetOf(sizes: readonly (readonly [number, number])[]): Dataset {
  const entries = sizes.map(([w, h], i) => ({
    path: `${i}`,
    imageId: i,
    width: 100,
    height: 100,
    labels: Float32Array.of(0, 0.5, 0.5, w / 100, h / 100),
    polygons: [],
  }));
  return new Dataset(buildTable(entries), report);
}

/** Sizes around three kinds of objects. */
function threeKinds(count: number): [number, number][] {
  const random = randomStream('kinds');
  const kinds = [
    [10, 20],
    [40, 15],
    [70, 80],
  ] as const;
  return Array.from({ length: count }, (_, i) => {
    const [w, h] = kinds[i % 3]!;
    return [w * random.uniform(0.95, 1.05), h * random.uniform(0.95, 1.05)];
  });
}

const options = { imgsz: 100, threshold: 4, seed: 1 };

describe('the fit of anchors', () => {
  it('takes the worse of the two side ratios', () => {
    expect(sizeRatio(10, 40, 20, 20)).toBe(0.5);
    expect(sizeRatio(10, 10, 50, 20)).toBe(Math.fround(0.2));
  });

  it('counts labels whose best anchor is within the threshold, and anchors within it per label', () => {
    // 10×10 is within 4 of both anchors, 100×100 of the second (ratio 0.4), 1×1 of none.
    const fit = anchorFit([10, 10, 100, 100, 1, 1], [10, 10, 40, 39], 4.1);
    expect(fit).toEqual({ bestPossibleRecall: 2 / 3, anchorsAboveThreshold: 1 });
    // Best ratios 1 and 0.39; the third does not count.
    expect(anchorFitness([10, 10, 100, 100, 1, 1], [10, 10, 40, 39], 4.1)).toBeCloseTo(1.39 / 3, 6);
  });
});

describe('the search', () => {
  it('finds the kinds of objects there are', () => {
    const sizes = Float64Array.from(threeKinds(300).flat());
    const random = randomStream('search');
    const found = refineAnchors(sizes, kMeansAnchors(sizes, 3, random)!, 4, random, 100);
    for (const [i, side] of [10, 20, 40, 15, 70, 80].entries())
      expect(Math.abs(found[i]! / side - 1)).toBeLessThan(0.05);
    expect(anchorFitness(sizes, found, 4)).toBeGreaterThan(0.95);
  });

  it('Q34: says so when there are fewer clusters than anchors', () => {
    expect(kMeansAnchors(Float64Array.of(1, 2, 3, 4), 3, randomStream(0))).toBeUndefined();
    const same = Float64Array.from({ length: 40 }, () => 5);
    expect(kMeansAnchors(same, 3, randomStream(0))).toBeUndefined();
  });
});

describe('AutoAnchor', () => {
  it('keeps anchors that fit', () => {
    const result = autoAnchor(datasetOf(threeKinds(60)), [10, 20, 40, 15, 70, 80], options);
    expect(result.anchors).toBeUndefined();
    expect(result.before.bestPossibleRecall).toBe(1);
    expect(result.notes.join()).toContain('kept');
  });

  it('replaces anchors that do not, the same way each time', () => {
    const run = () => autoAnchor(datasetOf(threeKinds(300)), [1, 1, 2, 2, 3, 3], { ...options, generations: 50 });
    const first = run();
    expect(first.before.bestPossibleRecall).toBeLessThan(0.98);
    expect(first.after!.bestPossibleRecall).toBe(1);
    expect(run().anchors).toEqual(first.anchors);
    const areas = Array.from({ length: 3 }, (_, k) => first.anchors![2 * k]! * first.anchors![2 * k + 1]!);
    expect(areas).toEqual(areas.toSorted((a, b) => a - b));
  });

  it('Q34: keeps the old anchors where the search fails', () => {
    const result = autoAnchor(datasetOf([[50, 50]]), [1, 1, 2, 2, 3, 3], options);
    expect(result.anchors).toBeUndefined();
    expect(result.notes.join()).toContain('1 labels do not give 3 clusters');
  });

  it('tells labels that are hardly visible', () => {
    const result = autoAnchor(datasetOf([[2.5, 50], ...threeKinds(30)]), [1, 1, 2, 2, 3, 3], {
      ...options,
      generations: 5,
    });
    expect(result.notes[0]).toBe('1 of 31 labels are smaller than 3 px');
  });

  it('measures labels at the long side of the training image', () => {
    expect(Array.from(labelSizes(datasetOf([[50, 20]]), 640))).toEqual([320, 128]);
  });
});

describe('the start of a run', () => {
  const yaml = `nc: 1
depth_multiple: 1.0
width_multiple: 1.0
anchors: [[1, 1, 2, 2], [3, 3, 4, 4]]
backbone: [[-1, 1, Conv, [8, 3, 2]], [-1, 1, Conv, [8, 3, 2]]]
head: [[[0, 1], 1, Detect, [nc, anchors]]]
`;
  const config = { imgsz: 100, seed: 1, hyp: hypDefaults, autoAnchor: true } as RunConfig;
  const startOf = (hypAnchors?: number) => {
    const model = resolveModel(parseModelYaml(yaml, 'm.yaml'), { hypAnchors });
    return { model, state: initialState(model, 0), resume: undefined, notes: [] };
  };

  it('Q35: puts new anchors into the model and into the state that weights and average start from', () => {
    const { model, state, notes } = withFittedAnchors(startOf(), config, datasetOf(threeKinds(90)));
    expect(notes.join()).toContain('replaced');
    // In units of cells: pixels by stride 2 and 4.
    const pixels = model.anchorsPx.flat(2);
    const grid = pixels.map((side, i) => Math.fround(side / (i < 4 ? 2 : 4)));
    expect(Array.from(state.get(anchorsName(model))!)).toEqual(grid);
    expect(anchorFit(labelSizes(datasetOf(threeKinds(90)), 100), pixels, 4).bestPossibleRecall).toBe(1);
  });

  it('leaves everything as it is with --noautoanchor', () => {
    const start = startOf();
    expect(withFittedAnchors(start, { ...config, autoAnchor: false }, datasetOf(threeKinds(90)))).toBe(start);
  });

  it('Q38: replaces placeholders whatever their fit, and refuses to train with them', () => {
    const fitted = withFittedAnchors(startOf(1), config, datasetOf(threeKinds(90)));
    expect(fitted.model.anchorsArePlaceholders).toBe(false);
    expect(() => withFittedAnchors(startOf(1), config, datasetOf([[50, 50]]))).toThrowError(
      expect.objectContaining({ code: 'MODEL_BAD_ANCHORS' }),
    );
  });
});
