// Checksums of frames in SIMD lanes.
//
// A frame is lines of 32 bytes, each two vectors of four 32-bit lanes; the last line is filled up with zeros. In a block of 128 lines each
// vector has two sums: `a` adds its lanes, `s` is turned by a byte before each line (and by a bit after each 16) and then xored with it.
// What one or two flipped bits of a block change, one of them shows for certain: `a` misses only two at the same place of two lines, and
// those `s` keeps apart. At the end of a block both are folded into what the blocks before have left.

export const LINE: usize = 32;
export const GROUP: usize = 512;
/** Bytes after which sums are folded: a checksum may be continued after each. */
export const BLOCK: usize = 4096;
export const PRIME_A: i32 = 0x9e3779b1;
export const PRIME_S: i32 = 0x85ebca77;
/** Bytes of a checksum that is under way: four vectors. */
const STATE_BYTES: usize = 64;

/** The vector's bytes, each one place down. */
// @ts-ignore: decorator
@inline
export function turned(s: v128): v128 {
  return i8x16.shuffle(s, s, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
}

// @ts-ignore: decorator
@inline
export function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/** One to one in either argument. */
// @ts-ignore: decorator
@inline
export function folded(before: v128, sum: v128, prime: i32): v128 {
  return i32x4.mul(rotated(v128.xor(before, sum), 15), i32x4.splat(prime));
}

/** Folds eight lanes at `lanes` into one number, one to one in each. */
function foldLanes(lanes: usize, seed: u32, prime: u32): u32 {
  let sum = seed;
  for (let i: usize = 0; i < LINE; i += 4) sum = rotl<u32>(sum ^ load<u32>(lanes + i), 15) * prime;
  return sum ^ (sum >>> 16);
}

/** Writes the two numbers of a checksum of `bytes` bytes over its state. */
export function finishSums(state: usize, bytes: i32): void {
  const first = foldLanes(state, bytes, PRIME_A);
  const second = foldLanes(state + LINE, bytes, PRIME_S);
  store<u32>(state, first);
  store<u32>(state, second, 4);
}

/** Writes the checksum of `bytes` bytes, two 32-bit numbers, to `out`, which has 64 bytes. */
export function checksum(source: usize, bytes: i32, out: usize): void {
  beginSums(out);
  continueSums(source, bytes, out);
  finishSums(out, bytes);
}

/** Begins a checksum, of which `state` are 64 bytes. */
export function beginSums(state: usize): void {
  memory.fill(state, 0, STATE_BYTES);
}

/** Goes on with a checksum. @param bytes a multiple of {@link BLOCK}, but for the last ones */
export function continueSums(source: usize, bytes: i32, state: usize): void {
  const zero = i32x4.splat(0);
  let a0 = v128.load(state);
  let a1 = v128.load(state, 16);
  let s0 = v128.load(state, 32);
  let s1 = v128.load(state, 48);
  const end = source + ((<usize>bytes) & ~(LINE - 1));
  while (source < end) {
    const blockEnd = min<usize>(end, source + BLOCK);
    let blockA0 = zero;
    let blockA1 = zero;
    let blockS0 = zero;
    let blockS1 = zero;
    while (source < blockEnd) {
      const groupEnd = min<usize>(blockEnd, source + GROUP);
      while (source < groupEnd) {
        const x0 = v128.load(source);
        const x1 = v128.load(source, 16);
        blockA0 = i32x4.add(blockA0, x0);
        blockA1 = i32x4.add(blockA1, x1);
        blockS0 = v128.xor(turned(blockS0), x0);
        blockS1 = v128.xor(turned(blockS1), x1);
        source += LINE;
      }
      blockS0 = rotated(blockS0, 1);
      blockS1 = rotated(blockS1, 1);
    }
    a0 = folded(a0, blockA0, PRIME_A);
    a1 = folded(a1, blockA1, PRIME_A);
    s0 = folded(s0, blockS0, PRIME_S);
    s1 = folded(s1, blockS1, PRIME_S);
  }
  const rest = (<usize>bytes) & (LINE - 1);
  if (rest != 0) {
    v128.store(state, zero);
    v128.store(state, zero, 16);
    memory.copy(state, source, rest);
    a0 = folded(a0, v128.load(state), PRIME_A);
    a1 = folded(a1, v128.load(state, 16), PRIME_A);
    s0 = folded(s0, v128.load(state), PRIME_S);
    s1 = folded(s1, v128.load(state, 16), PRIME_S);
  }
  v128.store(state, a0);
  v128.store(state, a1, 16);
  v128.store(state, s0, 32);
  v128.store(state, s1, 48);
}
