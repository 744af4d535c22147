// Checksums of frames, by themselves and on the way of an addition: see parts/lanes.ts. Pointers are byte offsets on the heap.
import {
  BLOCK,
  finishSums,
  folded,
  GROUP,
  LINE,
  PRIME_A,
  PRIME_S,
  rotated,
  turned,
} from './parts/lanes';

/** Writes the two numbers of a checksum to `out`, which has 64 bytes. */
// @ts-ignore: decorator
@inline
function finish(a0: v128, a1: v128, s0: v128, s1: v128, bytes: i32, out: usize): void {
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, s0, 32);
  v128.store(out, s1, 48);
  finishSums(out, bytes);
}

export { checksum } from './parts/lanes';

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
