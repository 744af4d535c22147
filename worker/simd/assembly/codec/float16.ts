// IEEE half precision. Finite values beyond its largest number are encoded as that number; the residual keeps the rest. See halves.ts.
//
// The steps of half precision at a magnitude from 2ᵉ to 2ᵉ⁺¹ are 2ᵉ⁻¹⁰, and below 2⁻¹⁴ they stay 2⁻²⁴. At 2ᵉ⁺¹³ float32 has the same steps:
// a magnitude that is added to it is rounded to them, and the sum's lower bits count them.

import { finiteOrZeroOne } from './finite';

const LARGEST: f32 = 65504;
const LARGEST_BITS: i32 = 0x477fe000;
/** 2⁻¹⁴, the least normal number, as the bits of a float32. */
const LEAST_NORMAL: i32 = 0x38800000;
/** What is subtracted from a float32's bits to move its exponent to half precision's. */
const REBIAS: i32 = 0x38000000;
/** 0.5 as bits: added to a number below 2⁻¹⁴ it rounds it to a multiple of 2⁻²⁴. */
const HALF_BITS: i32 = 0x3f000000;
const EXPONENT: i32 = 0x7f800000;
const MAGNITUDE: i32 = 0x7fffffff;

/** Half precision of one float; `random` holds 16 random bits. */
function encodeOne(x: f32, random: u32, isStochastic: bool): u32 {
  const bits = reinterpret<u32>(x);
  const sign = (bits >>> 16) & 0x8000;
  if ((bits & MAGNITUDE) >= <u32>EXPONENT) return sign | 0x7c00 | (x != x ? 0x200 : 0);
  const clamped = min<f32>(abs<f32>(x), LARGEST);
  if (reinterpret<u32>(clamped) >= <u32>LEAST_NORMAL) {
    const normal = reinterpret<u32>(clamped) - REBIAS;
    return sign | ((normal + (isStochastic ? random >>> 3 : ((normal >>> 13) & 1) + 0xfff)) >>> 13);
  }
  if (!isStochastic) return sign | (reinterpret<u32>(clamped + 0.5) - HALF_BITS);
  const steps = clamped * 16777216;
  const below = floor<f32>(steps);
  return sign | (<u32>below + (steps - below > <f32>random * (1.0 / 65536) ? 1 : 0));
}

/** The float that 16 bits of half precision stand for. */
function decodeOne(bits: u32): f32 {
  const sign = (bits & 0x8000) << 16;
  const magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) return reinterpret<f32>(sign | EXPONENT | (magnitude << 13));
  if (magnitude >= 0x400) return reinterpret<f32>(sign | ((magnitude << 13) + REBIAS));
  return reinterpret<f32>(sign | reinterpret<u32>(reinterpret<f32>(magnitude | HALF_BITS) - 0.5));
}

/** Encodes numbers of any kind. */
function encodeAny(values: usize, residual: usize, target: usize, decoded: usize, noise: usize, count: i32): void {
  const isStochastic = noise != 0;
  let random: u32 = 0;
  for (let i = 0; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    if (isStochastic) {
      random = load<u16>(noise);
      noise += 2;
    }
    const bits = encodeOne(x, random, isStochastic);
    const q = decodeOne(bits);
    store<f32>(residual, finiteOrZeroOne(x - q));
    store<u16>(target, <u16>bits);
    if (decoded != 0) {
      store<f32>(decoded, q);
      decoded += 4;
    }
    values += 4;
    residual += 4;
    target += 2;
  }
}

/** The magnitudes of four floats up to the largest number. */
// @ts-ignore: decorator
@inline
function clamped(x: v128): v128 {
  // Their bits are in the same order.
  return i32x4.min_s(v128.and(x, i32x4.splat(MAGNITUDE)), i32x4.splat(LARGEST_BITS));
}

