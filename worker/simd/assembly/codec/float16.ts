// IEEE half precision. Finite values beyond its largest number are encoded as that number; the residual keeps the rest.

import { finiteOrZero, finiteOrZeroOne } from './finite';

const LARGEST: f32 = 65504;
/** 2⁻¹⁴, the least normal number, as the bits of a float32. */
const LEAST_NORMAL: i32 = 0x38800000;
/** What is subtracted from a float32's bits to move its exponent to half precision's. */
const REBIAS: i32 = 0x38000000;
/** 0.5 as bits: added to a number below 2⁻¹⁴ it rounds it to a multiple of 2⁻²⁴. */
const HALF_BITS: i32 = 0x3f000000;

/** Half precision of the magnitudes of four floats, as four integers; `random` holds 16 random bits per lane. */
// @ts-ignore: decorator
@inline
function encodeMagnitude(x: v128, random: v128, stochastic: bool): v128 {
  const clamped = f32x4.min(f32x4.abs(x), f32x4.splat(LARGEST));
  const normal = i32x4.sub(clamped, i32x4.splat(REBIAS));
  let bias: v128;
  let small: v128;
  if (stochastic) {
    bias = i32x4.shr_u(random, 3);
    const steps = f32x4.mul(clamped, f32x4.splat(16777216));
    const floor = f32x4.floor(steps);
    const up = f32x4.gt(f32x4.sub(steps, floor), f32x4.mul(f32x4.convert_i32x4_u(random), f32x4.splat(1.0 / 65536)));
    small = i32x4.sub(i32x4.trunc_sat_f32x4_u(floor), up);
  } else {
    bias = i32x4.add(v128.and(i32x4.shr_u(normal, 13), i32x4.splat(1)), i32x4.splat(0xfff));
    small = i32x4.sub(f32x4.add(clamped, f32x4.splat(0.5)), i32x4.splat(HALF_BITS));
  }
  const large = i32x4.shr_u(i32x4.add(normal, bias), 13);
  return v128.bitselect(large, small, i32x4.ge_s(clamped, i32x4.splat(LEAST_NORMAL)));
}

/** The floats of four half-precision numbers in the lower halves of `bits`. */
// @ts-ignore: decorator
@inline
function decodeFour(bits: v128): v128 {
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const magnitude = v128.and(bits, i32x4.splat(0x7fff));
  const mantissa = i32x4.shl(magnitude, 13);
  const normal = i32x4.add(mantissa, i32x4.splat(REBIAS));
  const small = f32x4.sub(v128.or(magnitude, i32x4.splat(HALF_BITS)), f32x4.splat(0.5));
  const special = v128.or(mantissa, i32x4.splat(0x7f800000));
  const finite = v128.bitselect(normal, small, i32x4.ge_s(magnitude, i32x4.splat(0x400)));
  return v128.or(v128.bitselect(special, finite, i32x4.ge_s(magnitude, i32x4.splat(0x7c00))), sign);
}

/** Half precision of four floats, as four integers. */
// @ts-ignore: decorator
@inline
function encodeFour(x: v128, random: v128, stochastic: bool): v128 {
  const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000));
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const isSpecial = i32x4.ge_s(magnitude, i32x4.splat(0x7f800000));
  const special = v128.or(i32x4.splat(0x7c00), v128.and(f32x4.ne(x, x), i32x4.splat(0x200)));
  return v128.or(v128.bitselect(special, encodeMagnitude(x, random, stochastic), isSpecial), sign);
}

/**
 * target[i] ← float16(values[i] + residual[i]); residual[i] ← the rest.
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 */
export function encodeFloat16(values: usize, residual: usize, target: usize, noise: usize, count: i32): void {
  const stochastic = noise != 0;
  let random0 = i32x4.splat(0);
  let random1 = random0;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const x0 = f32x4.add(v128.load(values), v128.load(residual));
    const x1 = f32x4.add(v128.load(values, 16), v128.load(residual, 16));
    if (stochastic) {
      random0 = v128.load16x4_u(noise);
      random1 = v128.load16x4_u(noise, 8);
      noise += 16;
    }
    const h0 = encodeFour(x0, random0, stochastic);
    const h1 = encodeFour(x1, random1, stochastic);
    v128.store(residual, finiteOrZero(f32x4.sub(x0, decodeFour(h0))));
    v128.store(residual, finiteOrZero(f32x4.sub(x1, decodeFour(h1))), 16);
    v128.store(target, i16x8.narrow_i32x4_u(h0, h1));
    values += 32;
    residual += 32;
    target += 16;
  }
  for (; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    if (stochastic) {
      random0 = i32x4.splat(load<u16>(noise));
      noise += 2;
    }
    const h = encodeFour(f32x4.splat(x), random0, stochastic);
    store<f32>(residual, finiteOrZeroOne(x - f32x4.extract_lane(decodeFour(h), 0)));
    store<u16>(target, <u16>i32x4.extract_lane(h, 0));
    values += 4;
    residual += 4;
    target += 2;
  }
}

/** target[i] ← source[i]. */
export function decodeFloat16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(target, decodeFour(v128.load16x4_u(source)));
    source += 8;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, f32x4.extract_lane(decodeFour(i32x4.splat(load<u16>(source))), 0));
    source += 2;
    target += 4;
  }
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addFloat16(values: usize, source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(target, f32x4.add(v128.load(values), decodeFour(v128.load16x4_u(source))));
    values += 16;
    source += 8;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(values) + f32x4.extract_lane(decodeFour(i32x4.splat(load<u16>(source))), 0));
    values += 4;
    source += 2;
    target += 4;
  }
}
