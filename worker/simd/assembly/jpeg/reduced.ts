// The inverse DCT of a block at a fraction of its size: the mean of every 2, 4 or 8 neighbouring pixels of a column or a row,
// from the coefficients. A mean folds the spectrum: of two neighbours, coefficient u keeps cos(uπ/16) of itself and takes
// −sin(uπ/16) of coefficient 8 − u, and what is left is a transform of half the length. So no pixel is made only to be averaged.
import { CONSTANT_BITS, flatLevel, fourColumns, high, low, pair, PASS_BITS, passRow } from './idct';

/** One pass over four columns: writes 8 >> fold rows of four 32-bit numbers, 32 bytes apart. */
@inline
function foldedColumns(fold: i32, d04: v128, d26: v128, d13: v128, d57: v128, shift: i32, target: usize): void {
  if (fold == 0) {
    fourColumns(d04, d26, d13, d57, shift, target);
    return;
  }
  const mean = i32x4.add(i32x4.dot_i16x8_s(d04, pair(8192, 0)), i32x4.splat(1 << (shift - 1)));
  if (fold == 3) {
    v128.store(target, i32x4.shr_s(mean, shift));
    return;
  }
  if (fold == 2) {
    const tilt = i32x4.add(i32x4.dot_i16x8_s(d13, pair(7423, -2607)), i32x4.dot_i16x8_s(d57, pair(1742, -1477)));
    v128.store(target, i32x4.shr_s(i32x4.add(mean, tilt), shift));
    v128.store(target, i32x4.shr_s(i32x4.sub(mean, tilt), shift), 32);
    return;
  }
  const bend = i32x4.dot_i16x8_s(d26, pair(7568, -3135));
  const outer = i32x4.add(mean, bend);
  const inner = i32x4.sub(mean, bend);
  const odd0 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(10498, 3686)), i32x4.dot_i16x8_s(d57, pair(-2463, -2088)));
  const odd1 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(4348, -8900)), i32x4.dot_i16x8_s(d57, pair(5946, -865)));
  v128.store(target, i32x4.shr_s(i32x4.add(outer, odd0), shift));
  v128.store(target, i32x4.shr_s(i32x4.add(inner, odd1), shift), 32);
  v128.store(target, i32x4.shr_s(i32x4.sub(inner, odd1), shift), 64);
  v128.store(target, i32x4.shr_s(i32x4.sub(outer, odd0), shift), 96);
}

/** Four bytes of a row, or the first of them. */
@inline
function storeLine(line: i32, width: i32, target: usize): void {
  if (width >= 4) store<i32>(target, line);
  else if (width == 2) store<i16>(target, <i16>line);
  else store<i8>(target, <i8>line);
}

/** Writes up to four rows of what a pass along rows left at `columns`: rows are its lanes. */
@inline
function storeLines(columns: usize, width: i32, height: i32, target: usize, stride: usize): void {
  const left = i16x8.narrow_i32x4_s(v128.load(columns), v128.load(columns, 32));
  const right = i16x8.narrow_i32x4_s(v128.load(columns, 64), v128.load(columns, 96));
  const bytes = v128.xor(i8x16.narrow_i16x8_s(left, right), i8x16.splat(-128));
  const lines = i8x16.shuffle(bytes, bytes, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  storeLine(i32x4.extract_lane(lines, 0), width, target);
  if (height == 1) return;
  storeLine(i32x4.extract_lane(lines, 1), width, target + stride);
  if (height == 2) return;
  storeLine(i32x4.extract_lane(lines, 2), width, target + 2 * stride);
  storeLine(i32x4.extract_lane(lines, 3), width, target + 3 * stride);
}

/**
 * The (8 >> foldX)×(8 >> foldY) means of a block's pixels, written to `target` with rows `stride` apart. The block is zeros
 * again afterwards.
 * @param block 64 coefficients, i16, rows after each other
 * @param quantisation as the block
 * @param work 256 bytes
 * @param foldX,foldY 0 to 3, foldY not 0
 */
export function reducedDct(
  block: usize,
  quantisation: usize,
  work: usize,
  target: usize,
  stride: usize,
  foldX: i32,
  foldY: i32,
): void {
  const width = 8 >> foldX;
  const height = 8 >> foldY;
  const c0 = v128.load(block);
  const c1 = v128.load(block, 16);
  const c2 = v128.load(block, 32);
  const c3 = v128.load(block, 48);
  const c4 = v128.load(block, 64);
  const c5 = v128.load(block, 80);
  const c6 = v128.load(block, 96);
  const c7 = v128.load(block, 112);
  const rest = v128.or(v128.or(v128.or(c1, c2), v128.or(c3, c4)), v128.or(v128.or(c5, c6), c7));
  if (!v128.any_true(v128.or(rest, i16x8.replace_lane(c0, 0, 0)))) {
    const flat = flatLevel(block, quantisation) * 0x01010101;
    for (let row = 0; row < height; row++) {
      storeLine(flat, width, target);
      if (width == 8) storeLine(flat, width, target + 4);
      target += stride;
    }
    store<i16>(block, 0);
    return;
  }
  const zero = i8x16.splat(0);
  for (let row: usize = 0; row < 128; row += 16) v128.store(block + row, zero);
  const d0 = i16x8.mul(c0, v128.load(quantisation));
  const d1 = i16x8.mul(c1, v128.load(quantisation, 16));
  const d2 = i16x8.mul(c2, v128.load(quantisation, 32));
  const d3 = i16x8.mul(c3, v128.load(quantisation, 48));
  const d4 = i16x8.mul(c4, v128.load(quantisation, 64));
  const d5 = i16x8.mul(c5, v128.load(quantisation, 80));
  const d6 = i16x8.mul(c6, v128.load(quantisation, 96));
  const d7 = i16x8.mul(c7, v128.load(quantisation, 112));
  const first = CONSTANT_BITS - PASS_BITS;
  foldedColumns(foldY, low(d0, d4), low(d2, d6), low(d1, d3), low(d5, d7), first, work);
  foldedColumns(foldY, high(d0, d4), high(d2, d6), high(d1, d3), high(d5, d7), first, work + 16);

  // Up to four rows become lanes. What lies behind the last row is computed on and never stored.
  const r0 = passRow(work, 0);
  const r1 = passRow(work, 1);
  const r2 = passRow(work, 2);
  const r3 = passRow(work, 3);
  const even01 = i16x8.shuffle(r0, r1, 0, 4, 8, 12, 2, 6, 10, 14);
  const even23 = i16x8.shuffle(r2, r3, 0, 4, 8, 12, 2, 6, 10, 14);
  const odd01 = i16x8.shuffle(r0, r1, 1, 3, 9, 11, 5, 7, 13, 15);
  const odd23 = i16x8.shuffle(r2, r3, 1, 3, 9, 11, 5, 7, 13, 15);
  const d04 = i64x2.shuffle(even01, even23, 0, 2);
  const d26 = i64x2.shuffle(even01, even23, 1, 3);
  const d13 = i64x2.shuffle(odd01, odd23, 0, 2);
  const d57 = i64x2.shuffle(odd01, odd23, 1, 3);
  foldedColumns(foldX, d04, d26, d13, d57, CONSTANT_BITS + PASS_BITS + 3, work);
  storeLines(work, width, height, target, stride);
  if (width == 8) storeLines(work + 128, width, height, target + 4, stride);
}