/** 2ᵉ of magnitudes. */
// @ts-ignore: decorator
@inline
function power(magnitude: v128): v128 {
  return i32x4.max_s(v128.and(magnitude, i32x4.splat(EXPONENT)), i32x4.splat(LEAST_NORMAL));
}

/** 2ᵉ⁺¹³ of 2ᵉ. */
// @ts-ignore: decorator
@inline
function counter(power: v128): v128 {
  return i32x4.add(power, i32x4.splat(13 << 23));
}

/** Half precision of magnitudes, to the nearest, as floats: what `counted`, their sums with 2ᵉ⁺¹³, has counted. */
// @ts-ignore: decorator
@inline
function nearest(counted: v128, power: v128): v128 {
  return f32x4.sub(counted, counter(power));
}

/** The same as bits of half precision. */
// @ts-ignore: decorator
@inline
function nearestBits(counted: v128, power: v128): v128 {
  // A power's exponent, and up to 2048 steps: 1024 of them stand for the leading bit, and 2048 are the next power.
  const exponent = i32x4.sub(i32x4.shr_u(power, 13), i32x4.splat((127 - 14) << 10));
  return i32x4.add(i32x4.sub(counted, counter(power)), exponent);
}

/** Half precision of magnitudes, rounded up where the rest is more than chance has drawn, as floats. */
// @ts-ignore: decorator
@inline
function drawn(magnitude: v128, random: v128): v128 {
  const normal = v128.and(i32x4.add(magnitude, i32x4.shr_u(random, 3)), i32x4.splat(~0x1fff));
  const steps = f32x4.mul(magnitude, f32x4.splat(16777216));
  const below = f32x4.floor(steps);
  const up = f32x4.gt(f32x4.sub(steps, below), f32x4.mul(f32x4.convert_i32x4_s(random), f32x4.splat(1.0 / 65536)));
  const small = f32x4.mul(f32x4.add(below, v128.and(up, f32x4.splat(1))), f32x4.splat(1.0 / 16777216));
  return v128.bitselect(normal, small, i32x4.ge_s(magnitude, i32x4.splat(LEAST_NORMAL)));
}

/** The bits of magnitudes that half precision has. */
// @ts-ignore: decorator
@inline
function exactBits(magnitude: v128): v128 {
  const p = power(magnitude);
  return nearestBits(f32x4.add(magnitude, counter(p)), p);
}

// @ts-ignore: decorator
@inline
function signOf(x: v128): v128 {
  return v128.and(x, i32x4.splat(~MAGNITUDE));
}

/** Eight at a time; those with any that is not finite one by one. */
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
  const wide = target + ((<usize>(count & ~7)) << 1);
  while (target < wide) {
    const x0 = f32x4.add(v128.load(values), v128.load(residual));
    const x1 = f32x4.add(v128.load(values, 16), v128.load(residual, 16));
    const m0 = clamped(x0);
    const m1 = clamped(x1);
    let q0: v128;
    let q1: v128;
    let bits0: v128;
    let bits1: v128;
    if (isStochastic) {
      q0 = drawn(m0, v128.load16x4_u(noise));
      q1 = drawn(m1, v128.load16x4_u(noise, 8));
      bits0 = exactBits(q0);
      bits1 = exactBits(q1);
    } else {
      const p0 = power(m0);
      const p1 = power(m1);
      const counted0 = f32x4.add(m0, counter(p0));
      const counted1 = f32x4.add(m1, counter(p1));
      q0 = nearest(counted0, p0);
      q1 = nearest(counted1, p1);
      bits0 = nearestBits(counted0, p0);
      bits1 = nearestBits(counted1, p1);
    }
    const sign0 = signOf(x0);
    const sign1 = signOf(x1);
    q0 = v128.or(q0, sign0);
    q1 = v128.or(q1, sign1);
    const r0 = f32x4.sub(x0, q0);
    const r1 = f32x4.sub(x1, q1);
    // No number unless all are finite.
    const sum = f32x4.add(r0, r1);
    if (v128.any_true(f32x4.sub(sum, sum))) {
      encodeAny(values, residual, target, isDecoded ? decoded : 0, isStochastic ? noise : 0, 8);
    } else {
      v128.store(residual, r0);
      v128.store(residual, r1, 16);
      bits0 = v128.or(bits0, i32x4.shr_u(sign0, 16));
      bits1 = v128.or(bits1, i32x4.shr_u(sign1, 16));
      v128.store(target, i16x8.narrow_i32x4_u(bits0, bits1));
      if (isDecoded) {
        v128.store(decoded, q0);
        v128.store(decoded, q1, 16);
      }
    }
    values += 32;
    residual += 32;
    target += 16;
    if (isDecoded) decoded += 32;
    if (isStochastic) noise += 16;
  }
  encodeAny(values, residual, target, isDecoded ? decoded : 0, isStochastic ? noise : 0, count & 7);
}

