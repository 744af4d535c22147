// The k elements of largest magnitude. Magnitudes are compared as the integers that their bits are, so that what is not
// finite counts as largest, and the choice is exact: ties go to the lower index.
//
// Of many elements most are too small to be looked at twice. A sample gives a magnitude that somewhat more than k reach, those are
// collected, and the exact choice is made among them. Where the sample has misled, or there are few elements, it is made among all.

import { finiteOrZero, finiteOrZeroOne } from './finite';

const MAGNITUDE: i32 = 0x7fffffff;
const EXPONENT: u32 = 0x7f800000;
/** Bins of one pass of the selection: 2¹¹. */
const BINS: i32 = 2048;
const BINS_BYTES: usize = 8192;
/** Of so many elements four are sampled. */
const SAMPLED: i32 = 64;
/** From so many elements on. */
const MANY: i32 = 8192;
/** Magnitudes that scratch memory takes behind the bins. */
const MAX_CANDIDATES: i32 = 32768;

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

/** Returns a magnitude, at most infinity, that somewhat more than k elements of x should reach; 0 if they would not fit. */
function sampledMagnitude(x: usize, count: i32, k: i32, scratch: usize): u32 {
  const sample = scratch + BINS_BYTES;
  const numGroups = min<i32>(count / SAMPLED, MAX_CANDIDATES / 4);
  for (let group = 0; group < numGroups; group++) {
    // Another place in each group, so that no pattern in the elements is met always or never.
    const place = group * SAMPLED + ((group * 7) & 15) * 4;
    v128.store(sample + ((<usize>group) << 4), v128.load(x + ((<usize>place) << 2)));
  }
  const expected = (<f32>k * <f32>(numGroups * 4)) / <f32>count;
  // Neighbours are alike, so four are hardly more than one: the deviation is that of a sample of a quarter.
  const wanted = <i32>ceil<f32>(expected * 1.1 + 8 * sqrt<f32>(expected) + 8);
  if (wanted >= numGroups * 4 || wanted * (count / (numGroups * 4)) > MAX_CANDIDATES / 2) return 0;
  return min<u32>(selectMagnitude(sample, numGroups * 4, wanted, scratch), EXPONENT);
}

/** Adds the values to the residual. */
function addToResidual(values: usize, residual: usize, count: i32): void {
  const end = residual + ((<usize>count) << 2);
  const wide = residual + ((<usize>(count & ~15)) << 2);
  for (; residual < wide; residual += 64) {
    v128.store(residual, f32x4.add(v128.load(values), v128.load(residual)));
    v128.store(residual, f32x4.add(v128.load(values, 16), v128.load(residual, 16)), 16);
    v128.store(residual, f32x4.add(v128.load(values, 32), v128.load(residual, 32)), 32);
    v128.store(residual, f32x4.add(v128.load(values, 48), v128.load(residual, 48)), 48);
    values += 64;
  }
  for (; residual < end; residual += 4) {
    store<f32>(residual, load<f32>(values) + load<f32>(residual));
    values += 4;
  }
}

/**
 * Writes the indices of elements whose magnitude reaches `least` to `indices`, and what they are to `found`. Returns how many there are;
 * when they are more than {@link MAX_CANDIDATES}, some number beyond that.
 */
function collect(x: usize, count: i32, least: u32, indices: usize, found: usize): i32 {
  const leasts = i32x4.splat(least);
  const magnitude = i32x4.splat(MAGNITUDE);
  let numFound = 0;
  for (let i = 0; i < count; i += 16) {
    const at = x + ((<usize>i) << 2);
    const width = min<i32>(16, count - i);
    if (width == 16) {
      const first = i32x4.max_s(v128.and(v128.load(at), magnitude), v128.and(v128.load(at, 16), magnitude));
      const second = i32x4.max_s(v128.and(v128.load(at, 32), magnitude), v128.and(v128.load(at, 48), magnitude));
      if (!v128.any_true(i32x4.ge_s(i32x4.max_s(first, second), leasts))) continue;
    }
    if (numFound > MAX_CANDIDATES - 16) return MAX_CANDIDATES + 1;
    for (let lane = 0; lane < width; lane++) {
      const bits = load<u32>(at + ((<usize>lane) << 2));
      // Without a branch, which could not be foreseen.
      store<u32>(indices + ((<usize>numFound) << 2), i + lane);
      store<u32>(found + ((<usize>numFound) << 2), bits);
      numFound += <i32>((bits & MAGNITUDE) >= least);
    }
  }
  return numFound;
}

/** Moves the k largest of the collected elements out of x; of the others what is not finite becomes 0. */
function takeFound(
  x: usize,
  numFound: i32,
  k: i32,
  indices: usize,
  found: usize,
  bins: usize,
  toIndices: usize,
  toValues: usize,
): void {
  const threshold = selectMagnitude(found, numFound, k, bins);
  let ties = <i32>load<u32>(bins);
  for (let j = 0; j < numFound; j++) {
    const bits = load<u32>(found);
    const index = load<u32>(indices);
    const at = x + ((<usize>index) << 2);
    const magnitude = bits & MAGNITUDE;
    if (magnitude > threshold || (magnitude == threshold && ties-- > 0)) {
      store<u32>(toIndices, index);
      store<u32>(toValues, bits);
      store<u32>(at, 0);
      toIndices += 4;
      toValues += 4;
    } else if (magnitude >= EXPONENT) {
      store<u32>(at, 0);
    }
    found += 4;
    indices += 4;
  }
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
 * @param scratch 264 KiB
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
  addToResidual(values, residual, count);
  if (count >= MANY) {
    const least = sampledMagnitude(residual, count, k, scratch);
    if (least > 0) {
      const candidates = scratch + BINS_BYTES;
      const found = candidates + ((<usize>MAX_CANDIDATES) << 2);
      const numFound = collect(residual, count, least, candidates, found);
      if (numFound >= k && numFound <= MAX_CANDIDATES) {
        takeFound(residual, numFound, k, candidates, found, scratch, indices, target);
        return;
      }
    }
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
