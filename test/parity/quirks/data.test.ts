/** Oddities of the reference's sampling (docs/quirks.md). */
import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import { autoAnchor } from '../../../worker/anchors/auto-anchor.js';
import { longSideSize } from '../../../worker/data/geometry/placement.js';
import { diskCache, throughCache } from '../../../worker/data/images/pixel-cache.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { drawWeighted } from '../../../worker/data/plans/image-weights.js';
import { multiScaleSize } from '../../../worker/data/plans/multi-scale.js';
import { rectTrainPlan } from '../../../worker/data/plans/rect-plan.js';
import { withFittedAnchors } from '../../../worker/fitted-start.js';
import { anchorsGrid, anchorsName } from '../../../worker/model/model.js';
import { compileForTest } from '../../support/run-config.js';
import { useTempFolder } from '../../support/temp-folder.js';
import { smallTrainState } from '../../support/train-state.js';
import { datasetConfig, writeSample } from '../../unit/data/support.js';

const inFolder = useTempFolder();

/** A data set of pictures with one box each, of this size (normalised) by their number. */
async function boxes(name: string, size: (i: number) => readonly [number, number], numImages: number) {
  const root = inFolder(name);
  for (let i = 0; i < numImages; i++) await writeSample(root, `i${i}`, `0 0.5 0.5 ${size(i).join(' ')}\n`);
  const config = datasetConfig(root);
  return openDataset(config.train, config, {
    split: 'train',
    singleCls: false,
    onBadSample: 'fail',
    cacheDir: inFolder(`${name}-cache`),
  });
}

it('Q20: a cache on disk keeps one picture per size, and the native size stays the data set’s', async () => {
  const dataset = await boxes('q20', () => [0.5, 0.5], 1);
  const table = diskCache(inFolder('q20-pixels'));
  const made: number[] = [];
  const load = (imgsz: number) =>
    throughCache(table, dataset, { index: 0, imgsz, kernel: 'bilinear' }, async () => {
      made.push(imgsz);
      const { width, height } = longSideSize(30, 40, imgsz);
      return { data: new Uint8Array(width * height * 3).fill(imgsz), width, height };
    });
  const widths: number[] = [];
  for (const imgsz of [20, 40, 20]) widths.push((await load(imgsz)).width);
  expect(widths).toEqual([20, 40, 20]);
  expect(made).toEqual([20, 40]);
  expect(dataset.size(0)).toEqual([40, 30]);
  expect(await readdir(inFolder('q20'))).toEqual(['images', 'labels']);
});

it('Q26: the draws of a sample follow from seed, epoch, image and purpose, whichever thread makes it', () => {
  const draw = (...key: (number | string)[]): number => randomStream(5, 'sample', ...key).uniform(0, 1);
  expect(draw(0, 7, 'hsv')).toBe(draw(0, 7, 'hsv'));
  const others = [draw(0, 7, 'hsv'), draw(1, 7, 'hsv'), draw(0, 8, 'hsv'), draw(0, 7, 'flipud')];
  expect(new Set(others).size).toBe(4);
});

it('Q34: labels that give too few clusters leave the old anchors', async () => {
  // Three labels, all of one size that no anchor comes near: 4·3 px is far below 100 px.
  const dataset = await boxes('q34', () => [0.1, 0.1], 3);
  const old = [100, 100, 200, 200, 300, 300, 400, 400, 500, 500, 600, 600];
  const { anchors, before, notes } = autoAnchor(dataset, old, { imgsz: 40, threshold: 4, seed: 1 });
  expect(before.bestPossibleRecall).toBe(0);
  expect(anchors).toBeUndefined();
  expect(notes.join()).toMatch(/old anchors are kept/);
});

it('Q35: fitted anchors are in the state before training, so the average starts with them', async () => {
  const { model, state } = smallTrainState();
  // Long flat boxes, 33 to 36 times as wide as high in pixels of 4:3 pictures: no usual anchor has such sides.
  const dataset = await boxes('q35', (i) => [0.5 + 0.03 * i, 0.02 + 0.001 * i], 12);
  const config = await compileForTest({ cfg: 'yolov3-tiny', imgsz: '640' });
  const start = withFittedAnchors({ model, state, resume: undefined, notes: [] }, config, dataset);
  expect(start.notes.join()).toMatch(/replaced by/);
  expect(start.model.anchorsPx).not.toEqual(model.anchorsPx);
  expect(start.state.get(anchorsName(model))).toEqual(anchorsGrid(start.model));
});

it('Q38: a number of anchors without sizes is refused where nothing may fit them', async () => {
  const { model, state } = smallTrainState();
  const dataset = await boxes('q38', () => [0.5, 0.5], 2);
  const start = { model: { ...model, anchorsArePlaceholders: true }, state, resume: undefined, notes: [] };
  const config = await compileForTest({ cfg: 'yolov3-tiny', noautoanchor: true });
  expect(() => withFittedAnchors(start, config, dataset)).toThrow(
    expect.objectContaining({ code: 'MODEL_BAD_ANCHORS' }),
  );
});

it('Q40: the size of a step follows from its number, so ranks agree, and its bounds are whole', () => {
  const sizes = Array.from({ length: 500 }, (_, step) => multiScaleSize(640, 3, step));
  expect(sizes).toEqual(Array.from({ length: 500 }, (_, step) => multiScaleSize(640, 3, step)));
  // Reference section 5.6: at 640 from 320 to 960 in steps of 32.
  expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([320, 960]);
  expect(sizes.every((size) => size % 32 === 0)).toBe(true);
});

it('Q41: image weights that are all zero draw every image alike', () => {
  const drawn = drawWeighted(new Float64Array(50), 1, 0);
  expect(drawn).toHaveLength(50);
  // 50 draws from 50 give 32 different ones on average (1 − 1/e).
  expect(new Set(drawn).size).toBeGreaterThan(20);
});

it('Q53: with --rect whole groups of one shape are dealt to the ranks', () => {
  const sizes = Array.from({ length: 23 }, (_, i): [number, number] =>
    i % 3 === 0 ? [640, 480] : [300 + 10 * i, 640],
  );
  const plan = rectTrainPlan(sizes, 8, 2, 640);
  const seen: number[] = [];
  for (let step = 0; step < plan.stepsPerEpoch; step++) {
    for (const rank of [0, 1]) {
      const images = [...plan.microbatch(step, rank)];
      seen.push(...images);
      const { height, width } = plan.shape!(step, rank);
      for (const image of images) {
        // Scaled to its long side of 640, every picture of the group fits its shape.
        const [w, h] = sizes[image]!;
        const scale = 640 / Math.max(w, h);
        expect([h * scale <= height + 1e-6, w * scale <= width + 1e-6]).toEqual([true, true]);
      }
    }
  }
  expect(seen.sort((a, b) => a - b)).toEqual(sizes.map((_, i) => i));
});