/** target[i] ← float16(values[i] + residual[i]), which is also written to `decoded` if that is not 0. */
export function encodeFloat16s(
  values: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
): void {
  if (noise != 0) {
    if (decoded != 0) encodeWide(values, residual, target, decoded, noise, count, true, true);
    else encodeWide(values, residual, target, 0, noise, count, true, false);
  } else if (decoded != 0) encodeWide(values, residual, target, decoded, 0, count, false, true);
  else encodeWide(values, residual, target, 0, 0, count, false, false);
}

/** Whether all of eight numbers are finite. */
// @ts-ignore: decorator
@inline
function allFinite(eight: v128): bool {
  return !v128.any_true(i16x8.gt_s(v128.and(eight, i16x8.splat(0x7fff)), i16x8.splat(0x7bff)));
}

/** The floats of four finite numbers in the lower halves of `bits`. */
// @ts-ignore: decorator
@inline
function decodeFour(bits: v128): v128 {
  const magnitude = v128.and(bits, i32x4.splat(0x7fff));
  const exponent = i32x4.max_s(v128.and(bits, i32x4.splat(0x7c00)), i32x4.splat(0x400));
  // 2ᵉ⁺¹³, to which the steps are added as bits.
  const big = i32x4.add(i32x4.shl(exponent, 13), i32x4.splat((127 + 13 - 15) << 23));
  const counted = i32x4.add(i32x4.add(big, i32x4.splat(0x400)), i32x4.sub(magnitude, exponent));
  return v128.or(f32x4.sub(counted, big), v128.and(i32x4.shl(bits, 16), i32x4.splat(~MAGNITUDE)));
}

/** target[i] ← source[i]. */
export function decodeFloat16(source: usize, target: usize, count: i32): void {
  const wide = source + ((<usize>(count & ~7)) << 1);
  const end = source + ((<usize>count) << 1);
  while (source < end) {
    const next = source < wide ? source + 16 : end;
    if (source < wide && allFinite(v128.load(source))) {
      v128.store(target, decodeFour(v128.load16x4_u(source)));
      v128.store(target, decodeFour(v128.load16x4_u(source, 8)), 16);
      source = next;
      target += 32;
    }
    for (; source < next; source += 2) {
      store<f32>(target, decodeOne(load<u16>(source)));
      target += 4;
    }
  }
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addFloat16(values: usize, source: usize, target: usize, count: i32): void {
  const wide = source + ((<usize>(count & ~7)) << 1);
  const end = source + ((<usize>count) << 1);
  while (source < end) {
    const next = source < wide ? source + 16 : end;
    if (source < wide && allFinite(v128.load(source))) {
      v128.store(target, f32x4.add(v128.load(values), decodeFour(v128.load16x4_u(source))));
      v128.store(target, f32x4.add(v128.load(values, 16), decodeFour(v128.load16x4_u(source, 8))), 16);
      source = next;
      values += 32;
      target += 32;
    }
    for (; source < next; source += 2) {
      store<f32>(target, load<f32>(values) + decodeOne(load<u16>(source)));
      values += 4;
      target += 4;
    }
  }
}
