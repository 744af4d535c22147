// The inverse DCT of 8×8 blocks in integers: Loeffler, Ligtenberg and Moschytz's (ICASSP 1989) with 13-bit constants, columns
// first, as every decoder in wide use rounds. The butterflies are written as dot products, which are the same numbers.

export const CONSTANT_BITS: i32 = 13;
/** Fraction bits kept between the passes. */
export const PASS_BITS: i32 = 2;

/** Two 16-bit constants as one lane. */
@inline
export function pair(a: i32, b: i32): v128 {
  return i32x4.splat((a & 0xffff) | (b << 16));
}

@inline
export function low(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
export function high(a: v128, b: v128): v128 {
  return i16x8.shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** One pass over four columns: writes eight rows of four 32-bit numbers, 32 bytes apart. */
@inline
export function fourColumns(d04: v128, d26: v128, d13: v128, d57: v128, shift: i32, target: usize): void {
  const half = i32x4.splat(1 << (shift - 1));
  const sum = i32x4.add(i32x4.dot_i16x8_s(d04, pair(8192, 8192)), half);
  const difference = i32x4.add(i32x4.dot_i16x8_s(d04, pair(8192, -8192)), half);
  const turned3 = i32x4.dot_i16x8_s(d26, pair(10703, 4433));
  const turned2 = i32x4.dot_i16x8_s(d26, pair(4433, -10704));
  const even0 = i32x4.add(sum, turned3);
  const even3 = i32x4.sub(sum, turned3);
  const even1 = i32x4.add(difference, turned2);
  const even2 = i32x4.sub(difference, turned2);
  const odd0 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(11363, 9633)), i32x4.dot_i16x8_s(d57, pair(6437, 2260)));
  const odd1 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(9633, -2259)), i32x4.dot_i16x8_s(d57, pair(-11362, -6436)));
  const odd2 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(6437, -11362)), i32x4.dot_i16x8_s(d57, pair(2261, 9633)));
  const odd3 = i32x4.add(i32x4.dot_i16x8_s(d13, pair(2260, -6436)), i32x4.dot_i16x8_s(d57, pair(9633, -11363)));
  v128.store(target, i32x4.shr_s(i32x4.add(even0, odd0), shift));
  v128.store(target, i32x4.shr_s(i32x4.add(even1, odd1), shift), 32);
  v128.store(target, i32x4.shr_s(i32x4.add(even2, odd2), shift), 64);
  v128.store(target, i32x4.shr_s(i32x4.add(even3, odd3), shift), 96);
  v128.store(target, i32x4.shr_s(i32x4.sub(even3, odd3), shift), 128);
  v128.store(target, i32x4.shr_s(i32x4.sub(even2, odd2), shift), 160);
  v128.store(target, i32x4.shr_s(i32x4.sub(even1, odd1), shift), 192);
  v128.store(target, i32x4.shr_s(i32x4.sub(even0, odd0), shift), 224);
}

/** Row `row` of what a pass wrote, as 16-bit numbers. */
@inline
export function passRow(work: usize, row: i32): v128 {
  const at = work + (<usize>row << 5);
  return i16x8.narrow_i32x4_s(v128.load(at), v128.load(at, 16));
}

/** The level of all pixels of a block that has nothing but its first coefficient. */
@inline
export function flatLevel(block: usize, quantisation: usize): i32 {
  const level = (<i32>load<i16>(block) * <i32>load<i16>(quantisation) + 4) >> 3;
  return max(0, min(255, level + 128));
}

/**
 * The pixels of a block, written to `target` with rows `stride` apart. The block is zeros again afterwards.
 * @param block 64 coefficients, i16, rows after each other
 * @param quantisation as the block
 * @param work 256 bytes
 */
