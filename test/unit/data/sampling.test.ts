import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../worker/data/dataset.js';
import { allocateRamCache, diskCache, type PixelCacheTable } from '../../../worker/data/images/pixel-cache.js';
import type { BatchRequest } from '../../../worker/data/loader/batch.js';
import { layoutBatch, targetRows } from '../../../worker/data/loader/batch-layout.js';
import { type LoaderOptions, openLoader } from '../../../worker/data/loader/loader.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { drawWeighted, epochClassWeights } from '../../../worker/data/plans/image-weights.js';
import { multiScaleSize, scaleShape } from '../../../worker/data/plans/multi-scale.js';
import { rectTrainPlan } from '../../../worker/data/plans/rect-plan.js';
import { weightedTrainPlan } from '../../../worker/data/plans/train-plan.js';
import { hypDefaults } from '../../support/hyp.js';
import { datasetConfig, temporaryFolder, writeSample } from './support.js';

const OUTLINE = '0 0.2 0.2 0.6 0.2 0.6 0.6 0.2 0.6\n';
let dataset: Dataset;
let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  for (let i = 0; i < 6; i++)
    await writeSample(root, `image${i}`, `${i % 2} 0.5 0.5 0.4 0.4\n${OUTLINE}`, [64 + 8 * i, 48]);
  dataset = await openDataset([join(root, 'images')], datasetConfig(root), {
    split: 'train',
    cacheDir: join(root, 'cache'),
  });
});

const everything = {
  ...hypDefaults,
  ...{ mosaic: 0.9, mosaic9: 0.5, mixup: 0.5, copy_paste: 0.5, degrees: 5, flipud: 0.5, perspective: 0.0005 },
  ...{ blur: 0.3, median_blur: 0.3, gray: 0.3, clahe: 0.3, brightness_contrast: 0.3, gamma: 0.3, compression: 0.3 },
};
const options: LoaderOptions = {
  ...{ numThreads: 0, capacityBatches: 2, hyp: everything, augment: true, seed: 5, imgsz: 64 },
};

interface Taken {
  readonly images: Uint8Array;
  readonly targets: Float32Array;
  readonly shape: readonly number[];
}

/** Copies of what a loader makes of the requests. */
async function load(requests: readonly BatchRequest[], overrides: Partial<LoaderOptions> = {}): Promise<Taken[]> {
  await using loader = openLoader(dataset, { ...options, ...overrides });
  for (const request of requests) loader.submit(request);
  const taken: Taken[] = [];
  for (const _ of requests) {
    const batch = await loader.next();
    const { numImages, height, width, targets } = batch;
    taken.push({ images: batch.images.slice(), targets, shape: [numImages, height, width] });
    batch.release();
  }
  return taken;
}

function request(indices: readonly number[], rest: Partial<BatchRequest> = {}): BatchRequest {
  return { epoch: 0, indices: Int32Array.from(indices), height: 64, width: 64, ...rest };
}

describe('a sample with every augmentation', () => {
  it('is the same whatever the number of threads and the order and company of the requests', async () => {
    const single = await load([0, 1, 2, 3, 4, 5].map((index) => request([index])));
    const threads = await load([request([5, 3, 1]), request([0, 2, 4])], { numThreads: 2 });
    [5, 3, 1, 0, 2, 4].forEach((index, k) => {
      const batch = threads[Math.floor(k / 3)]!;
      const at = k % 3;
      expect(batch.images.subarray(at * 64 * 64 * 3, (at + 1) * 64 * 64 * 3)).toEqual(single[index]!.images);
      const rows = Array.from({ length: batch.targets.length / 6 }, (_, i) => batch.targets.subarray(6 * i, 6 * i + 6));
      const mine = rows.filter((row) => row[0] === at).flatMap((row) => [0, ...row.subarray(1)]);
      expect(mine).toEqual(Array.from(single[index]!.targets));
    });
  });

  it('differs from one turn of an image to the next in the same epoch', async () => {
    const turns = (...values: number[]): Partial<BatchRequest> => ({ turns: Int32Array.from(values) });
    const [plain, first, second] = await load([request([2]), request([2], turns(0)), request([2], turns(1))]);
    expect(first).toEqual(plain);
    expect(second!.images).not.toEqual(plain!.images);
  });
});

