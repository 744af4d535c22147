import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMask, type Mask } from '../../../worker/data/augment/polygon-fill.js';
import { decodeBmp } from '../../../worker/data/images/bmp.js';
import { decodeImage, readImageHeader } from '../../../worker/data/images/decode.js';
import { joinOutlines, maskOutlines } from '../../../worker/data/labels/outline.js';
import { decodeRuns, unpackRuns } from '../../../worker/data/labels/run-length.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { datasetConfig, png, temporaryFolder, write } from './support.js';

function maskOf(...rows: string[]): Mask {
  const mask = emptyMask(rows[0]!.length, rows.length);
  for (const [y, row] of rows.entries()) {
    mask.data.set(
      Array.from(row, (c) => (c === '#' ? 1 : 0)),
      y * mask.width,
    );
  }
  return mask;
}

/** Twice the area of a closed outline, by the shoelace formula. */
function doubledArea(points: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < points.length; i += 2) {
    const k = (i + 2) % points.length;
    sum += points[i]! * points[k + 1]! - points[k]! * points[i + 1]!;
  }
  return sum;
}

describe('run lengths', () => {
  it('go down the columns, outside first', () => {
    // Column 0: one outside, two inside; column 1: all inside; column 2: outside.
    const mask = decodeRuns({ counts: [1, 5, 3], size: [3, 3] });
    expect(mask).toEqual(maskOf('.#.', '##.', '##.'));
    expect(decodeRuns({ counts: [1, 5], size: [3, 3] })).toBeUndefined();
  });

  it('are packed into text as differences of every second run, five bits at a time', () => {
    // By hand: 1 → '1'; 5 → '5'; 3 → '3'; the fourth, 7, as 7 − 5 = 2 → '2'; 40 as 40 − 3 = 37 = 1·32 + 5 → 'U' (5 + 32 + 48), '1'.
    expect(unpackRuns('1532U1')).toEqual([1, 5, 3, 7, 40]);
    // −2 in five bits is 30, with its sign bit set: 'N' (30 + 48).
    expect(unpackRuns('456N')).toEqual([4, 5, 6, 3]);
  });
});

describe('outlines', () => {
  it('follow the edges of the pixels, with corners only', () => {
    expect(maskOutlines(maskOf('....', '.##.', '.#..'))).toEqual([[1, 1, 3, 1, 3, 2, 2, 2, 2, 3, 1, 3]]);
  });

  it('keep regions apart that touch at a corner, and leave holes out', () => {
    expect(maskOutlines(maskOf('#.', '.#'))).toHaveLength(2);
    expect(maskOutlines(maskOf('###', '#.#', '###'))).toEqual([[0, 0, 3, 0, 3, 3, 0, 3]]);
  });

  it('enclose as much as the region without holes has pixels, and joining them adds up the areas', () => {
    const masks = fc.array(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(masks, (rows) => {
        const mask = maskOf(...rows.map((row) => row.map((v) => (v ? '#' : '.')).join('')));
        const outlines = maskOutlines(mask);
        const areas = outlines.map((outline) => doubledArea(outline) / 2);
        expect(areas.every((area) => area > 0)).toBe(true);
        const filled = mask.data.reduce((sum, v) => sum + v, 0);
        expect(areas.reduce((sum, area) => sum + area, 0)).toBeGreaterThanOrEqual(filled);
        if (outlines.length > 0) {
          expect(doubledArea(joinOutlines(outlines)) / 2).toBeCloseTo(
            areas.reduce((sum, area) => sum + area, 0),
            9,
          );
        }
      }),
      { seed: 1 },
    );
  });
});

