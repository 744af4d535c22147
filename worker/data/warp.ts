/** Moving pixels through a {@link Perspective}: bilinear, outside of the source is grey. */
import { PAD_GREY, type RgbImage } from './image.js';
import { invert, type Perspective } from './perspective.js';

/** Fixed point of the weights: two of them and a byte fit 32 bits. */
const WEIGHT_BITS = 11;
const WEIGHT_ONE = 1 << WEIGHT_BITS;
const HALF = 1 << (2 * WEIGHT_BITS - 1);

/**
 * The transformed picture, `outWidth`×`outHeight`. Each output pixel centre is looked up in the source (integer
 * coordinates are pixel centres) and blended from its four neighbours; neighbours outside count as {@link PAD_GREY}.
 */
export function warp(source: RgbImage, p: Perspective): RgbImage {
  const { outWidth, outHeight } = p;
  const data = new Uint8Array(outWidth * outHeight * 3).fill(PAD_GREY);
  const inverse = invert(p.matrix);
  // A singular matrix squeezes the picture to a line: nothing of it can be seen.
  if (inverse === undefined) return { data, width: outWidth, height: outHeight };
  const [a, b, c, d, e, f, g, h, i] = inverse as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let y = 0; y < outHeight; y++) {
    const rowX = b * y + c;
    const rowY = e * y + f;
    const rowW = h * y + i;
    let out = y * outWidth * 3;
    for (let x = 0; x < outWidth; x++, out += 3) {
      let sourceX = a * x + rowX;
      let sourceY = d * x + rowY;
      if (p.projective) {
        const w = g * x + rowW;
        sourceX /= w;
        sourceY /= w;
      }
      // Written so that NaN (w = 0) falls through as well.
      if (!(sourceX > -1 && sourceY > -1 && sourceX < source.width && sourceY < source.height)) continue;
      blend(source, sourceX, sourceY, data, out);
    }
  }
  return { data, width: outWidth, height: outHeight };
}

function blend(source: RgbImage, x: number, y: number, target: Uint8Array, out: number): void {
  const { data, width, height } = source;
  const left = Math.floor(x);
  const top = Math.floor(y);
  const wx = Math.round((x - left) * WEIGHT_ONE);
  const wy = Math.round((y - top) * WEIGHT_ONE);
  const w00 = (WEIGHT_ONE - wx) * (WEIGHT_ONE - wy);
  const w01 = wx * (WEIGHT_ONE - wy);
  const w10 = (WEIGHT_ONE - wx) * wy;
  const w11 = wx * wy;
  const at = (top * width + left) * 3;
  if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
    const below = at + width * 3;
    for (let k = 0; k < 3; k++) {
      target[out + k] =
        (data[at + k]! * w00 + data[at + k + 3]! * w01 + data[below + k]! * w10 + data[below + k + 3]! * w11 + HALF) >>
        (2 * WEIGHT_BITS);
    }
    return;
  }
  const hasLeft = left >= 0;
  const hasTop = top >= 0;
  const hasRight = left + 1 < width;
  const hasBottom = top + 1 < height;
  const below = at + width * 3;
  for (let k = 0; k < 3; k++) {
    const p00 = hasLeft && hasTop ? data[at + k]! : PAD_GREY;
    const p01 = hasRight && hasTop ? data[at + k + 3]! : PAD_GREY;
    const p10 = hasLeft && hasBottom ? data[below + k]! : PAD_GREY;
    const p11 = hasRight && hasBottom ? data[below + k + 3]! : PAD_GREY;
    target[out + k] = (p00 * w00 + p01 * w01 + p10 * w10 + p11 * w11 + HALF) >> (2 * WEIGHT_BITS);
  }
}
