// bfloat16: the upper half of a float32. Encoders add the residual first and leave in it what rounding has taken.

import { finiteOrZero, finiteOrZeroOne } from './finite';

const EXPONENT: i32 = 0x7f800000;
const UPPER: i32 = 0xffff0000;
const QUIET: i32 = 0x00400000;

/** The upper half of x after `bias` was added to its lower one; infinities stay, and what is no number stays so. */
// @ts-ignore: decorator
@inline
function rounded(x: v128, bias: v128): v128 {
  const sum = i32x4.add(x, bias);
  const special = i32x4.ge_s(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(EXPONENT));
  const kept = v128.or(x, v128.and(f32x4.ne(x, x), i32x4.splat(QUIET)));
  return v128.and(v128.bitselect(kept, sum, special), i32x4.splat(UPPER));
}

// @ts-ignore: decorator
@inline
function halfBias(x: v128): v128 {
  return i32x4.add(v128.and(i32x4.shr_u(x, 16), i32x4.splat(1)), i32x4.splat(0x7fff));
}

// @ts-ignore: decorator
@inline
function roundedOne(x: f32, bias: u32): u32 {
  const bits = reinterpret<u32>(x);
  if ((bits & 0x7fffffff) >= <u32>EXPONENT) return (x != x ? bits | <u32>QUIET : bits) & <u32>UPPER;
  return (bits + bias) & <u32>UPPER;
}

/**
 * target[i] ← bfloat16(values[i] + residual[i]); residual[i] ← the rest.
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 */
export function encodeBfloat16(values: usize, residual: usize, target: usize, noise: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const x0 = f32x4.add(v128.load(values), v128.load(residual));
    const x1 = f32x4.add(v128.load(values, 16), v128.load(residual, 16));
    let b0: v128;
    let b1: v128;
    if (noise != 0) {
      b0 = v128.load16x4_u(noise);
      b1 = v128.load16x4_u(noise, 8);
      noise += 16;
    } else {
      b0 = halfBias(x0);
      b1 = halfBias(x1);
    }
    const q0 = rounded(x0, b0);
    const q1 = rounded(x1, b1);
    v128.store(residual, finiteOrZero(f32x4.sub(x0, q0)));
    v128.store(residual, finiteOrZero(f32x4.sub(x1, q1)), 16);
    v128.store(target, i16x8.narrow_i32x4_u(i32x4.shr_u(q0, 16), i32x4.shr_u(q1, 16)));
    values += 32;
    residual += 32;
    target += 16;
  }
  for (; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    let bias: u32 = ((reinterpret<u32>(x) >>> 16) & 1) + 0x7fff;
    if (noise != 0) {
      bias = <u32>load<u16>(noise);
      noise += 2;
    }
    const q = roundedOne(x, bias);
    store<f32>(residual, finiteOrZeroOne(x - reinterpret<f32>(q)));
    store<u16>(target, <u16>(q >>> 16));
    values += 4;
    residual += 4;
    target += 2;
  }
}

/** target[i] ← source[i]. */
export function decodeBfloat16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    v128.store(target, i32x4.shl(v128.load16x4_u(source), 16));
    v128.store(target, i32x4.shl(v128.load16x4_u(source, 8), 16), 16);
    source += 16;
    target += 32;
  }
  for (; i < count; i++) {
    store<u32>(target, (<u32>load<u16>(source)) << 16);
    source += 2;
    target += 4;
  }
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addBfloat16(values: usize, source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    v128.store(target, f32x4.add(v128.load(values), i32x4.shl(v128.load16x4_u(source), 16)));
    v128.store(target, f32x4.add(v128.load(values, 16), i32x4.shl(v128.load16x4_u(source, 8), 16)), 16);
    values += 32;
    source += 16;
    target += 32;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(values) + reinterpret<f32>((<u32>load<u16>(source)) << 16));
    values += 4;
    source += 2;
    target += 4;
  }
}
