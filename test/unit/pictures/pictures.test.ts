import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type BatchTiles, drawBatch } from '../../../worker/pictures/batch-picture.js';
import { drawCorrelogram } from '../../../worker/pictures/correlogram-picture.js';
import { classColour, Drawing } from '../../../worker/pictures/drawing.js';
import { textPath, textWidthPx } from '../../../worker/pictures/glyphs.js';
import { drawLabels } from '../../../worker/pictures/labels-picture.js';

/** `n` grey tiles; each has one box of class 1 in its middle, half as wide and high. */
function tiles(n: number, side: number): BatchTiles {
  return {
    images: new Uint8Array(n * side * side * 3).fill(128),
    numImages: n,
    height: side,
    width: side,
    targets: Float32Array.from(Array.from({ length: n }, (_, i) => [i, 1, 0.5, 0.5, 0.5, 0.5]).flat()),
    names: Array.from({ length: n }, (_, i) => `image ${i}.jpg`),
  };
}

async function pixels(jpeg: Buffer) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  return { width: info.width, height: info.height, at };
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

function rgb(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

describe('the picture of a batch', () => {
  it('places tiles column by column and draws each box on its own tile', async () => {
    // Three tiles in a 2×2 grid: 0 above 1 on the left, 2 on the right, the last place stays white.
    const picture = await pixels(await drawBatch(tiles(3, 320), ['a', 'b']));
    expect([picture.width, picture.height]).toEqual([640, 640]);
    const colour = rgb(classColour(1));
    // The right edges of the boxes: three quarters of a tile, half way down.
    for (const [x, y] of [
      [240, 160],
      [240, 480],
      [560, 160],
    ] as const)
      expect(distance(picture.at(x, y), colour)).toBeLessThan(60);
    expect(distance(picture.at(160, 160), [128, 128, 128])).toBeLessThan(20);
    expect(distance(picture.at(480, 480), [255, 255, 255])).toBeLessThan(10);
  });

  it('is never larger than 1920 px', async () => {
    const picture = await pixels(await drawBatch(tiles(9, 800), []));
    expect([picture.width, picture.height]).toEqual([1920, 1920]);
  });
});

describe('the picture of a batch of small images', () => {
  it('enlarges them until text has room', async () => {
    // 5 tiles in a 3×3 grid; 64 px become 320 px each.
    const picture = await pixels(await drawBatch(tiles(5, 64), ['a', 'b']));
    expect([picture.width, picture.height]).toEqual([960, 960]);
  });
});

describe('the label plot', () => {
  it('shows bars, box shapes and both histograms', async () => {
    const labels = Float32Array.from([0, 0.5, 0.5, 0.2, 0.2, 1, 0.25, 0.75, 0.9, 0.1, 1, 0.25, 0.75, 0.9, 0.1]);
    const picture = await pixels(await drawLabels(labels, ['circle', 'square']));
    expect(picture.width).toBe(picture.height);
    // The bar of class 1, the fuller one, covers the right half of the upper left panel up to its top.
    expect(distance(picture.at(20 + 585, 100), rgb(classColour(1)))).toBeLessThan(40);
    // Upper left panel, left bar: half as high, so its upper part is white.
    expect(distance(picture.at(20 + 100, 100), [255, 255, 255])).toBeLessThan(10);
  });

  it('can be drawn without any label', async () => {
    expect((await pixels(await drawLabels(new Float32Array(0), ['a']))).width).toBeGreaterThan(0);
  });
});

describe('the correlogram', () => {
  it('shows pairs below the diagonal, bars on it, and nothing above', async () => {
    // x 0.21 and y 0.81: the eleventh and forty-first of fifty cells of 380 / 50 = 7.6 px. Panels begin at 56, 456, … and 20, 420, ….
    const labels = Float32Array.from([0, 0.21, 0.81, 0.41, 0.61]);
    const picture = await pixels(await drawCorrelogram(labels));
    const cell = (k: number): number => 7.6 * k + 3.8;
    const dark = (x: number, y: number): boolean =>
      distance(picture.at(Math.round(x), Math.round(y)), [255, 255, 255]) > 80;
    // Row y, column x.
    expect(dark(56 + cell(10), 420 + cell(40))).toBe(true);
    expect(dark(56 + cell(30), 420 + cell(10))).toBe(false);
    // Row height (0.61: cell 30), column width (0.41: cell 20).
    expect(dark(856 + cell(20), 1220 + cell(30))).toBe(true);
    // The bar of x reaches nine tenths of its panel.
    expect(dark(56 + cell(10), 20 + 380 * 0.15)).toBe(true);
    expect(dark(56 + cell(10), 20 + 380 * 0.05)).toBe(false);
    // Row x, column height.
    expect(dark(1256 + cell(30), 20 + cell(10))).toBe(false);
  });

  it('can be drawn without any label', async () => {
    expect((await pixels(await drawCorrelogram(new Float32Array(0)))).width).toBeGreaterThan(0);
  });
});

describe('text in pictures', () => {
  it('is there on machines without fonts', async () => {
    const drawing = new Drawing(100, 20);
    drawing.text('Übung 12', 2, 2, 14, { fill: '#000000' });
    expect(drawing.toSvg().toString()).not.toContain('<text');
    const { channels } = await sharp(drawing.toSvg()).flatten({ background: '#ffffff' }).stats();
    expect(channels[0]!.min).toBeLessThan(64);
  });

  it('draws a letter square by square', () => {
    // A hyphen of 7 px: the fourth of seven rows, all five columns.
    expect(textPath('-', 0, 0, 7)).toBe('M0.00 3.00h5.00v1.00h-5.00z');
    expect(textWidthPx('--', 7)).toBe(11);
  });
});
