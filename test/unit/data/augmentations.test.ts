import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import {
  clahePlaneInPlace,
  equaliseHistogramInPlace,
  equalisePlaneInPlace,
} from '../../../worker/data/augment/clahe.js';
import { drawObjects, pasteMirrored } from '../../../worker/data/augment/copy-paste.js';
import { cutout, replicate } from '../../../worker/data/augment/cutout.js';
import { applyFilters, drawFilters, FILTER_STAGES } from '../../../worker/data/augment/filter-stages.js';
import {
  boxBlur,
  brightnessContrastTable,
  gammaTable,
  greyInPlace,
  medianBlur,
  reflectIndex,
} from '../../../worker/data/augment/filters.js';
import { changeLightness } from '../../../worker/data/augment/lab.js';
import { composeMosaic9, mosaic9Origins } from '../../../worker/data/augment/mosaic9.js';
import { emptyMask, fillPolygon } from '../../../worker/data/augment/polygon-fill.js';
import type { RgbImage } from '../../../worker/data/images/image.js';
import { hypDefaults } from '../../support/hyp.js';

function noise(width: number, height: number, key: number): RgbImage {
  const random = randomStream('noise', key);
  return { data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255)), width, height };
}

function solid(width: number, height: number, colour: readonly number[]): RgbImage {
  return { data: Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!), width, height };
}

/** The value of a channel, with an index rule for what lies outside. */
function at(image: RgbImage, x: number, y: number, c: number, rule: (i: number, n: number) => number): number {
  return image.data[(rule(y, image.height) * image.width + rule(x, image.width)) * 3 + c]!;
}

/** Every value of a square around each pixel, by plain loops. */
function squares(image: RgbImage, size: number, rule: (i: number, n: number) => number): number[][] {
  const radius = (size - 1) / 2;
  return Array.from(image.data, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % image.width, Math.floor(i / 3 / image.width), i % 3];
    const values: number[] = [];
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) values.push(at(image, x + dx, y + dy, c, rule));
    }
    return values;
  });
}