describe('caches of decoded images', () => {
  it.each(['ram', 'disk'])('the %s cache gives the same samples, also when it is warm', async (kind) => {
    const cache = kind === 'ram' ? allocateRamCache(dataset, 64) : diskCache(join(root, 'pixels'));
    const requests = [request([0, 1, 2, 3, 4, 5]), request([3, 1], { epoch: 1 }), request([0], { epoch: 2 })];
    for (const hyp of [everything, { ...everything, mosaic: 0, degrees: 0, translate: 0, scale: 0, perspective: 0 }]) {
      const without = await load(requests, { hyp });
      expect(await load(requests, { hyp, cache: cache as PixelCacheTable })).toEqual(without);
      expect(await load(requests, { hyp, cache: cache as PixelCacheTable })).toEqual(without);
      // Threads share what lies in memory.
      if (kind === 'ram' && hyp === everything) {
        expect(await load(requests, { hyp, cache: cache as PixelCacheTable, numThreads: 1 })).toEqual(without);
      }
    }
  });

  it('memory that would not suffice is not taken, and it is said how much it would be', () => {
    // Widths 64 … 104 at a height of 48, scaled to a long side of 64: 64·48, 64·42, 64·38, 64·34, 64·32, 64·29 pixels.
    expect(allocateRamCache(dataset, 64, 1000)).toEqual({ neededBytes: 3 * 64 * (48 + 42 + 38 + 34 + 32 + 29) });
  });

  it('a file in the disk cache is not used once the image has changed', async () => {
    const folder = await temporaryFolder();
    await writeSample(folder, 'a', '0 0.5 0.5 0.4 0.4\n', [64, 64]);
    const open = () =>
      openDataset([join(folder, 'images')], datasetConfig(folder), { split: 'train', cacheDir: folder });
    const still = { ...options, hyp: hypDefaults, augment: false, cache: diskCache(join(folder, 'pixels')) };
    const corner = async (): Promise<number> => {
      await using loader = openLoader(await open(), still);
      loader.submit(request([0]));
      const batch = await loader.next();
      return batch.images.at(-1)!;
    };
    expect(await corner()).toBe(40);
    const { png, write } = await import('./support.js');
    await write(join(folder, 'images', 'a.png'), await png(64, 64, 77));
    expect(await corner()).toBe(77);
  });
});

describe('the quad collate', () => {
  it('joins four samples in one image of twice the size, the second below the first, or enlarges the first', async () => {
    const groups = Array.from({ length: 16 }, (_, epoch) => request([0, 1, 2, 3], { epoch, quad: true }));
    const enlarged = groups.map((group) => layoutBatch(group, 5).cells[1] === undefined);
    expect(new Set(enlarged)).toEqual(new Set([true, false]));
    const grid = groups[enlarged.indexOf(false)]!;
    const [quad, ...singles] = await load([grid, ...[0, 1, 2, 3].map((i) => request([i], { epoch: grid.epoch }))]);
    expect(quad!.shape).toEqual([1, 128, 128]);
    const rowOf = (row: number, left: number): Uint8Array =>
      quad!.images.subarray((row * 128 + left) * 3, (row * 128 + left + 64) * 3);
    for (const [i, top, left] of [
      [0, 0, 0],
      [1, 64, 0],
      [2, 0, 64],
      [3, 64, 64],
    ] as const) {
      expect(rowOf(top + 10, left)).toEqual(singles[i]!.images.subarray(10 * 64 * 3, 11 * 64 * 3));
    }
    const numTargets = singles.reduce((sum, { targets }) => sum + targets.length, 0);
    expect(quad!.targets).toHaveLength(numTargets);
  });

  it('shifts and halves labels, and leaves those of an enlarged image', () => {
    const layout = layoutBatch(request([0, 1, 2], { quad: true }), 1);
    // Three images always make a grid with one grey cell.
    expect(layout.empty).toEqual([{ image: 0, top: 64, left: 64, height: 64, width: 64 }]);
    const rows = targetRows(Float32Array.of(7, 0.5, 0.25, 0.5, 0.5), layout.cells[1]!, layout);
    expect(rows).toEqual([0, 7, 0.25, 0.625, 0.25, 0.25]);
    const whole = { image: 2, top: 0, left: 0, height: 128, width: 128 };
    expect(targetRows(Float32Array.of(7, 0.5, 0.25, 0.5, 0.5), whole, layout)).toEqual([2, 7, 0.5, 0.25, 0.5, 0.5]);
  });
});

