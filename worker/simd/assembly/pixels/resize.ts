// Bilinear resizing: rows are stretched to 19-bit numbers, then pairs of rows are blended.

/** Weights are 11-bit integers. */
const WEIGHT_BITS: i32 = 11;
const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;
const SHIFT: i32 = 2 * WEIGHT_BITS;
const HALF: i32 = 1 << (SHIFT - 1);

/**
 * Stretches a row. Each pixel becomes three 32-bit numbers; 4 bytes more than that are written.
 * @param taps per output pixel: byte offsets of its two neighbours, and the weight of the second
 */
export function stretchRow(source: usize, taps: usize, count: i32, target: usize): void {
  const pairs = i8x16(0, -128, 4, -128, 1, -128, 5, -128, 2, -128, 6, -128, -128, -128, -128, -128);
  for (let i = 0; i < count; i++) {
    const weight = load<i32>(taps, 8);
    const left = v128.load32_zero(source + load<i32>(taps));
    const both = v128.load32_lane(source + load<i32>(taps, 4), left, 1);
    const weights = i32x4.splat((WEIGHT_ONE - weight) | (weight << 16));
    v128.store(target, i32x4.dot_i16x8_s(i8x16.swizzle(both, pairs), weights));
    taps += 12;
    target += 12;
  }
}

/** Blends two stretched rows to bytes: `weight` of the lower one. */
export function blendRows(upper: usize, lower: usize, weight: i32, count: i32, target: usize): void {
  const below = i32x4.splat(weight);
  const above = i32x4.splat(WEIGHT_ONE - weight);
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    v128.store(
      target + i,
      i8x16.narrow_i16x8_u(
        i16x8.narrow_i32x4_s(four(upper, lower, above, below), four(upper + 16, lower + 16, above, below)),
        i16x8.narrow_i32x4_s(four(upper + 32, lower + 32, above, below), four(upper + 48, lower + 48, above, below)),
      ),
    );
    upper += 64;
    lower += 64;
  }
  for (; i < count; i++) {
    const sum = load<i32>(upper) * (WEIGHT_ONE - weight) + load<i32>(lower) * weight;
    store<u8>(target + i, <u8>((sum + HALF) >> SHIFT));
    upper += 4;
    lower += 4;
  }
}

@inline
function four(upper: usize, lower: usize, above: v128, below: v128): v128 {
  const sum = i32x4.add(i32x4.mul(v128.load(upper), above), i32x4.mul(v128.load(lower), below));
  return i32x4.shr_s(i32x4.add(sum, i32x4.splat(HALF)), SHIFT);
}
