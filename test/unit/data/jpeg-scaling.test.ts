/** JPEG files decoded at a fraction of their size, against whole decoding and area reduction. */
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DEFAULT_HYP } from '../../../configs/schema/hyp.js';
import { randomStream } from '../../../proto/random.js';
import { decodeImage, openPicture } from '../../../worker/data/images/decode.js';
import type { Rectangle, RgbImage } from '../../../worker/data/images/image.js';
import { decodeJpeg } from '../../../worker/data/images/jpeg.js';
import { readJpegHeader } from '../../../worker/data/images/jpeg-header.js';
import { resizedPicture, wholePicture } from '../../../worker/data/images/picture.js';
import { pixelHeap } from '../../../worker/data/images/pixel-heap.js';
import { type Reduction, reducedSize, reductionFor } from '../../../worker/data/images/reduction.js';
import { resizeArea } from '../../../worker/data/images/resize.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { loadSample, type SampleOptions } from '../../../worker/data/sample.js';
import { SMALL_JPEGS } from '../../support/small-jpegs.js';
import { datasetConfig, temporaryFolder, write } from './support.js';

/**
 * Waves and edges between 60 and 190: far from 0 and 255, so that coding errors are not cut off, which a mean of coefficients
 * would not see.
 */
function scene(width: number, height: number): RgbImage {
  const random = randomStream(7, 'scene', width, height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (x >> 4) % 3 === 0 ? 20 : 0;
      for (let c = 0; c < 3; c++, at++) {
        data[at] = 115 + 40 * Math.sin(x / 7 + c) * Math.cos(y / 11 - c) + edge + random.uniform(-8, 8);
      }
    }
  }
  return { data, width, height };
}

const raw = ({ data, width, height }: RgbImage) => sharp(data, { raw: { width, height, channels: 3 } });

/** The rectangle as the kernels decode it; undefined where they give up. */
function decodePart(bytes: Uint8Array, part: Rectangle, reduction: Reduction): Uint8Array | undefined {
  const heap = pixelHeap();
  return heap.frame(() => {
    const length = part.width * part.height * 3;
    const address = heap.allocate(length);
    const target = { address, stride: part.width * 3 };
    const isDecoded = decodeJpeg(bytes, readJpegHeader(bytes)!, part, target, reduction);
    return isDecoded ? new Uint8Array(heap.bytes(address, length)) : undefined;
  });
}

function decodeReduced(bytes: Uint8Array, reduction: Reduction): RgbImage {
  const { width, height } = reducedSize(readJpegHeader(bytes)!, reduction);
  return { data: decodePart(bytes, { x: 0, y: 0, width, height }, reduction)!, width, height };
}

/** Largest and mean difference of bytes. */
function difference(a: Uint8Array, b: Uint8Array): { largest: number; mean: number } {
  expect(a.length).toBe(b.length);
  let [largest, sum] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const by = Math.abs(a[i]! - b[i]!);
    largest = Math.max(largest, by);
    sum += by;
  }
  return { largest, mean: sum / a.length };
}

/** The mean of every reduction×reduction pixels of the whole picture; sides must be multiples. */
async function meansOf(bytes: Uint8Array, reduction: Reduction): Promise<RgbImage> {
  const whole = await decodeImage('whole.jpg', bytes);
  return resizeArea(whole, whole.width / reduction, whole.height / reduction);
}

const REDUCTIONS = [2, 4, 8] as const;

