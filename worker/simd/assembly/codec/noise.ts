// Random bits for stochastic rounding: Philox4x32-10 as in proto/random.ts, four blocks at a time.

export const MULTIPLIER_0: u32 = 0xd2511f53;
export const MULTIPLIER_1: u32 = 0xcd9e8d57;
export const WEYL_0: u32 = 0x9e3779b9;
export const WEYL_1: u32 = 0xbb67ae85;

/** The upper halves of the four unsigned 64-bit products. */
// @ts-ignore: decorator
@inline
export function multiplyHigh(a: v128, b: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/**
 * Writes 32 random 16-bit numbers per group. In lane l of a group's four vectors stand words 0 … 3 of the block with index
 * 4·group + l, so that number e of a group is the half e mod 2 of word ⌊e/8⌋ of block ⌊(e mod 8)/2⌋.
 */
export function fillNoise(target: usize, groups: i32, key0: u32, key1: u32, key2: u32, key3: u32): void {
  const m0 = i32x4.splat(MULTIPLIER_0);
  const m1 = i32x4.splat(MULTIPLIER_1);
  let counter = i32x4(0, 1, 2, 3);
  for (let group = 0; group < groups; group++) {
    let c0 = counter;
    let c1 = i32x4.splat(0);
    let c2 = i32x4.splat(key2);
    let c3 = i32x4.splat(key3);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(c0, m0);
      const high1 = multiplyHigh(c2, m1);
      const low0 = i32x4.mul(c0, m0);
      const low1 = i32x4.mul(c2, m1);
      c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(k0));
      c1 = low1;
      c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(k1));
      c3 = low0;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    v128.store(target, c0);
    v128.store(target, c1, 16);
    v128.store(target, c2, 32);
    v128.store(target, c3, 48);
    target += 64;
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