describe('blurs', () => {
  const sizes = fc.record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    size: fc.constantFrom(3, 5, 7),
    key: fc.nat(),
  });

  it('a box blur is the mean over the square, with reflected borders', () => {
    fc.assert(
      fc.property(sizes, ({ width, height, size, key }) => {
        const image = noise(width, height, key);
        const means = squares(image, size, reflectIndex).map((v) => v.reduce((a, b) => a + b, 0) / v.length);
        const blurred = boxBlur(image, size).data;
        // Half a level is the rounding.
        expect(means.every((mean, i) => Math.abs(blurred[i]! - mean) <= 0.5)).toBe(true);
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it('a median blur is the middle value of the square, with repeated borders', () => {
    const clamp = (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1);
    fc.assert(
      fc.property(sizes, ({ width, height, size, key }) => {
        const image = noise(width, height, key);
        const medians = squares(image, size, clamp).map((v) => v.sort((a, b) => a - b)[(v.length - 1) / 2]!);
        expect(Array.from(medianBlur(image, size).data)).toEqual(medians);
      }),
      { numRuns: 30, seed: 1 },
    );
  });
});

describe('tones', () => {
  it('grey is BT.601 luma in all channels', () => {
    const image = solid(2, 1, [200, 100, 50]);
    greyInPlace(image);
    // 0.299 · 200 + 0.587 · 100 + 0.114 · 50 = 124.2
    expect(Array.from(image.data)).toEqual([124, 124, 124, 124, 124, 124]);
  });

  it('contrast 1 without brightness and gamma 1 change nothing; values are cut at both ends', () => {
    const identity = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(brightnessContrastTable(1, 0)).toEqual(identity);
    expect(gammaTable(1)[255]).toBe(255);
    // 200 · 1.2 + 0.2 · 255 = 291, 10 · 0.8 − 0.2 · 255 = −43
    expect(brightnessContrastTable(1.2, 0.2)[200]).toBe(255);
    expect(brightnessContrastTable(0.8, -0.2)[10]).toBe(0);
    // (128/255)^1.2 · 255 = 111.5
    expect(gammaTable(1.2)[128]).toBe(111);
  });

  it('equalisation spreads values over the whole range and keeps their order', () => {
    const plane = { data: Uint8Array.of(100, 100, 101, 102), width: 2, height: 2 };
    equalisePlaneInPlace(plane);
    // The least becomes 0; of the two others the first has half of the rest at or below it.
    expect(Array.from(plane.data)).toEqual([0, 0, 128, 255]);
    const flat = solid(4, 4, [90, 90, 90]);
    equaliseHistogramInPlace(flat);
    expect(new Set(flat.data)).toEqual(new Set([90]));
  });

  it('CLAHE raises weak contrast, less with a lower limit, and is the same for every tile of an even picture', () => {
    const spread = (limit: number): number => {
      const plane = { data: Uint8Array.from({ length: 64 * 64 }, (_, i) => 100 + (i % 8)), width: 64, height: 64 };
      clahePlaneInPlace(plane, limit);
      return Math.max(...plane.data) - Math.min(...plane.data);
    };
    expect(spread(40)).toBeGreaterThan(spread(4));
    expect(spread(4)).toBeGreaterThan(7);
  });

  it('changing lightness by nothing changes nothing, and grey stays grey', () => {
    const image = noise(8, 8, 1);
    const before = image.data.slice();
    changeLightness(image, () => undefined);
    expect(image.data).toEqual(before);
    const grey = solid(2, 2, [60, 60, 60]);
    changeLightness(grey, (plane) => plane.data.fill(128));
    const [r = 0, g = 0, b = 0] = grey.data;
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThanOrEqual(1);
    // L* = 128 / 2.55 = 50.2 is the grey of sRGB 119 or 120.
    expect(Math.abs(g - 119.5)).toBeLessThanOrEqual(1);
  });
});

describe('the filter stages', () => {
  it('do nothing at probability 0, and each does something at probability 1', async () => {
    const draws = (purpose: string) => randomStream(1, purpose);
    const image = noise(24, 16, 2);
    expect((await applyFilters({ ...image, data: image.data.slice() }, drawFilters(hypDefaults, draws))).data).toEqual(
      image.data,
    );
    for (const { name } of FILTER_STAGES) {
      const filtered = await applyFilters(
        { ...image, data: image.data.slice() },
        drawFilters({ ...hypDefaults, [name]: 1 }, draws),
      );
      expect([filtered.width, filtered.height, filtered.data.length]).toEqual([24, 16, image.data.length]);
      expect(filtered.data, name).not.toEqual(image.data);
    }
  });

  it('happen as often as their probability says', async () => {
    const hyp = { ...hypDefaults, gray: 0.25 };
    let count = 0;
    for (let i = 0; i < 400; i++) {
      const filters = drawFilters(hyp, (purpose) => randomStream(i, purpose));
      const image = await applyFilters(solid(1, 1, [10, 20, 200]), filters);
      if (image.data[0] === image.data[2]) count++;
    }
    // 400 draws at 0.25: mean 100, standard deviation 8.7.
    expect(Math.abs(count - 100)).toBeLessThan(35);
  });
});

describe('filled polygons', () => {
  it('contain their corners, edges and inside', () => {
    const mask = emptyMask(12, 12);
    fillPolygon(mask, [1, 1, 9, 1, 1, 9]);
    const filled = Array.from(mask.data, (value, i) => (value === 1 ? [i % 12, Math.floor(i / 12)] : [])).filter(
      (point) => point.length > 0,
    ) as [number, number][];
    // The points with x ≥ 1, y ≥ 1 and x + y ≤ 10: 9 + 8 + … + 1.
    expect(filled).toHaveLength(45);
    expect(filled.every(([x, y]) => x >= 1 && y >= 1 && x + y <= 10)).toBe(true);
  });

  it('may leave the picture', () => {
    const mask = emptyMask(4, 4);
    fillPolygon(mask, [-5, -5, 10, -5, 10, 10, -5, 10]);
    expect(mask.data.every((value) => value === 1)).toBe(true);
  });
});

describe('copy-paste', () => {
  const square = (x: number, y: number): Float32Array => Float32Array.of(x, y, x + 4, y, x + 4, y + 4, x, y + 4);

  it('chooses the rounded share of the objects that have an outline', () => {
    const polygons = [square(0, 0), new Float32Array(0), square(8, 0), square(16, 0)];
    expect(drawObjects(polygons, 0.5, randomStream(1))).toHaveLength(2); // 1.5 rounds to the even 2
    expect(drawObjects(polygons, 1, randomStream(2)).toSorted((a, b) => a - b)).toEqual([0, 2, 3]);
    expect(drawObjects(polygons, 0.1, randomStream(3))).toEqual([]);
  });

  it('does not paste over a box of which 30 % would be covered', () => {
    const image = noise(20, 10, 3);
    // Mirrored, the second object would lie exactly on the first.
    const labels = Float32Array.of(0, 2, 2, 6, 6, 1, 14, 2, 18, 6);
    const pasted = pasteMirrored({ image, labels, polygons: [square(2, 2), square(14, 2)] }, [1]);
    expect(pasted.labels).toEqual(labels);
    const free = pasteMirrored({ image, labels: labels.slice(0, 5), polygons: [square(2, 2)] }, [0]);
    expect(Array.from(free.labels.subarray(5))).toEqual([0, 14, 2, 18, 6]);
  });
});

describe('mosaic of nine', () => {
  it('puts tiles around the first without gaps, and cuts a window', () => {
    const size = 16;
    const tiles = Array.from({ length: 9 }, (_, i) => ({
      image: solid(size, size, [i + 1, i + 1, i + 1]),
      labels: Float32Array.of(i, 0.5, 0.5, 1, 1),
      polygons: [],
    }));
    const origins = mosaic9Origins(
      tiles.map((tile) => tile.image),
      size,
    );
    // Equal squares make a grid of three by three: nine different places.
    expect(new Set(origins.map(({ x, y }) => `${x / size},${y / size}`)).size).toBe(9);
    const scene = composeMosaic9(tiles, { x: 8, y: 8 }, size);
    expect([scene.image.width, scene.image.height]).toEqual([32, 32]);
    expect(scene.image.data.includes(114)).toBe(false);
    // The first tile lies at (16, 16) of the canvas, so at (8, 8) of the window, whole.
    expect(Array.from(scene.labels.subarray(0, 5))).toEqual([0, 8, 8, 24, 24]);
    expect(scene.image.data[(8 * 32 + 8) * 3]).toBe(1);
  });
});

describe('cutout and replicate', () => {
  it('cutout paints inside the picture and drops labels that it covers', () => {
    const image = solid(64, 64, [0, 0, 0]);
    const labels = Float32Array.of(0, 0, 0, 64, 64, 1, 30, 30, 31, 31);
    const kept = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const scene = cutout({ image: { ...image, data: image.data.slice() }, labels, polygons: [] }, randomStream(i));
      expect(scene.image.data.some((v) => v >= 64)).toBe(true);
      kept.add(scene.labels.length / 5);
    }
    // The large box can never be covered by more than a quarter; the small one sometimes is.
    expect([...kept].toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  it('replicate copies the pixels of the smaller half', () => {
    const image = noise(32, 32, 5);
    const labels = Float32Array.of(0, 2, 2, 8, 8, 1, 0, 0, 30, 30);
    const original = image.data.slice();
    const scene = replicate({ image, labels, polygons: [] }, randomStream(1));
    const [classId, x = 0, y = 0, x2 = 0, y2 = 0] = scene.labels.subarray(10);
    expect([classId, x2 - x, y2 - y]).toEqual([0, 6, 6]);
    expect(image.data[(y * 32 + x) * 3]).toBe(original[(2 * 32 + 2) * 3]);
  });
});
