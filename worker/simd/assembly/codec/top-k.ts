// The k elements of largest magnitude. Magnitudes are compared as the integers that their bits are, so that what is not
// finite counts as largest, and the choice is exact: ties go to the lower index.

import { finiteOrZero, finiteOrZeroOne } from './finite';

const MAGNITUDE: i32 = 0x7fffffff;
/** Bins of one pass of the selection: 2¹¹. */
const BINS: i32 = 2048;

/** Counts the magnitudes whose bits above `shift + width` equal `prefix`, by their `width` bits at `shift`. */
function countBins(x: usize, count: i32, bins: usize, shift: i32, width: i32, prefix: u32): void {
  memory.fill(bins, 0, BINS << 2);
  const above = shift + width;
  const mask: u32 = (1 << width) - 1;
  const end = x + ((<usize>count) << 2);
  for (; x < end; x += 4) {
    const magnitude = load<u32>(x) & MAGNITUDE;
    if (magnitude >>> above != prefix) continue;
    const bin = bins + (((magnitude >>> shift) & mask) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
}

/**
 * Returns the bits of the k-th largest magnitude of x; k is at least 1.
 * @param bins 2048 integers of scratch; the first holds, in the end, how many elements of just that magnitude belong to the k
 */
function selectMagnitude(x: usize, count: i32, k: i32, bins: usize): u32 {
  let prefix: u32 = 0;
  let missing = <u32>k;
  let shift = 31;
  while (shift > 0) {
    const width = shift == 31 ? 11 : 10;
    shift -= width;
    countBins(x, count, bins, shift, width, prefix);
    let bin: u32 = (1 << width) - 1;
    for (; bin > 0; bin--) {
      const inBin = load<u32>(bins + (bin << 2));
      if (inBin >= missing) break;
      missing -= inBin;
    }
    prefix = (prefix << width) | bin;
  }
  store<u32>(bins, missing);
  return prefix;
}

/**
 * Moves the elements of x above a magnitude, and the first `ties` of just that magnitude, into `indices` and `values`,
 * ascending by index. They become 0 in x, and so does what else is not finite.
 */
function takeLargest(x: usize, count: i32, threshold: u32, ties: i32, indices: usize, values: usize): void {
  const least = i32x4.splat(threshold);
  for (let i = 0; i < count; i += 4) {
    const width = min<i32>(4, count - i);
    if (width == 4) {
      const four = v128.load(x);
      if (!v128.any_true(i32x4.ge_s(v128.and(four, i32x4.splat(MAGNITUDE)), least))) {
        v128.store(x, finiteOrZero(four));
        x += 16;
        continue;
      }
    }
    for (let lane = 0; lane < width; lane++) {
      const magnitude = load<u32>(x) & MAGNITUDE;
      let taken = magnitude > threshold;
      if (magnitude == threshold && ties > 0) {
        ties--;
        taken = true;
      }
      if (taken) {
        store<u32>(indices, i + lane);
        store<f32>(values, load<f32>(x));
        store<f32>(x, 0);
        indices += 4;
        values += 4;
      } else {
        store<f32>(x, finiteOrZeroOne(load<f32>(x)));
      }
      x += 4;
    }
  }
}

/**
 * Adds the values to the residual and moves its k largest elements out, ascending by index. The rest stays, without what is not
 * finite.
 * @param k at least 1
 * @param scratch 8 KiB
 */
export function encodeTopK(
  values: usize,
  residual: usize,
  indices: usize,
  target: usize,
  scratch: usize,
  k: i32,
  count: i32,
): void {
  let i = 0;
  let x = residual;
  for (; i + 4 <= count; i += 4) {
    v128.store(x, f32x4.add(v128.load(values), v128.load(x)));
    values += 16;
    x += 16;
  }
  for (; i < count; i++) {
    store<f32>(x, load<f32>(values) + load<f32>(x));
    values += 4;
    x += 4;
  }
  const threshold = selectMagnitude(residual, count, k, scratch);
  takeLargest(residual, count, threshold, <i32>load<u32>(scratch), indices, target);
}

/**
 * target ← values + the elements of source at their indices; without values (0) the others become 0. The target may be the
 * values. Returns false, having added some, when indices do not ascend within `count`.
 */
export function addTopK(values: usize, indices: usize, source: usize, target: usize, k: i32, count: i32): bool {
  const bytes = (<usize>count) << 2;
  if (values == 0) memory.fill(target, 0, bytes);
  else if (values != target) memory.copy(target, values, bytes);
  let last: i64 = -1;
  for (let j = 0; j < k; j++) {
    const index = load<u32>(indices);
    if (<i64>index <= last || index >= <u32>count) return false;
    last = <i64>index;
    const at = target + ((<usize>index) << 2);
    store<f32>(at, load<f32>(at) + load<f32>(source));
    indices += 4;
    source += 4;
  }
  return true;
}
