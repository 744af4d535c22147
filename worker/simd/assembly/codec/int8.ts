// Eight-bit integers with one float32 scale per block of 256: value ≈ scale · integer, integers from −127 to 127.
// Scales and integers are one frame, one after the other.

import { checksum } from '../parts/lanes';

export const BLOCK: i32 = 256;
const LARGEST: f32 = 127;
/** Blocks whose largest magnitude is below this are sent as zeros: 127 / magnitude would not be finite. */
const LEAST: f32 = 1e-30;
/** 1.5 · 2²³: a number that is added to it is rounded to an integer, which its low bits then hold. */
const ROUND: f32 = 12582912;
const MAGNITUDE: i32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function largestLane(x: v128): u32 {
  const pairs = i32x4.max_s(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return max<u32>(i32x4.extract_lane(pairs, 0), i32x4.extract_lane(pairs, 1));
}

/** Adds the values to the residual and returns the largest magnitude; no number if any is none. */
function gather(values: usize, residual: usize, count: i32): f32 {
  const magnitude = i32x4.splat(MAGNITUDE);
  // As integers, magnitudes are in the same order, and what is no number is largest.
  let largest0 = i32x4.splat(0);
  let largest1 = largest0;
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const x0 = f32x4.add(v128.load(values), v128.load(residual));
    const x1 = f32x4.add(v128.load(values, 16), v128.load(residual, 16));
    const x2 = f32x4.add(v128.load(values, 32), v128.load(residual, 32));
    const x3 = f32x4.add(v128.load(values, 48), v128.load(residual, 48));
    v128.store(residual, x0);
    v128.store(residual, x1, 16);
    v128.store(residual, x2, 32);
    v128.store(residual, x3, 48);
    largest0 = i32x4.max_s(largest0, i32x4.max_s(v128.and(x0, magnitude), v128.and(x1, magnitude)));
    largest1 = i32x4.max_s(largest1, i32x4.max_s(v128.and(x2, magnitude), v128.and(x3, magnitude)));
    values += 64;
    residual += 64;
  }
  let one = largestLane(i32x4.max_s(largest0, largest1));
  for (; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    store<f32>(residual, x);
    one = max<u32>(one, reinterpret<u32>(x) & MAGNITUDE);
    values += 4;
    residual += 4;
  }
  return reinterpret<f32>(one);
}

/** Integers of four scaled values, added to {@link ROUND}. */
// @ts-ignore: decorator
@inline
function rounded(scaled: v128, random: v128, isStochastic: bool): v128 {
  if (!isStochastic) return f32x4.add(scaled, f32x4.splat(ROUND));
  const chance = f32x4.mul(f32x4.convert_i32x4_s(random), f32x4.splat(1.0 / 65536));
  const integer = f32x4.floor(f32x4.add(scaled, chance));
  const limited = f32x4.pmax(f32x4.pmin(integer, f32x4.splat(LARGEST)), f32x4.splat(-LARGEST));
  return f32x4.add(limited, f32x4.splat(ROUND));
}

/** Encodes one block whose sums already lie in the residual. */
// @ts-ignore: decorator
@inline
function encodeWide(
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  scale: f32,
  inverse: f32,
  isStochastic: bool,
): void {
  const scales = f32x4.splat(scale);
  const inverses = f32x4.splat(inverse);
  const round = f32x4.splat(ROUND);
  const zero = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const x0 = v128.load(residual);
    const x1 = v128.load(residual, 16);
    const n0 = rounded(f32x4.mul(x0, inverses), isStochastic ? v128.load16x4_u(noise) : zero, isStochastic);
    const n1 = rounded(f32x4.mul(x1, inverses), isStochastic ? v128.load16x4_u(noise, 8) : zero, isStochastic);
    const q0 = f32x4.mul(f32x4.sub(n0, round), scales);
    const q1 = f32x4.mul(f32x4.sub(n1, round), scales);
    v128.store(residual, f32x4.sub(x0, q0));
    v128.store(residual, f32x4.sub(x1, q1), 16);
    const halves = i16x8.narrow_i32x4_s(i32x4.sub(n0, round), i32x4.sub(n1, round));
    v128.store64_lane(target, i8x16.narrow_i16x8_s(halves, halves), 0);
    if (decoded != 0) {
      v128.store(decoded, q0);
      v128.store(decoded, q1, 16);
      decoded += 32;
    }
    residual += 32;
    target += 8;
    if (isStochastic) noise += 16;
  }
  for (; i < count; i++) {
    const x = load<f32>(residual);
    let random = zero;
    if (isStochastic) {
      random = i32x4.splat(load<u16>(noise));
      noise += 2;
    }
    const n = f32x4.extract_lane(rounded(f32x4.splat(x * inverse), random, isStochastic), 0);
    const integer = n - ROUND;
    const q = integer * scale;
    store<f32>(residual, x - q);
    store<i8>(target, <i8>integer);
    if (decoded != 0) {
      store<f32>(decoded, q);
      decoded += 4;
    }
    residual += 4;
    target++;
  }
}

