// Eight-bit integers with one float32 scale per block of 256: value ≈ scale · integer, integers from −127 to 127.

export const BLOCK: i32 = 256;
const LARGEST: f32 = 127;
/** Blocks whose largest magnitude is below this are sent as zeros: 127 / magnitude would not be finite. */
const LEAST: f32 = 1e-30;

// @ts-ignore: decorator
@inline
function largestLane(x: v128): f32 {
  const pairs = f32x4.max(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** Adds the values to the residual and returns the largest magnitude; no number if any is none. */
function gather(values: usize, residual: usize, count: i32): f32 {
  let largest = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const x = f32x4.add(v128.load(values), v128.load(residual));
    v128.store(residual, x);
    largest = f32x4.max(largest, f32x4.abs(x));
    values += 16;
    residual += 16;
  }
  let one = largestLane(largest);
  for (; i < count; i++) {
    const x = load<f32>(values) + load<f32>(residual);
    store<f32>(residual, x);
    one = max<f32>(one, abs<f32>(x));
    values += 4;
    residual += 4;
  }
  return one;
}

/** Integers of four scaled values, as floats. */
// @ts-ignore: decorator
@inline
function quantised(scaled: v128, random: v128, stochastic: bool): v128 {
  const integer = stochastic
    ? f32x4.floor(f32x4.add(scaled, f32x4.mul(f32x4.convert_i32x4_u(random), f32x4.splat(1.0 / 65536))))
    : f32x4.nearest(scaled);
  return f32x4.max(f32x4.min(integer, f32x4.splat(LARGEST)), f32x4.splat(-LARGEST));
}

/** Encodes one block whose sums already lie in the residual. */
function encodeBlock(residual: usize, target: usize, noise: usize, count: i32, scale: f32, inverse: f32): void {
  const stochastic = noise != 0;
  const scales = f32x4.splat(scale);
  const inverses = f32x4.splat(inverse);
  let random = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const x = v128.load(residual);
    if (stochastic) {
      random = v128.load16x4_u(noise);
      noise += 8;
    }
    const q = quantised(f32x4.mul(x, inverses), random, stochastic);
    v128.store(residual, f32x4.sub(x, f32x4.mul(q, scales)));
    const halves = i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(q), i32x4.splat(0));
    v128.store32_lane(target, i8x16.narrow_i16x8_s(halves, halves), 0);
    residual += 16;
    target += 4;
  }
  for (; i < count; i++) {
    const x = load<f32>(residual);
    if (stochastic) {
      random = i32x4.splat(load<u16>(noise));
      noise += 2;
    }
    const q = f32x4.extract_lane(quantised(f32x4.splat(x * inverse), random, stochastic), 0);
    store<f32>(residual, x - q * scale);
    store<i8>(target, <i8>q);
    residual += 4;
    target++;
  }
}

/**
 * Encodes values + residual and leaves the rest in the residual. A block with a value that is not finite is sent as a scale
 * that is no number, and leaves no rest.
 * @param scales one float32 per block
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 */
export function encodeInt8(
  values: usize,
  residual: usize,
  scales: usize,
  target: usize,
  noise: usize,
  count: i32,
): void {
  for (let done = 0; done < count; done += BLOCK) {
    const length = min<i32>(BLOCK, count - done);
    const largest = gather(values, residual, length);
    if (largest < <f32>Infinity) {
      const isTiny = largest < LEAST;
      const scale: f32 = isTiny ? 0 : largest / LARGEST;
      encodeBlock(residual, target, noise, length, scale, isTiny ? 0 : LARGEST / largest);
      store<f32>(scales, scale);
    } else {
      memory.fill(residual, 0, (<usize>length) << 2);
      memory.fill(target, 0, length);
      store<f32>(scales, <f32>NaN);
    }
    scales += 4;
    values += (<usize>length) << 2;
    residual += (<usize>length) << 2;
    target += length;
    if (noise != 0) noise += (<usize>length) << 1;
  }
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

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addInt8(values: usize, scales: usize, source: usize, target: usize, count: i32): void {
  for (let done = 0; done < count; done += BLOCK) {
    const length = min<i32>(BLOCK, count - done);
    const scale = load<f32>(scales);
    const wide = f32x4.splat(scale);
    scales += 4;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      v128.store(target, f32x4.add(v128.load(values), decodeFour(source, wide)));
      values += 16;
      source += 4;
      target += 16;
    }
    for (; i < length; i++) {
      store<f32>(target, load<f32>(values) + <f32>load<i8>(source) * scale);
      values += 4;
      source++;
      target += 4;
    }
  }
}
