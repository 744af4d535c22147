// Uniform random numbers: the words of a Philox stream as proto/random.ts hands them out, four blocks at a time.
import { storeBlocks } from './parts/philox';

/** Stores low + word × scale, computed in double precision, of four words as four float32. */
// @ts-ignore: decorator
@inline
function storeScaled(target: usize, words: v128, low: v128, scale: v128): void {
  const first = f64x2.convert_low_i32x4_u(words);
  const second = f64x2.convert_low_i32x4_u(v128.shuffle<i32>(words, words, 2, 3, 2, 3));
  const a = f32x4.demote_f64x2_zero(f64x2.add(low, f64x2.mul(first, scale)));
  const b = f32x4.demote_f64x2_zero(f64x2.add(low, f64x2.mul(second, scale)));
  v128.store(target, v128.shuffle<i32>(a, b, 0, 1, 4, 5));
}

/**
 * Writes 16 float32 per group, low + word × scale each: words 0 … 3 of the blocks `firstBlock` … of the stream with this key.
 * Block numbers must stay below 2³².
 */
export function fillUniform(
  target: usize,
  groups: i32,
  firstBlock: u32,
  key0: u32,
  key1: u32,
  key2: u32,
  key3: u32,
  low: f64,
  scale: f64,
): void {
  const lows = f64x2.splat(low);
  const scales = f64x2.splat(scale);
  let counter = i32x4.add(i32x4.splat(firstBlock), i32x4(0, 1, 2, 3));
  for (let group = 0; group < groups; group++) {
    storeBlocks(target, counter, key0, key1, key2, key3);
    const c0 = v128.load(target);
    const c1 = v128.load(target, 16);
    const c2 = v128.load(target, 32);
    const c3 = v128.load(target, 48);
    // Lane l holds block l; from words by block to blocks by word.
    const ab0 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
    const ab1 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const cd0 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const cd1 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    storeScaled(target, v128.shuffle<i32>(ab0, cd0, 0, 1, 4, 5), lows, scales);
    storeScaled(target + 16, v128.shuffle<i32>(ab0, cd0, 2, 3, 6, 7), lows, scales);
    storeScaled(target + 32, v128.shuffle<i32>(ab1, cd1, 0, 1, 4, 5), lows, scales);
    storeScaled(target + 48, v128.shuffle<i32>(ab1, cd1, 2, 3, 6, 7), lows, scales);
    target += 64;
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
