// Checksums of frames, by themselves and on the way of an addition. Pointers are byte offsets on the heap.
//
// A frame is lines of 32 bytes, each two vectors of four 32-bit lanes; the last line is filled up with zeros. In a block of 128 lines each
// vector has two sums: `a` adds its lanes, `s` is turned by a byte before each line (and by a bit after each 16) and then xored with it.
// What one or two flipped bits of a block change, one of them shows for certain: `a` misses only two at the same place of two lines, and
// those `s` keeps apart. At the end of a block both are folded into what the blocks before have left.

const LINE: usize = 32;
const GROUP: usize = 512;
const BLOCK: usize = 4096;
const PRIME_A: i32 = 0x9e3779b1;
const PRIME_S: i32 = 0x85ebca77;

/** The vector's bytes, each one place down. */
// @ts-ignore: decorator
@inline
function turned(s: v128): v128 {
  return i8x16.shuffle(s, s, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0);
}

// @ts-ignore: decorator
@inline
function rotated(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/** One to one in either argument. */
// @ts-ignore: decorator
@inline
function folded(before: v128, sum: v128, prime: i32): v128 {
  return i32x4.mul(rotated(v128.xor(before, sum), 15), i32x4.splat(prime));
}

/** Folds eight lanes at `lanes` into one number, one to one in each. */
function foldLanes(lanes: usize, seed: u32, prime: u32): u32 {
  let sum = seed;
  for (let i: usize = 0; i < LINE; i += 4) sum = rotl<u32>(sum ^ load<u32>(lanes + i), 15) * prime;
  return sum ^ (sum >>> 16);
}

/** Writes the two numbers of a checksum to `out`, which has 64 bytes. */
// @ts-ignore: decorator
@inline
function finish(a0: v128, a1: v128, s0: v128, s1: v128, bytes: i32, out: usize): void {
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, s0, 32);
  v128.store(out, s1, 48);
  const first = foldLanes(out, bytes, PRIME_A);
  const second = foldLanes(out + LINE, bytes, PRIME_S);
  store<u32>(out, first);
  store<u32>(out, second, 4);
}

/** Writes the checksum of `bytes` bytes, two 32-bit numbers, to `out`, which has 64 bytes. */
export function checksum(source: usize, bytes: i32, out: usize): void {
  const zero = i32x4.splat(0);
  let a0 = zero;
  let a1 = zero;
  let s0 = zero;
  let s1 = zero;
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
    v128.store(out, zero);
    v128.store(out, zero, 16);
    memory.copy(out, source, rest);
    a0 = folded(a0, v128.load(out), PRIME_A);
    a1 = folded(a1, v128.load(out, 16), PRIME_A);
    s0 = folded(s0, v128.load(out), PRIME_S);
    s1 = folded(s1, v128.load(out, 16), PRIME_S);
  }
  finish(a0, a1, s0, s1, bytes, out);
}

/**
 * target[i] ← a[i] + b[i], all float32; the target may be `a`. Writes the checksum of b to `out` and that of the target to `out` + 64.
 * @param out 128 bytes
 */
export function addChecked(target: usize, a: usize, b: usize, count: i32, out: usize): void {
  const zero = i32x4.splat(0);
  const bytes = count << 2;
  let inA0 = zero;
  let inA1 = zero;
  let inS0 = zero;
  let inS1 = zero;
  let outA0 = zero;
  let outA1 = zero;
  let outS0 = zero;
  let outS1 = zero;
  const end = b + ((<usize>bytes) & ~(LINE - 1));
  while (b < end) {
    const blockEnd = min<usize>(end, b + BLOCK);
    let a0 = zero;
    let a1 = zero;
    let s0 = zero;
    let s1 = zero;
    let c0 = zero;
    let c1 = zero;
    let t0 = zero;
    let t1 = zero;
    while (b < blockEnd) {
      const groupEnd = min<usize>(blockEnd, b + GROUP);
      while (b < groupEnd) {
        const x0 = v128.load(b);
        const x1 = v128.load(b, 16);
        const y0 = f32x4.add(v128.load(a), x0);
        const y1 = f32x4.add(v128.load(a, 16), x1);
        v128.store(target, y0);
        v128.store(target, y1, 16);
        a0 = i32x4.add(a0, x0);
        a1 = i32x4.add(a1, x1);
        s0 = v128.xor(turned(s0), x0);
        s1 = v128.xor(turned(s1), x1);
        c0 = i32x4.add(c0, y0);
        c1 = i32x4.add(c1, y1);
        t0 = v128.xor(turned(t0), y0);
        t1 = v128.xor(turned(t1), y1);
        a += LINE;
        b += LINE;
        target += LINE;
      }
      s0 = rotated(s0, 1);
      s1 = rotated(s1, 1);
      t0 = rotated(t0, 1);
      t1 = rotated(t1, 1);
    }
    inA0 = folded(inA0, a0, PRIME_A);
    inA1 = folded(inA1, a1, PRIME_A);
    inS0 = folded(inS0, s0, PRIME_S);
    inS1 = folded(inS1, s1, PRIME_S);
    outA0 = folded(outA0, c0, PRIME_A);
    outA1 = folded(outA1, c1, PRIME_A);
    outS0 = folded(outS0, t0, PRIME_S);
    outS1 = folded(outS1, t1, PRIME_S);
  }
  const rest = (<usize>bytes) & (LINE - 1);
  if (rest != 0) {
    const padded = out + 64;
    v128.store(out, zero);
    v128.store(out, zero, 16);
    v128.store(padded, zero);
    v128.store(padded, zero, 16);
    for (let i: usize = 0; i < rest; i += 4) {
      const x = load<f32>(b + i);
      const y = load<f32>(a + i) + x;
      store<f32>(out + i, x);
      store<f32>(padded + i, y);
      store<f32>(target + i, y);
    }
    inA0 = folded(inA0, v128.load(out), PRIME_A);
    inA1 = folded(inA1, v128.load(out, 16), PRIME_A);
    inS0 = folded(inS0, v128.load(out), PRIME_S);
    inS1 = folded(inS1, v128.load(out, 16), PRIME_S);
    outA0 = folded(outA0, v128.load(padded), PRIME_A);
    outA1 = folded(outA1, v128.load(padded, 16), PRIME_A);
    outS0 = folded(outS0, v128.load(padded), PRIME_S);
    outS1 = folded(outS1, v128.load(padded, 16), PRIME_S);
  }
  finish(inA0, inA1, inS0, inS1, bytes, out);
  finish(outA0, outA1, outS0, outS1, bytes, out + 64);
}
