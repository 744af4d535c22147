import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import { decodeImage } from '../../../worker/data/images/decode.js';
import type { Rectangle, RgbImage } from '../../../worker/data/images/image.js';
import { decodeJpeg } from '../../../worker/data/images/jpeg.js';
import { readJpegHeader, ZIGZAG } from '../../../worker/data/images/jpeg-header.js';
import { pixelHeap } from '../../../worker/data/images/pixel-heap.js';
import { noise } from '../../support/plain-pixels.js';
import { SMALL_JPEGS } from '../../support/small-jpegs.js';

/** Smooth shapes under some noise, so that blocks are of every kind: flat, sparse, full. */
function scene(width: number, height: number): RgbImage {
  const random = randomStream(7, 'scene', width, height);
  const image = noise(width, height, () => random.uniform(0, 1));
  for (let i = 0, at = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const amount = x < width / 3 ? 0 : y < height / 2 ? 0.1 : 0.8;
    for (let c = 0; c < 3; c++, at++) {
      const level = 127 + 120 * Math.sin(x / 17 + c) * Math.cos(y / 11);
      image.data[at] = level * (1 - amount) + image.data[at]! * amount;
    }
  }
  return image;
}

const raw = ({ data, width, height }: RgbImage) => sharp(data, { raw: { width, height, channels: 3 } });

/** What libvips makes of the bytes. */
async function byLibrary(bytes: Uint8Array): Promise<Uint8Array> {
  return sharp(bytes, { failOn: 'none' }).toColourspace('srgb').raw().toBuffer();
}

/** The rectangle as the kernels decode it, or undefined if they give up. */
function decodePart(bytes: Uint8Array, part: Rectangle): Uint8Array | undefined {
  const header = readJpegHeader(bytes)!;
  const heap = pixelHeap();
  return heap.frame(() => {
    const length = part.width * part.height * 3;
    const address = heap.allocate(length);
    const isDecoded = decodeJpeg(bytes, header, part, { address, stride: part.width * 3 });
    return isDecoded ? new Uint8Array(heap.bytes(address, length)) : undefined;
  });
}

function cut(image: Uint8Array, width: number, { x, y, width: w, height: h }: Rectangle): Uint8Array {
  const rows = Array.from({ length: h }, (_, row) => {
    const at = ((y + row) * width + x) * 3;
    return image.subarray(at, at + w * 3);
  });
  return Buffer.concat(rows);
}

async function expectSame(bytes: Uint8Array): Promise<void> {
  const { width, height } = readJpegHeader(bytes)!;
  const expected = await byLibrary(bytes);
  const whole = { x: 0, y: 0, width, height };
  expect(Buffer.compare(decodePart(bytes, whole)!, expected)).toBe(0);
  const random = randomStream(3, 'parts', width, height);
  for (let i = 0; i < 12; i++) {
    const [x, y] = [random.integer(0, width - 1), random.integer(0, height - 1)];
    const part = { x, y, width: random.integer(1, width - x), height: random.integer(1, height - y) };
    expect(Buffer.compare(decodePart(bytes, part)!, cut(expected, width, part)), JSON.stringify(part)).toBe(0);
  }
}

describe('decoding JPEG', () => {
  it.each([
    ['4:4:4', 20],
    ['4:4:4', 92],
    ['4:2:0', 50],
    ['4:2:0', 100],
  ])('gives the bytes that libjpeg gives, whole and in parts: %s at quality %i', async (chromaSubsampling, quality) => {
    for (const [width, height] of [
      [161, 97],
      [64, 64],
      [17, 9],
    ] as const) {
      const image = scene(width, height);
      await expectSame(
        await raw(image)
          .jpeg({ chromaSubsampling, quality, optimiseCoding: quality < 60 })
          .toBuffer(),
      );
    }
  });

  it('gives the bytes that libjpeg gives of a grey picture', async () => {
    await expectSame(await raw(scene(75, 41)).greyscale().jpeg({ quality: 85 }).toBuffer());
  });

  it.each(SMALL_JPEGS)('gives the bytes that libjpeg gives with %s', async (_, bytes) => {
    await expectSame(bytes);
  });

  it('leaves progressive, turned, CMYK and other files to the library', async () => {
    const image = raw(scene(40, 24));
    expect(readJpegHeader(await image.clone().jpeg({ progressive: true }).toBuffer())).toBeUndefined();
    expect(readJpegHeader(await image.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer())).toBeUndefined();
    expect(readJpegHeader(await image.clone().toColourspace('cmyk').jpeg().toBuffer())).toBeUndefined();
    expect(readJpegHeader(await image.clone().png().toBuffer())).toBeUndefined();
    expect(readJpegHeader(await image.clone().withMetadata({ orientation: 1 }).jpeg().toBuffer())).toBeDefined();
  });

  it('shows of a file that was cut off what the library shows', async () => {
    const whole = await raw(scene(160, 96)).jpeg({ quality: 90 }).toBuffer();
    const half = whole.subarray(0, whole.length / 2);
    expect(decodePart(half, { x: 0, y: 0, width: 160, height: 96 })).toBeUndefined();
    const { data } = await decodeImage('half.jpg', half);
    expect(Buffer.compare(data, await byLibrary(half))).toBe(0);
  });

  it('survives any damage to the coded bytes', async () => {
    const bytes = await raw(scene(64, 48)).jpeg({ quality: 90 }).toBuffer();
    const { scanStart } = readJpegHeader(bytes)!;
    const random = randomStream(11, 'damage');
    let numRefused = 0;
    for (let i = 0; i < 200; i++) {
      const damaged = Buffer.from(bytes);
      for (let k = 0; k < 4; k++) damaged[random.integer(scanStart, bytes.length - 1)] = random.integer(0, 255);
      if (decodePart(damaged, { x: 8, y: 8, width: 40, height: 40 }) === undefined) numRefused++;
    }
    expect(numRefused).toBeGreaterThan(0);
    expect(numRefused).toBeLessThan(200);
  });

  it('reads coefficients along the diagonals', () => {
    // The first and the last ones of the standard's figure.
    expect(ZIGZAG.slice(0, 10)).toEqual([0, 1, 8, 16, 9, 2, 3, 10, 17, 24]);
    expect(ZIGZAG.slice(-6)).toEqual([61, 54, 47, 55, 62, 63]);
    expect(new Set(ZIGZAG).size).toBe(64);
  });
});