export function inverseDct(block: usize, quantisation: usize, work: usize, target: usize, stride: usize): void {
  const zero = i8x16.splat(0);
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
    const flat = i8x16.splat(<i8>flatLevel(block, quantisation));
    for (let row = 0; row < 8; row++) v128.store64_lane(target + <usize>row * stride, flat, 0);
    store<i16>(block, 0);
    return;
  }
  for (let row: usize = 0; row < 128; row += 16) v128.store(block + row, zero);
  const d0 = i16x8.mul(c0, v128.load(quantisation));
  const d1 = i16x8.mul(c1, v128.load(quantisation, 16));
  const d2 = i16x8.mul(c2, v128.load(quantisation, 32));
  const d3 = i16x8.mul(c3, v128.load(quantisation, 48));
  const d4 = i16x8.mul(c4, v128.load(quantisation, 64));
  const d5 = i16x8.mul(c5, v128.load(quantisation, 80));
  const d6 = i16x8.mul(c6, v128.load(quantisation, 96));
  const d7 = i16x8.mul(c7, v128.load(quantisation, 112));
  fourColumns(low(d0, d4), low(d2, d6), low(d1, d3), low(d5, d7), CONSTANT_BITS - PASS_BITS, work);
  fourColumns(high(d0, d4), high(d2, d6), high(d1, d3), high(d5, d7), CONSTANT_BITS - PASS_BITS, work + 16);

  const r0 = passRow(work, 0);
  const r1 = passRow(work, 1);
  const r2 = passRow(work, 2);
  const r3 = passRow(work, 3);
  const r4 = passRow(work, 4);
  const r5 = passRow(work, 5);
  const r6 = passRow(work, 6);
  const r7 = passRow(work, 7);
  // Transposed in three rounds of interleaving; the first and the third bring rows k and k + 4 together.
  const a0 = low(r0, r4);
  const a1 = high(r0, r4);
  const a2 = low(r1, r5);
  const a3 = high(r1, r5);
  const a4 = low(r2, r6);
  const a5 = high(r2, r6);
  const a6 = low(r3, r7);
  const a7 = high(r3, r7);
  const b0 = low(a0, a4);
  const b1 = high(a0, a4);
  const b2 = low(a1, a5);
  const b3 = high(a1, a5);
  const b4 = low(a2, a6);
  const b5 = high(a2, a6);
  const b6 = low(a3, a7);
  const b7 = high(a3, a7);
  const t0 = low(b0, b4);
  const t1 = high(b0, b4);
  const t2 = low(b1, b5);
  const t3 = high(b1, b5);
  const t4 = low(b2, b6);
  const t5 = high(b2, b6);
  const t6 = low(b3, b7);
  const t7 = high(b3, b7);
  fourColumns(low(t0, t4), low(t2, t6), low(t1, t3), low(t5, t7), CONSTANT_BITS + PASS_BITS + 3, work);
  fourColumns(high(t0, t4), high(t2, t6), high(t1, t3), high(t5, t7), CONSTANT_BITS + PASS_BITS + 3, work + 16);

  // Bytes of columns in pairs (0, 4), (1, 5), (2, 6), (3, 7), around 128.
  const grey = i8x16.splat(-128);
  const p0 = v128.xor(i8x16.narrow_i16x8_s(passRow(work, 0), passRow(work, 4)), grey);
  const p1 = v128.xor(i8x16.narrow_i16x8_s(passRow(work, 1), passRow(work, 5)), grey);
  const p2 = v128.xor(i8x16.narrow_i16x8_s(passRow(work, 2), passRow(work, 6)), grey);
  const p3 = v128.xor(i8x16.narrow_i16x8_s(passRow(work, 3), passRow(work, 7)), grey);
  const q0 = lowBytes(p0, p2);
  const q1 = highBytes(p0, p2);
  const q2 = lowBytes(p1, p3);
  const q3 = highBytes(p1, p3);
  const s0 = lowBytes(q0, q2);
  const s1 = highBytes(q0, q2);
  const s2 = lowBytes(q1, q3);
  const s3 = highBytes(q1, q3);
  // s0: rows 0–3 of columns 0–3, s2: the same of columns 4–7; s1 and s3: rows 4–7.
  storeTwoRows(i32x4.shuffle(s0, s2, 0, 4, 1, 5), target, stride);
  storeTwoRows(i32x4.shuffle(s0, s2, 2, 6, 3, 7), target + 2 * stride, stride);
  storeTwoRows(i32x4.shuffle(s1, s3, 0, 4, 1, 5), target + 4 * stride, stride);
  storeTwoRows(i32x4.shuffle(s1, s3, 2, 6, 3, 7), target + 6 * stride, stride);
}

@inline
function lowBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function highBytes(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

@inline
function storeTwoRows(rows: v128, target: usize, stride: usize): void {
  v128.store64_lane(target, rows, 0);
  v128.store64_lane(target + stride, rows, 1);
}