describe('a JPEG file decoded at a fraction of its size', () => {
  // Whole decoding rounds each pixel (½ a level, and up to 1/16 by the 13-bit constants), and their mean is rounded again (½);
  // the mean of coefficients is rounded once (½, and 1/16): 1.6 levels apart at most, so 1 in whole bytes.
  it.each(REDUCTIONS)('is, in grey, the mean of its pixels: 1/%i', async (reduction) => {
    const bytes = await raw(scene(176, 112)).greyscale().jpeg({ quality: 90 }).toBuffer();
    const expected = await meansOf(bytes, reduction);
    const { largest } = difference(decodeReduced(bytes, reduction).data, expected.data);
    expect(largest).toBeLessThanOrEqual(1);
  });

  // Blue = Y + 1.772·Cb: each side has ½ of Y, 0.886 of Cb and ½ of the colour's own rounding, twice 1.9 levels and the mean's ½.
  it.each(REDUCTIONS)('is, in colours of full resolution, the mean of its pixels: 1/%i', async (reduction) => {
    const bytes = await raw(scene(176, 112)).jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();
    const expected = await meansOf(bytes, reduction);
    const { largest, mean } = difference(decodeReduced(bytes, reduction).data, expected.data);
    expect(largest).toBeLessThanOrEqual(4);
    expect(mean).toBeLessThan(1);
  });

  // Half-resolution chroma is taken as it lies. Whole decoding blends neighbours first: of two pixels made from one sample the
  // mean has ¾ of it and ⅛ of each neighbour, so 7/16 come from around it at 1/2, fewer at 1/4 and 1/8. Neighbouring samples
  // differ by up to 30 levels here (40·2/7 by the waves, 20 at edges): 13 levels, and up to 4 as above.
  it.each(REDUCTIONS)(
    'is close to the mean of its pixels where chroma has half the resolution: 1/%i',
    async (reduction) => {
      const bytes = await raw(scene(176, 112)).jpeg({ quality: 90, chromaSubsampling: '4:2:0' }).toBuffer();
      const expected = await meansOf(bytes, reduction);
      const { largest, mean } = difference(decodeReduced(bytes, reduction).data, expected.data);
      expect(largest).toBeLessThanOrEqual(17);
      expect(mean).toBeLessThan(2);
    },
  );

  // Of OpenCV's files: chroma halved in rows alone, quartered in rows, restarts. Their ramps vary by few levels between samples.
  it.each(SMALL_JPEGS)('is close to the mean of its pixels with %s', async (_kind, bytes) => {
    const whole = await decodeImage('small.jpg', bytes);
    for (const reduction of REDUCTIONS) {
      const reduced = decodeReduced(bytes, reduction);
      let [sum, count] = [0, 0];
      // What lies beyond the picture's end belongs to the last means of a row and a column only.
      for (let y = 0; y < Math.floor(whole.height / reduction); y++) {
        for (let x = 0; x < 3 * Math.floor(whole.width / reduction); x++, count++) {
          let mean = 0;
          for (let k = 0; k < reduction ** 2; k++) {
            const [row, column] = [
              y * reduction + Math.floor(k / reduction),
              Math.floor(x / 3) * reduction + (k % reduction),
            ];
            mean += whole.data[(row * whole.width + column) * 3 + (x % 3)]! / reduction ** 2;
          }
          sum += Math.abs(mean - reduced.data[y * reduced.width * 3 + x]!);
        }
      }
      expect(sum / count).toBeLessThan(2.5);
    }
  });

  it.each(['4:4:4', '4:2:0'])('gives the same pixels in parts as whole: %s', async (chromaSubsampling) => {
    for (const [width, height] of [
      [161, 97],
      [200, 120],
      [17, 9],
    ] as const) {
      const bytes = await raw(scene(width, height)).jpeg({ chromaSubsampling, quality: 80 }).toBuffer();
      for (const reduction of REDUCTIONS) {
        const whole = decodeReduced(bytes, reduction);
        expect([whole.width, whole.height]).toEqual([Math.ceil(width / reduction), Math.ceil(height / reduction)]);
        const random = randomStream(3, 'parts', width, height, reduction);
        for (let i = 0; i < 8; i++) {
          const [x, y] = [random.integer(0, whole.width - 1), random.integer(0, whole.height - 1)];
          const part = { x, y, width: random.integer(1, whole.width - x), height: random.integer(1, whole.height - y) };
          const rows = Array.from({ length: part.height }, (_, row) => {
            const at = ((y + row) * whole.width + x) * 3;
            return whole.data.subarray(at, at + part.width * 3);
          });
          const pixels = decodePart(bytes, part, reduction)!;
          expect(Buffer.compare(pixels, Buffer.concat(rows)), JSON.stringify(part)).toBe(0);
        }
      }
    }
  });

  it('survives any damage to the coded bytes', async () => {
    const bytes = await raw(scene(96, 64)).jpeg({ quality: 90 }).toBuffer();
    const { scanStart } = readJpegHeader(bytes)!;
    const random = randomStream(11, 'damage');
    let numRefused = 0;
    for (let i = 0; i < 150; i++) {
      const damaged = Buffer.from(bytes);
      for (let k = 0; k < 4; k++) damaged[random.integer(scanStart, bytes.length - 1)] = random.integer(0, 255);
      const reduction = REDUCTIONS[i % 3]!;
      if (decodePart(damaged, { x: 1, y: 1, width: 6, height: 6 }, reduction) === undefined) numRefused++;
    }
    expect(numRefused).toBeGreaterThan(0);
    expect(numRefused).toBeLessThan(150);
  });

  it('shows of a file that was cut off what can be read, at the reduced size', async () => {
    const whole = await raw(scene(640, 480)).jpeg({ quality: 90 }).toBuffer();
    const opened = await openPicture('cut.jpg', whole.subarray(0, whole.length / 2), 64);
    const { data, width, height } = await wholePicture(opened.picture);
    expect([width, height]).toEqual([160, 120]);
    // The upper part shows the scene, the rest the library's grey.
    const expected = resizeArea(await decodeImage('cut.jpg', whole.subarray(0, whole.length / 2)), 160, 120);
    expect(difference(data, expected.data).largest).toBe(0);
  });
});