function encodeBlock(
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  scale: f32,
  inverse: f32,
): void {
  if (noise != 0) encodeWide(residual, target, decoded, noise, count, scale, inverse, true);
  else encodeWide(residual, target, decoded, 0, count, scale, inverse, false);
}

/** Returns the scale of the block. */
function encodeOne(values: usize, residual: usize, target: usize, decoded: usize, noise: usize, count: i32): f32 {
  const largest = gather(values, residual, count);
  if (largest < <f32>Infinity) {
    const isTiny = largest < LEAST;
    const scale: f32 = isTiny ? 0 : largest / LARGEST;
    encodeBlock(residual, target, decoded, noise, count, scale, isTiny ? 0 : LARGEST / largest);
    return scale;
  }
  const bytes = (<usize>count) << 2;
  memory.fill(residual, 0, bytes);
  memory.fill(target, 0, count);
  if (decoded != 0) for (let i: usize = 0; i < bytes; i += 4) store<f32>(decoded + i, <f32>NaN);
  return <f32>NaN;
}

/** Encodes values, or values + source where that is not 0: then `decoded` holds their sum in between. */
function encode(
  values: usize,
  sourceScales: usize,
  source: usize,
  residual: usize,
  scales: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  let scale = scales;
  let integers = target;
  for (let done = 0; done < count; done += BLOCK) {
    const length = min<i32>(BLOCK, count - done);
    const bytes = (<usize>length) << 2;
    let numbers = values;
    if (source != 0) {
      addBlock(values, load<f32>(sourceScales), source, decoded, length);
      numbers = decoded;
      sourceScales += 4;
      source += length;
    }
    store<f32>(scale, encodeOne(numbers, residual, integers, decoded, noise, length));
    scale += 4;
    values += bytes;
    residual += bytes;
    integers += length;
    if (decoded != 0) decoded += bytes;
    if (noise != 0) noise += bytes >> 1;
  }
  if (sums != 0) checksum(scales, <i32>(target - scales) + count, sums);
}

/**
 * Encodes values + residual and leaves the rest in the residual. A block with a value that is not finite is sent as a scale
 * that is no number, and leaves no rest.
 * @param scales one float32 per block
 * @param decoded where to write the numbers that scales and integers stand for, or 0; may be the values
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 * @param sums 64 bytes for the frame's checksum (see parts/lanes.ts), or 0 where none is wanted
 */
export function encodeInt8(
  values: usize,
  residual: usize,
  scales: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  encode(values, 0, 0, residual, scales, target, decoded, noise, count, sums);
}

/** Four floats of four integers. */
// @ts-ignore: decorator
@inline
function decodeFour(source: usize, scales: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(source)))), scales);
}

/** target[i] ← source[i]. */
export function decodeInt8(scales: usize, source: usize, target: usize, count: i32): void {
  for (let done = 0; done < count; done += BLOCK) {
    const length = min<i32>(BLOCK, count - done);
    const scale = load<f32>(scales);
    const wide = f32x4.splat(scale);
    scales += 4;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      v128.store(target, decodeFour(source, wide));
      source += 4;
      target += 16;
    }
    for (; i < length; i++) {
      store<f32>(target, <f32>load<i8>(source) * scale);
      source++;
      target += 4;
    }
  }
}

function addBlock(values: usize, scale: f32, source: usize, target: usize, count: i32): void {
  const scales = f32x4.splat(scale);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(target, f32x4.add(v128.load(values), decodeFour(source, scales)));
    values += 16;
    source += 4;
    target += 16;
  }
  for (; i < count; i++) {
    store<f32>(target, load<f32>(values) + <f32>load<i8>(source) * scale);
    values += 4;
    source++;
    target += 4;
  }
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addInt8(values: usize, scales: usize, source: usize, target: usize, count: i32): void {
  for (let done = 0; done < count; done += BLOCK) {
    const length = min<i32>(BLOCK, count - done);
    addBlock(values, load<f32>(scales), source, target, length);
    scales += 4;
    values += (<usize>length) << 2;
    source += length;
    target += (<usize>length) << 2;
  }
}

/** Encodes values + source as {@link encodeInt8} does, in one go. */
export function reduceInt8(
  values: usize,
  sourceScales: usize,
  source: usize,
  residual: usize,
  scales: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  encode(values, sourceScales, source, residual, scales, target, decoded, noise, count, sums);
}
