/** Moving pixels through a {@link Perspective}: bilinear, outside of the source is grey. */
import { PAD_GREY, type RgbImage } from './image.js';
import { invert, type Perspective } from './perspective.js';

/** Fixed point of positions and weights: 1/32 px, which is how finely the reference's OpenCV looks a position up. */
const WEIGHT_BITS = 5;
const WEIGHT_ONE = 1 << WEIGHT_BITS;
const WEIGHT_MASK = WEIGHT_ONE - 1;
const SHIFT = 2 * WEIGHT_BITS;
const HALF = 1 << (SHIFT - 1);
/** Beyond this a position is outside of any picture, and no longer fits 32 bits. */
const MAX_FIXED = 2 ** 30;
/** Affine positions are sums of a column's and a row's part, each rounded to 1/1024 px first. */
const PART_BITS = 10;
const PART_ONE = 1 << PART_BITS;
const PART_HALF = 1 << (PART_BITS - WEIGHT_BITS - 1);

/**
 * The transformed picture, `outWidth`×`outHeight`. Each output pixel centre is looked up in the source (integer
 * coordinates are pixel centres) and blended from its four neighbours; neighbours outside count as {@link PAD_GREY}.
 */
export function warp(source: RgbImage, p: Perspective): RgbImage {
  const { outWidth, outHeight, projective } = p;
  const target = new Uint8Array(outWidth * outHeight * 3).fill(PAD_GREY);
  const image = { data: target, width: outWidth, height: outHeight };
  const inverse = invert(p.matrix);
  // A singular matrix squeezes the picture to a line: nothing of it can be seen.
  if (inverse === undefined) return image;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = inverse;
  const { data, width, height } = source;
  const rowBytes = width * 3;
  const columnX = Float64Array.from({ length: outWidth }, (_, x) => Math.round(a * x * PART_ONE));
  const columnY = Float64Array.from({ length: outWidth }, (_, x) => Math.round(d * x * PART_ONE));
  for (let y = 0; y < outHeight; y++) {
    const rowX = b * y + c;
    const rowY = e * y + f;
    const rowW = h * y + i;
    const partX = Math.round(rowX * PART_ONE) + PART_HALF;
    const partY = Math.round(rowY * PART_ONE) + PART_HALF;
    let out = y * outWidth * 3;
    for (let x = 0; x < outWidth; x++, out += 3) {
      let fixedX: number;
      let fixedY: number;
      if (projective) {
        const w = g * x + rowW;
        fixedX = Math.floor(((a * x + rowX) / w) * WEIGHT_ONE + 0.5);
        fixedY = Math.floor(((d * x + rowY) / w) * WEIGHT_ONE + 0.5);
        // Written so that NaN (w = 0) is left out as well.
        if (!(Math.abs(fixedX) < MAX_FIXED && Math.abs(fixedY) < MAX_FIXED)) continue;
      } else {
        fixedX = (columnX[x]! + partX) >> (PART_BITS - WEIGHT_BITS);
        fixedY = (columnY[x]! + partY) >> (PART_BITS - WEIGHT_BITS);
      }
      const left = fixedX >> WEIGHT_BITS;
      const top = fixedY >> WEIGHT_BITS;
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      const wx = fixedX & WEIGHT_MASK;
      const wy = fixedY & WEIGHT_MASK;
      const at = top * rowBytes + left * 3;
      if (left < 0 || top < 0 || left + 1 >= width || top + 1 >= height) {
        blendAtEdge(source, left, top, wx, wy, target, out);
        continue;
      }
      const below = at + rowBytes;
      const w11 = wx * wy;
      const w01 = (wx << WEIGHT_BITS) - w11;
      const w10 = (wy << WEIGHT_BITS) - w11;
      const w00 = (1 << SHIFT) - w01 - w10 - w11;
      target[out] =
        (data[at]! * w00 + data[at + 3]! * w01 + data[below]! * w10 + data[below + 3]! * w11 + HALF) >> SHIFT;
      target[out + 1] =
        (data[at + 1]! * w00 + data[at + 4]! * w01 + data[below + 1]! * w10 + data[below + 4]! * w11 + HALF) >> SHIFT;
      target[out + 2] =
        (data[at + 2]! * w00 + data[at + 5]! * w01 + data[below + 2]! * w10 + data[below + 5]! * w11 + HALF) >> SHIFT;
    }
  }
  return image;
}

/** The blend where some of the four neighbours lie outside. */
function blendAtEdge(
  source: RgbImage,
  left: number,
  top: number,
  wx: number,
  wy: number,
  target: Uint8Array,
  out: number,
): void {
  const { data, width, height } = source;
  const pixel = (x: number, y: number, channel: number): number =>
    x >= 0 && y >= 0 && x < width && y < height ? data[(y * width + x) * 3 + channel]! : PAD_GREY;
  for (let k = 0; k < 3; k++) {
    const upper = pixel(left, top, k) * (WEIGHT_ONE - wx) + pixel(left + 1, top, k) * wx;
    const lower = pixel(left, top + 1, k) * (WEIGHT_ONE - wx) + pixel(left + 1, top + 1, k) * wx;
    target[out + k] = (upper * (WEIGHT_ONE - wy) + lower * wy + HALF) >> SHIFT;
  }
}
