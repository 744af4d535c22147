// Random bits for stochastic rounding: Philox4x32-10 as in proto/random.ts, four blocks at a time.
import { storeBlocks } from '../parts/philox';

/**
 * Writes 32 random 16-bit numbers per group. In lane l of a group's four vectors stand words 0 … 3 of the block with index
 * 4·group + l, so that number e of a group is the half e mod 2 of word ⌊e/8⌋ of block ⌊(e mod 8)/2⌋.
 */
export function fillNoise(target: usize, groups: i32, key0: u32, key1: u32, key2: u32, key3: u32): void {
  let counter = i32x4(0, 1, 2, 3);
  for (let group = 0; group < groups; group++) {
    storeBlocks(target, counter, key0, key1, key2, key3);
    target += 64;
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
