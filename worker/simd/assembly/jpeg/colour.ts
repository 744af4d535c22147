// From planes of Y, Cb and Cr to RGB bytes, with the integers of JFIF's equations in 16-bit fixed point, and the triangle
// filter that puts chroma of half the resolution back between its neighbours.

import { storeInterleaved } from '../pixels/rgb';

/** 16-bit fixed-point products of eight signed numbers, rounded to whole ones. */
@inline
function scaled(values: v128, factor: i32): v128 {
  const factors = i16x8.splat(<i16>factor);
  const half = i32x4.splat(32768);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(i32x4.extmul_low_i16x8_s(values, factors), half), 16),
    i32x4.shr_s(i32x4.add(i32x4.extmul_high_i16x8_s(values, factors), half), 16),
  );
}

/** 1.402 · cr, of which one whole cr is taken out so that the factor fits 16 bits. */
@inline
function redShift(cr: v128): v128 {
  return i16x8.add(cr, scaled(cr, 91881 - 65536));
}

/** 1.772 · cb, likewise with two. */
@inline
function blueShift(cb: v128): v128 {
  return i16x8.add(i16x8.add(cb, cb), scaled(cb, 116130 - 131072));
}

/** −0.34414 · cb − 0.71414 · cr, rounded once. */
@inline
function greenShift(cb: v128, cr: v128): v128 {
  const factors = i32x4.splat((-22554 & 0xffff) | ((65536 - 46802) << 16));
  const half = i32x4.splat(32768);
  const low = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 0, 8, 1, 9, 2, 10, 3, 11), factors);
  const high = i32x4.dot_i16x8_s(i16x8.shuffle(cb, cr, 4, 12, 5, 13, 6, 14, 7, 15), factors);
  const sum = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(low, half), 16),
    i32x4.shr_s(i32x4.add(high, half), 16),
  );
  return i16x8.sub(sum, cr);
}

@inline
function sixteenPixels(y: usize, cb: usize, cr: usize, target: usize): void {
  const grey = i8x16.splat(-128);
  const luma = v128.load(y);
  // Signed chroma: the xor takes 128 away.
  const blue = v128.xor(v128.load(cb), grey);
  const red = v128.xor(v128.load(cr), grey);
  const y0 = i16x8.extend_low_i8x16_u(luma);
  const y1 = i16x8.extend_high_i8x16_u(luma);
  const cb0 = i16x8.extend_low_i8x16_s(blue);
  const cb1 = i16x8.extend_high_i8x16_s(blue);
  const cr0 = i16x8.extend_low_i8x16_s(red);
  const cr1 = i16x8.extend_high_i8x16_s(red);
  const r = i8x16.narrow_i16x8_u(i16x8.add(y0, redShift(cr0)), i16x8.add(y1, redShift(cr1)));
  const g = i8x16.narrow_i16x8_u(i16x8.add(y0, greenShift(cb0, cr0)), i16x8.add(y1, greenShift(cb1, cr1)));
  const b = i8x16.narrow_i16x8_u(i16x8.add(y0, blueShift(cb0)), i16x8.add(y1, blueShift(cb1)));
  storeInterleaved(r, g, b, target);
}

/**
 * One row of RGB from rows of Y, Cb and Cr of the same length.
 * @param spare 48 bytes for the last pixels
 */
export function colourRow(y: usize, cb: usize, cr: usize, target: usize, width: i32, spare: usize): void {
  let x = 0;
  for (; x + 16 <= width; x += 16) {
    sixteenPixels(y + x, cb + x, cr + x, target);
    target += 48;
  }
  if (x == width) return;
  sixteenPixels(y + x, cb + x, cr + x, spare);
  memory.copy(target, spare, (width - x) * 3);
}

/** One row of RGB from a row of grey. */
export function greyRow(y: usize, target: usize, width: i32, spare: usize): void {
  let x = 0;
  for (; x + 16 <= width; x += 16) {
    const level = v128.load(y + x);
    storeInterleaved(level, level, level, target);
    target += 48;
  }
  if (x == width) return;
  const level = v128.load(y + x);
  storeInterleaved(level, level, level, spare);
  memory.copy(target, spare, (width - x) * 3);
}

/**
 * A chroma row of twice the length: three quarters of the nearer sample and one of the farther, of both rows likewise.
 * @param near,far the nearer and the farther row, from the sample before the first that counts to the one behind the last; the
 *   same row twice where there is no vertical step
 * @param count samples, those two not counted
 * @param isVertical whether rows are blended
 * @param sums 2·(count + 18) bytes
 */
export function widenRow(near: usize, far: usize, count: i32, isVertical: bool, sums: usize, target: usize): void {
  for (let i = 0; i < count + 2; i += 8) {
    let sum = v128.load8x8_u(near + i);
    if (isVertical) sum = i16x8.add(i16x8.mul(sum, i16x8.splat(3)), v128.load8x8_u(far + i));
    v128.store(sums + (<usize>i << 1), sum);
  }
  const three = i16x8.splat(3);
  const shift = isVertical ? 4 : 2;
  // The roundings alternate so that no tone drifts.
  const leftHalf = i16x8.splat(isVertical ? 8 : 1);
  const rightHalf = i16x8.splat(isVertical ? 7 : 2);
  for (let i = 0; i < count; i += 8) {
    const at = sums + (<usize>i << 1);
    const here = i16x8.mul(v128.load(at, 2), three);
    const left = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at)), leftHalf), shift);
    const right = i16x8.shr_u(i16x8.add(i16x8.add(here, v128.load(at, 4)), rightHalf), shift);
    v128.store(target + (<usize>i << 1), v128.or(left, i16x8.shl(right, 8)));
  }
}