describe('multi-scale', () => {
  it('draws multiples of 32 from half to one and a half of the image size, the same for a step', () => {
    const sizes = Array.from({ length: 2000 }, (_, step) => multiScaleSize(640, 3, step));
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([320, 960]);
    expect(new Set(sizes).size).toBe(21);
    expect(multiScaleSize(640, 3, 17)).toBe(sizes[17]);
    expect(scaleShape({ height: 480, width: 640 }, 320)).toEqual({ height: 256, width: 320 }); // 240 is raised to 256
  });

  it('resizes samples and keeps their labels', async () => {
    const [plain, scaled] = await load([request([1]), request([1], { scaledTo: { height: 96, width: 96 } })]);
    expect(scaled!.shape).toEqual([1, 96, 96]);
    expect(scaled!.targets).toEqual(plain!.targets);
  });
});

describe('rectangular training', () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 20, max: 200 })), {
    minLength: 1,
    maxLength: 60,
  });

  it('uses each image once, in whole groups of one shape', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (images, ranks, perRank) => {
        const plan = rectTrainPlan(images, ranks * perRank, ranks, 64);
        expect(plan.stepsPerEpoch).toBe(Math.ceil(images.length / (ranks * perRank)));
        const seen: number[] = [];
        for (let step = 0; step < plan.stepsPerEpoch; step++) {
          for (let rank = 0; rank < ranks; rank++) {
            const { height, width } = plan.shape!(step, rank);
            expect([height % 32, width % 32]).toEqual([0, 0]);
            for (const index of plan.microbatch(step, rank)) {
              seen.push(index);
              const [w, h] = images[index]!;
              // Scaled to a long side of 64 the picture fits.
              expect(h * (64 / Math.max(w, h))).toBeLessThanOrEqual(height + 1e-9);
              expect(w * (64 / Math.max(w, h))).toBeLessThanOrEqual(width + 1e-9);
            }
          }
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual(images.map((_, i) => i));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('makes no mosaics, also where a group is square', async () => {
    const hyp = { ...hypDefaults, mosaic: 1, translate: 0, scale: 0, fliplr: 0, hsv_h: 0, hsv_s: 0, hsv_v: 0 };
    const [batch] = await load([request([0])], { hyp, rect: true });
    // 64×48 centred in 64×64: grey above and below.
    expect([batch!.images[0], batch!.images.at(-1)]).toEqual([114, 114]);
    expect(batch!.targets).toHaveLength(12);
  });
});

describe('image weights', () => {
  it('draw images in proportion, and uniformly when all are zero', () => {
    const counts = (weights: number[]): number[] => {
      const drawn = drawWeighted(
        Float64Array.from({ length: 3000 }, (_, i) => weights[i % 3]!),
        1,
        0,
      );
      return [0, 1, 2].map((k) => drawn.filter((index) => index % 3 === k).length);
    };
    const [none, once, thrice] = counts([0, 1, 3]);
    expect(none).toBe(0);
    // 3000 draws at 1/4: mean 750, standard deviation 24.
    expect(Math.abs(once! - 750)).toBeLessThan(100);
    expect(once! + thrice!).toBe(3000);
    expect(Math.min(...counts([0, 0, 0]))).toBeGreaterThan(850);
  });

  it('fall with the square of what a class has learnt', () => {
    // Class weights 1/4 and 1/2 before normalising, that is 1/3 and 2/3; then times (1 − 0.5)² and (1 − 0)².
    expect(Array.from(epochClassWeights([4, 2], [0.5, 0])).map((v) => v.toFixed(6))).toEqual(['0.083333', '0.666667']);
  });

  it('count the turns of an image within an epoch', () => {
    const plan = weightedTrainPlan(Int32Array.of(2, 0, 2, 2, 0, 1), 4, 2);
    expect(plan.stepsPerEpoch).toBe(2);
    expect([0, 1].map((rank) => Array.from(plan.microbatch(0, rank)))).toEqual([
      [2, 0],
      [2, 2],
    ]);
    expect([0, 1].map((rank) => Array.from(plan.turns!(0, rank)))).toEqual([
      [0, 0],
      [1, 2],
    ]);
    expect([0, 1].map((rank) => Array.from(plan.turns!(1, rank)))).toEqual([[1], [0]]);
  });
});
