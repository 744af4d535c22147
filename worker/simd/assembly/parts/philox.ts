// Philox4x32-10 as in proto/random.ts, four blocks at a time.

const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;

/** The upper halves of the four unsigned 64-bit products. */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: v128, b: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/** Writes four blocks, 64 bytes: word w of the block with the number in lane l of `counter` stands in lane l of the w-th vector. */
// @ts-ignore: decorator
@inline
export function storeBlocks(target: usize, counter: v128, key0: u32, key1: u32, key2: u32, key3: u32): void {
  const m0 = i32x4.splat(MULTIPLIER_0);
  const m1 = i32x4.splat(MULTIPLIER_1);
  let c0 = counter;
  let c1 = i32x4.splat(0);
  let c2 = i32x4.splat(key2);
  let c3 = i32x4.splat(key3);
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, m0);
    const high1 = multiplyHigh(c2, m1);
    const low0 = i32x4.mul(c0, m0);
    const low1 = i32x4.mul(c2, m1);
    c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(key0));
    c1 = low1;
    c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(key1));
    c3 = low0;
    key0 += WEYL_0;
    key1 += WEYL_1;
  }
  v128.store(target, c0);
  v128.store(target, c1, 16);
  v128.store(target, c2, 32);
  v128.store(target, c3, 48);
}
