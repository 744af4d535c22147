/** What the pixel kernels do, as plain loops over numbers. */

import { type HsvTables, rgbToHsv } from '../../worker/data/augment/hsv.js';
import { invert, type Perspective } from '../../worker/data/augment/perspective.js';
import type { RgbImage } from '../../worker/data/images/image.js';

const GREY = 114;

/** A picture of random bytes. */
export function noise(width: number, height: number, next: () => number): RgbImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => Math.floor(next() * 256)) };
}

/** A channel of a pixel, grey outside. */
function at({ data, width, height }: RgbImage, x: number, y: number, channel: number): number {
  return x >= 0 && y >= 0 && x < width && y < height ? data[(y * width + x) * 3 + channel]! : GREY;
}

/** Positions to 1/32 px: affine ones as a sum of a column's and a row's part, each of 1/1024 px. */
function positions(p: Perspective, x: number, y: number): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = invert(p.matrix)!;
  if (p.projective) {
    const w = g * x + (h * y + i);
    const round = (v: number): number => Math.floor((v / w) * 32 + 0.5);
    return [round(a * x + (b * y + c)), round(d * x + (e * y + f))];
  }
  const sum = (column: number, row: number): number =>
    Math.floor((Math.round(column * 1024) + Math.round(row * 1024) + 16) / 32);
  return [sum(a * x, b * y + c), sum(d * x, e * y + f)];
}

/** The warped picture, pixel by pixel. */
export function plainWarp(source: RgbImage, p: Perspective): RgbImage {
  const data = new Uint8Array(p.outWidth * p.outHeight * 3);
  for (let y = 0, out = 0; y < p.outHeight; y++) {
    for (let x = 0; x < p.outWidth; x++) {
      const [fixedX, fixedY] = positions(p, x, y);
      const [left, top] = [Math.floor(fixedX / 32), Math.floor(fixedY / 32)];
      const [wx, wy] = [fixedX - 32 * left, fixedY - 32 * top];
      for (let channel = 0; channel < 3; channel++, out++) {
        const upper = at(source, left, top, channel) * (32 - wx) + at(source, left + 1, top, channel) * wx;
        const lower = at(source, left, top + 1, channel) * (32 - wx) + at(source, left + 1, top + 1, channel) * wx;
        data[out] = Math.floor((upper * (32 - wy) + lower * wy + 512) / 1024);
      }
    }
  }
  return { data, width: p.outWidth, height: p.outHeight };
}

/** A fraction of 255 as a byte: float32, halves to even. */
function toByte(fraction: number): number {
  const scaled = Math.fround(fraction * 255);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The picture's pixels through the tables, one by one. */
export function plainHsv(image: RgbImage, tables: HsvTables): Uint8Array {
  const { fround } = Math;
  const out = new Uint8Array(image.data.length);
  const hsv = new Uint8Array(3);
  for (let i = 0; i < out.length; i += 3) {
    rgbToHsv(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!, hsv);
    const position = fround(tables.hue[hsv[0]!]! * fround(6 / 180));
    const s = fround(tables.saturation[hsv[1]!]! * fround(1 / 255));
    const high = tables.value[hsv[2]!]!;
    const v = fround(high * fround(1 / 255));
    const sector = Math.floor(position);
    const slope = sector % 2 === 0 ? fround(1 - (position - sector)) : position - sector;
    const low = toByte(fround(v * fround(1 - s)));
    const middle = toByte(fround(v * fround(1 - fround(s * slope))));
    out.set(
      [
        [high, middle, low],
        [middle, high, low],
        [low, high, middle],
        [low, middle, high],
        [middle, low, high],
        [high, low, middle],
      ][sector]!,
      i,
    );
  }
  return out;
}