describe('opening a picture for a size', () => {
  it('reduces it while at least twice the size that is wanted is left', () => {
    // 4000 → 2000 is three times 640, 1000 would be less than twice.
    expect(reductionFor(4000, 640)).toBe(2);
    expect(reductionFor(2560, 640)).toBe(2);
    expect(reductionFor(2559, 640)).toBe(1);
    expect(reductionFor(5120, 640)).toBe(4);
    expect(reductionFor(10_240, 640)).toBe(8);
    expect(reductionFor(100_000, 640)).toBe(8);
  });

  it('leaves COCO alone at common sizes', () => {
    for (const imgsz of [320, 416, 512, 640]) expect(reductionFor(640, imgsz)).toBe(1);
  });

  it('places the reduced picture where the whole one lies, also where its sides are no multiples', async () => {
    // A ramp: a wrong extent would shift it. Neighbouring columns of the result differ by 200/64 levels.
    const [width, height] = [1021, 515];
    const data = new Uint8Array(width * height * 3);
    for (let at = 0; at < data.length; at += 3) data.fill(20 + (200 * ((at / 3) % width)) / width, at, at + 3);
    const bytes = await raw({ data, width, height }).jpeg({ quality: 95 }).toBuffer();
    const progressive = await raw({ data, width, height }).jpeg({ quality: 95, progressive: true }).toBuffer();
    for (const [file, reducedWidth] of [
      [bytes, Math.ceil(1021 / 4)],
      [progressive, 2 * 64],
    ] as const) {
      const { picture, native, extent } = await openPicture('ramp.jpg', file, 64);
      expect(picture.width).toBe(reducedWidth);
      expect(native).toMatchObject({ width, height });
      const small = await wholePicture(resizedPicture(picture, 64, 32, extent));
      // The centre of column x shows the ramp at (x + ½)/64; whole levels and coding leave 2.
      for (const x of [1, 20, 40, 62]) {
        const expected = 20 + (200 * (x + 0.5)) / 64;
        expect(Math.abs(small.data[(16 * 64 + x) * 3]! - expected)).toBeLessThan(2);
      }
    }
  });

  it('shrinks a CMYK file to RGB', async () => {
    const bytes = await raw(scene(640, 320)).toColourspace('cmyk').jpeg().toBuffer();
    const { picture } = await openPicture('cmyk.jpg', bytes, 64);
    expect((await wholePicture(picture)).data.length).toBe(128 * 64 * 3);
  });

  it('turns a progressive file that lies on its side by EXIF before it is shrunk', async () => {
    const bytes = await raw(scene(640, 320)).withMetadata({ orientation: 6 }).jpeg({ progressive: true }).toBuffer();
    const { picture, native } = await openPicture('turned.jpg', bytes, 64);
    expect(native).toEqual({ width: 320, height: 640 });
    expect([picture.width, picture.height]).toEqual([64, 128]);
  });
});

describe('a training sample of a large JPEG file', () => {
  const HYP = { ...DEFAULT_HYP, blur: 0, median_blur: 0, gray: 0, clahe: 0 };

  async function large() {
    const root = await temporaryFolder();
    for (const name of ['a', 'b', 'c']) {
      const bytes = await raw(scene(520, 390)).jpeg({ quality: 90 }).toBuffer();
      await write(join(root, 'images', `${name}.jpg`), bytes);
      await write(join(root, 'labels', `${name}.txt`), '0 0.5 0.5 0.4 0.4\n');
    }
    const options = { split: 'train', cacheDir: join(root, 'cache') } as const;
    return openDataset([join(root, 'images')], datasetConfig(root), options);
  }

  it.each([1, 0])(
    'has the same labels with and without scaled decoding, and less aliasing: mosaic %i',
    async (mosaic) => {
      const dataset = await large();
      const key = { index: 1, epoch: 0, height: 64, width: 64 };
      const options: SampleOptions = { hyp: { ...HYP, mosaic }, augment: true, seed: 2, imgsz: 64 };
      const off = await loadSample(dataset, key, options);
      const auto = await loadSample(dataset, key, { ...options, jpegScaling: 'auto' });
      expect(auto.labels).toEqual(off.labels);
      const { mean } = difference(auto.image.data, off.image.data);
      expect(mean).toBeGreaterThan(0);
      // Waves of 44 px and more hardly change; the noise of ±8 is averaged away.
      expect(mean).toBeLessThan(8);
    },
  );

  it('is decoded whole for validation', async () => {
    const dataset = await large();
    const key = { index: 0, epoch: 0, height: 64, width: 64 };
    const options: SampleOptions = { hyp: HYP, augment: false, seed: 0, imgsz: 64 };
    const off = await loadSample(dataset, key, options);
    expect(await loadSample(dataset, key, { ...options, jpegScaling: 'auto' })).toEqual(off);
  });
});