describe('segmentations of a COCO file', () => {
  it('become the polygons of labels: one or several parts, run lengths as numbers or text, or none', async () => {
    const root = await temporaryFolder();
    await write(join(root, 'images', 'a.png'), await png(40, 20, 5));
    const annotation = (segmentation: unknown) => ({ image_id: 1, category_id: 1, bbox: [4, 4, 10, 10], segmentation });
    const json = {
      images: [{ id: 1, file_name: 'a.png', width: 40, height: 20 }],
      categories: [{ id: 1, name: 'class0' }],
      annotations: [
        annotation([[4, 4, 14, 4, 14, 14]]),
        annotation([
          [4, 4, 8, 4, 8, 8],
          [10, 10, 14, 10, 14, 14],
        ]),
        annotation({ counts: [0, 20, 780], size: [20, 40] }),
        annotation({ counts: 'not runs', size: [20, 40] }),
        annotation(undefined),
      ],
    };
    // Rows are alike, so they are told apart by their places.
    for (const [i, entry] of json.annotations.entries()) entry.bbox[0] = 4 + i;
    const path = await write(join(root, 'annotations', 'all.json'), JSON.stringify(json));
    const dataset = await openDataset([path], datasetConfig(root, 1), {
      split: 'train',
      cacheDir: join(root, 'cache'),
    });
    const polygons = dataset.polygons(0).map((polygon) => Array.from(polygon, (v) => Number(v.toFixed(3))));
    expect(polygons[0]).toEqual([0.1, 0.2, 0.35, 0.2, 0.35, 0.7]);
    expect(polygons[1]).toHaveLength(2 * (3 + 4 + 1));
    // The first column, one pixel of 40 wide and the whole height.
    expect(polygons[2]).toEqual([0, 0, 0.025, 0, 0.025, 1, 0, 1]);
    expect(polygons.slice(3)).toEqual([[], []]);
  });
});

/** A bitmap of 3×2 pixels whose red is 10·x, green 20·y and blue 200; 24 or 32 bits, or 8 with a palette. */
function bitmap(bits: 8 | 24 | 32, options: { topDown?: boolean; cut?: number; compression?: number } = {}): Buffer {
  const palette = bits === 8 ? 6 : 0;
  const rowBytes = Math.ceil((3 * bits) / 32) * 4;
  const offset = 54 + 4 * palette;
  const bytes = Buffer.alloc(offset + rowBytes * 2);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(offset, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(3, 18);
  bytes.writeInt32LE(options.topDown ? -2 : 2, 22);
  bytes.writeUInt16LE(bits, 28);
  bytes.writeUInt32LE(options.compression ?? 0, 30);
  bytes.writeUInt32LE(palette, 46);
  for (let y = 0; y < 2; y++) {
    for (let x = 0; x < 3; x++) {
      const at = offset + (options.topDown ? y : 1 - y) * rowBytes + (x * bits) / 8;
      const colour = bits === 8 ? 54 + 4 * (y * 3 + x) : at;
      if (bits === 8) bytes[at] = y * 3 + x;
      bytes.set([200, 20 * y, 10 * x], colour);
    }
  }
  return bytes.subarray(0, bytes.length - (options.cut ?? 0));
}

describe('bitmaps', () => {
  const expected = [0, 0, 200, 10, 0, 200, 20, 0, 200, 0, 20, 200, 10, 20, 200, 20, 20, 200];

  it.each([
    ['24 bits', bitmap(24)],
    ['32 bits', bitmap(32)],
    ['a palette', bitmap(8)],
    ['rows from the top', bitmap(24, { topDown: true })],
  ])('of %s are read', async (name, bytes) => {
    expect(Array.from(decodeBmp(bytes).data)).toEqual(expected);
    const path = await write(join(await temporaryFolder(), `${name}.BMP`), bytes);
    expect(await readImageHeader(path)).toEqual({ width: 3, height: 2, format: 'bmp' });
    expect(Array.from((await decodeImage(path)).data)).toEqual(expected);
  });

  it('that are cut off, compressed or no bitmaps are refused by name', async () => {
    const folder = await temporaryFolder();
    for (const [i, bytes] of [bitmap(24, { cut: 5 }), bitmap(24, { compression: 1 }), Buffer.from('BM')].entries()) {
      const path = await write(join(folder, `${i}.bmp`), bytes);
      await expect(decodeImage(path)).rejects.toMatchObject({
        code: 'DATA_IMAGE_UNREADABLE',
        message: expect.stringContaining(path),
      });
    }
  });

  it('PNG data with the suffix of a bitmap is read as what it is', async () => {
    const path = await write(join(await temporaryFolder(), 'a.bmp'), await png(12, 8, 9));
    expect(await readImageHeader(path)).toMatchObject({ width: 12, format: 'png' });
  });
});
