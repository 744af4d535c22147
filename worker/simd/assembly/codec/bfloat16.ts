// bfloat16: the upper half of a float32. Encoders add the residual first and leave in it what rounding has taken. See halves.ts.

import { finiteOrZeroOne } from './finite';

const EXPONENT: u32 = 0x7f800000;
const UPPER: i32 = 0xffff0000;
const QUIET: u32 = 0x00400000;

/** What is added before the lower half is cut, to round to the nearest, ties to even. */
// @ts-ignore: decorator
@inline
function halfBias(x: v128): v128 {
  return i32x4.add(v128.and(i32x4.shr_u(x, 16), i32x4.splat(1)), i32x4.splat(0x7fff));
}

/** The upper half of x after `bias` was added to its lower one; infinities stay, and what is no number stays so. */
// @ts-ignore: decorator
@inline
function roundedOne(x: f32, bias: u32): u32 {
  const bits = reinterpret<u32>(x);
  if ((bits & 0x7fffffff) >= EXPONENT) return (x != x ? bits | QUIET : bits) & <u32>UPPER;
  return (bits + bias) & <u32>UPPER;
}

/** Encodes numbers of any kind. */
function encodeAny(values: usize, residual: usize, target: usize, decoded: usize, noise: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    let bias: u32 = ((reinterpret<u32>(x) >>> 16) & 1) + 0x7fff;
    if (noise != 0) {
      bias = <u32>load<u16>(noise);
      noise += 2;
    }
    const q = roundedOne(x, bias);
    store<f32>(residual, finiteOrZeroOne(x - reinterpret<f32>(q)));
    store<u16>(target, <u16>(q >>> 16));
    if (decoded != 0) {
      store<u32>(decoded, q);
      decoded += 4;
    }
    values += 4;
    residual += 4;
    target += 2;
  }
}

/** Sixteen at a time; those with any that is not finite, or becomes infinite, one by one. */
// @ts-ignore: decorator
@inline
function encodeWide(
  values: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  isStochastic: bool,
  isDecoded: bool,
): void {
  const wide = target + ((<usize>(count & ~15)) << 1);
  while (target < wide) {
    const x0 = f32x4.add(v128.load(values), v128.load(residual));
    const x1 = f32x4.add(v128.load(values, 16), v128.load(residual, 16));
    const x2 = f32x4.add(v128.load(values, 32), v128.load(residual, 32));
    const x3 = f32x4.add(v128.load(values, 48), v128.load(residual, 48));
    const upper = i32x4.splat(UPPER);
    const q0 = v128.and(i32x4.add(x0, isStochastic ? v128.load16x4_u(noise) : halfBias(x0)), upper);
    const q1 = v128.and(i32x4.add(x1, isStochastic ? v128.load16x4_u(noise, 8) : halfBias(x1)), upper);
    const q2 = v128.and(i32x4.add(x2, isStochastic ? v128.load16x4_u(noise, 16) : halfBias(x2)), upper);
    const q3 = v128.and(i32x4.add(x3, isStochastic ? v128.load16x4_u(noise, 24) : halfBias(x3)), upper);
    const r0 = f32x4.sub(x0, q0);
    const r1 = f32x4.sub(x1, q1);
    const r2 = f32x4.sub(x2, q2);
    const r3 = f32x4.sub(x3, q3);
    // No number unless all are finite.
    const sum = f32x4.add(f32x4.add(r0, r1), f32x4.add(r2, r3));
    if (v128.any_true(f32x4.sub(sum, sum))) {
      encodeAny(values, residual, target, isDecoded ? decoded : 0, isStochastic ? noise : 0, 16);
    } else {
      v128.store(residual, r0);
      v128.store(residual, r1, 16);
      v128.store(residual, r2, 32);
      v128.store(residual, r3, 48);
      v128.store(target, i16x8.narrow_i32x4_u(i32x4.shr_u(q0, 16), i32x4.shr_u(q1, 16)));
      v128.store(target, i16x8.narrow_i32x4_u(i32x4.shr_u(q2, 16), i32x4.shr_u(q3, 16)), 16);
      if (isDecoded) {
        v128.store(decoded, q0);
        v128.store(decoded, q1, 16);
        v128.store(decoded, q2, 32);
        v128.store(decoded, q3, 48);
      }
    }
    values += 64;
    residual += 64;
    target += 32;
    if (isDecoded) decoded += 64;
    if (isStochastic) noise += 32;
  }
  encodeAny(values, residual, target, isDecoded ? decoded : 0, isStochastic ? noise : 0, count & 15);
}

/** target[i] ← bfloat16(values[i] + residual[i]), which is also written to `decoded` if that is not 0. */
export function encodeBfloat16s(values: usize, residual: usize, target: usize, decoded: usize, noise: usize, count: i32): void {
  if (noise != 0) {
    if (decoded != 0) encodeWide(values, residual, target, decoded, noise, count, true, true);
    else encodeWide(values, residual, target, 0, noise, count, true, false);
  } else if (decoded != 0) encodeWide(values, residual, target, decoded, 0, count, false, true);
  else encodeWide(values, residual, target, 0, 0, count, false, false);
}

/** target[i] ← source[i]. */
export function decodeBfloat16(source: usize, target: usize, count: i32): void {
  const wide = source + ((<usize>(count & ~15)) << 1);
  const end = source + ((<usize>count) << 1);
  for (; source < wide; source += 32) {
    v128.store(target, i32x4.shl(v128.load16x4_u(source), 16));
    v128.store(target, i32x4.shl(v128.load16x4_u(source, 8), 16), 16);
    v128.store(target, i32x4.shl(v128.load16x4_u(source, 16), 16), 32);
    v128.store(target, i32x4.shl(v128.load16x4_u(source, 24), 16), 48);
    target += 64;
  }
  for (; source < end; source += 2) {
    store<u32>(target, (<u32>load<u16>(source)) << 16);
    target += 4;
  }
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addBfloat16(values: usize, source: usize, target: usize, count: i32): void {
  const wide = source + ((<usize>(count & ~15)) << 1);
  const end = source + ((<usize>count) << 1);
  for (; source < wide; source += 32) {
    v128.store(target, f32x4.add(v128.load(values), i32x4.shl(v128.load16x4_u(source), 16)));
    v128.store(target, f32x4.add(v128.load(values, 16), i32x4.shl(v128.load16x4_u(source, 8), 16)), 16);
    v128.store(target, f32x4.add(v128.load(values, 32), i32x4.shl(v128.load16x4_u(source, 16), 16)), 32);
    v128.store(target, f32x4.add(v128.load(values, 48), i32x4.shl(v128.load16x4_u(source, 24), 16)), 48);
    values += 64;
    target += 64;
  }
  for (; source < end; source += 2) {
    store<f32>(target, load<f32>(values) + reinterpret<f32>((<u32>load<u16>(source)) << 16));
    values += 4;
    target += 4;
  }
}
