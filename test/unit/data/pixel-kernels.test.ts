import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import { flipHorizontallyInPlace } from '../../../worker/data/augment/flip.js';
import { applyHsvInPlace, areProductsExact, hsvTables } from '../../../worker/data/augment/hsv.js';
import { composeMosaic } from '../../../worker/data/augment/mosaic.js';
import { mosaicView } from '../../../worker/data/augment/mosaic-view.js';
import { drawPerspective, type PerspectiveRanges } from '../../../worker/data/augment/perspective.js';
import { visiblePart, warp } from '../../../worker/data/augment/warp.js';
import type { RgbImage } from '../../../worker/data/images/image.js';
import { decodedPicture } from '../../../worker/data/images/picture.js';
import { pixelHeap } from '../../../worker/data/images/pixel-heap.js';
import { noise, plainHsv, plainWarp } from '../../support/plain-pixels.js';

const random = randomStream(5, 'pixel kernels');
const next = (): number => random.uniform(0, 1);
const AFFINE: PerspectiveRanges = { degrees: 30, translate: 0.2, scale: 0.8, shear: 10, perspective: 0 };
const RANGES: readonly PerspectiveRanges[] = [
  { ...AFFINE, degrees: 0, shear: 0 },
  AFFINE,
  { ...AFFINE, perspective: 0.001 },
  // The horizon may run through the picture.
  { ...AFFINE, perspective: 0.02 },
];

describe('pixel kernels against plain loops', () => {
  it.each(RANGES.map((ranges, i) => [i, ranges] as const))('warp the same, case %i', (_, ranges) => {
    for (const [width, height, border] of [
      [61, 43, 0],
      [96, 96, -24],
      [16, 9, 11],
    ] as const) {
      const source = noise(width, height, next);
      const p = drawPerspective(random, ranges, source, [border, border]);
      expect(Buffer.compare(warp(source, p).data, plainWarp(source, p).data)).toBe(0);
      const { x, y, width: w, height: h } = visiblePart(p, source);
      expect(Math.min(x, y, w, h)).toBeGreaterThanOrEqual(0);
      expect(x + w <= Math.max(width, x) && y + h <= Math.max(height, y)).toBe(true);
    }
  });

  it('jitter colours the same, by factors and by tables', () => {
    const everyLevel = { width: 256, height: 48, data: new Uint8Array(256 * 48 * 3) };
    everyLevel.data.set(noise(256, 47, next).data);
    for (let i = 0; i < 256; i++) everyLevel.data.fill(i, (47 * 256 + i) * 3, (47 * 256 + i) * 3 + 3);
    const pictures = [everyLevel, noise(19, 3, next)];
    // Saturation times −1 is cut off at 0 by the tables, which products do not know.
    const jitters: readonly (readonly [hue: number, saturation: number, value: number])[] = [
      [1, 1, 1],
      [1.0071, 0.45, 1.37],
      [0.9862, 1.66, 0.71],
      [1.02, -1, 2],
    ];
    expect(jitters.map((factors) => areProductsExact(hsvTables(...factors)))).toContain(false);
    expect(areProductsExact(hsvTables(1, 1, 1))).toBe(true);
    for (const factors of jitters) {
      const tables = hsvTables(...factors);
      for (const picture of pictures) {
        const expected = plainHsv(picture, tables);
        const jittered: RgbImage = { ...picture, data: picture.data.slice() };
        applyHsvInPlace(jittered, tables);
        expect(Buffer.compare(jittered.data, expected), factors.join()).toBe(0);
      }
    }
  });

  it('use products where they give the tables, whatever was drawn', () => {
    let numExact = 0;
    for (let i = 0; i < 200; i++) {
      const tables = hsvTables(random.uniform(0.985, 1.015), random.uniform(0.3, 1.7), random.uniform(0.6, 1.4));
      if (areProductsExact(tables)) numExact++;
    }
    expect(numExact).toBeGreaterThan(180);
  });

  it.each([1, 4, 5, 6, 21, 64])('mirror a picture of width %i', (width) => {
    const picture = noise(width, 3, next);
    const mirrored = { ...picture, data: picture.data.slice() };
    flipHorizontallyInPlace(mirrored);
    const expected = picture.data.map((_, i) => {
      const [pixel, channel] = [Math.floor(i / 3), i % 3];
      const row = Math.floor(pixel / width);
      return picture.data[(row * width + width - 1 - (pixel % width)) * 3 + channel]!;
    });
    expect(mirrored.data).toEqual(expected);
  });
});

describe('a mosaic seen through a perspective', () => {
  it.each(RANGES.map((ranges, i) => [i, ranges] as const))('is the canvas warped, case %i', (_, ranges) => {
    const imgsz = 48;
    const sizes = [
      [48, 30],
      [20, 48],
      [48, 48],
      [48, 7],
    ] as const;
    const tiles = sizes.map(([width, height]) => ({
      image: noise(width, height, next),
      labels: Float32Array.from([0, 0.5, 0.5, 0.6, 0.7]),
      polygons: [],
    }));
    for (const center of [
      { x: 50, y: 41 },
      { x: 25, y: 70 },
    ]) {
      const canvas = composeMosaic(tiles, center, imgsz);
      const p = drawPerspective(random, ranges, canvas.image, [-imgsz / 2, -imgsz / 2]);
      const open = tiles.map((tile) => ({ ...tile, image: decodedPicture(tile.image) }));
      const made = pixelHeap().frame(() => {
        const image = mosaicView(open, center, imgsz, p).render();
        return 'data' in image ? new Uint8Array(image.data) : undefined;
      });
      expect(Buffer.compare(made!, plainWarp(canvas.image, p).data)).toBe(0);
    }
  });
});
