// Codecs of two bytes per element. A frame is worked on in strides that stay in the first-level cache, so that its checksum is made, and a sum
// is encoded, while the bytes are there.
//
// `sums` of each function are 64 bytes for the frame's checksum (see parts/lanes.ts), or 0 where none is wanted.

import { beginSums, continueSums, finishSums } from '../parts/lanes';
import { addBfloat16s, decodeBfloat16s, encodeBfloat16s } from './bfloat16';
import { addFloat16s, decodeFloat16s, encodeFloat16s } from './float16';

/** Elements of a stride: 4 KiB of a frame, after which a checksum may be continued. */
const STRIDE: i32 = 2048;

// @ts-ignore: decorator
@inline
function encode(
  isBrain: bool,
  values: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  if (sums != 0) beginSums(sums);
  for (let done = 0; done < count; done += STRIDE) {
    const length = min<i32>(STRIDE, count - done);
    const bytes = (<usize>length) << 2;
    if (isBrain) encodeBfloat16s(values, residual, target, decoded, noise, length);
    else encodeFloat16s(values, residual, target, decoded, noise, length);
    if (sums != 0) continueSums(target, length << 1, sums);
    values += bytes;
    residual += bytes;
    target += bytes >> 1;
    if (decoded != 0) decoded += bytes;
    if (noise != 0) noise += bytes >> 1;
  }
  if (sums != 0) finishSums(sums, count << 1);
}

// @ts-ignore: decorator
@inline
function decode(isBrain: bool, source: usize, target: usize, count: i32, sums: usize): void {
  if (sums != 0) beginSums(sums);
  for (let done = 0; done < count; done += STRIDE) {
    const length = min<i32>(STRIDE, count - done);
    const bytes = (<usize>length) << 2;
    if (sums != 0) continueSums(source, length << 1, sums);
    if (isBrain) decodeBfloat16s(source, target, length);
    else decodeFloat16s(source, target, length);
    source += bytes >> 1;
    target += bytes;
  }
  if (sums != 0) finishSums(sums, count << 1);
}

// @ts-ignore: decorator
@inline
function add(isBrain: bool, values: usize, source: usize, target: usize, count: i32, sums: usize): void {
  if (sums != 0) beginSums(sums);
  for (let done = 0; done < count; done += STRIDE) {
    const length = min<i32>(STRIDE, count - done);
    const bytes = (<usize>length) << 2;
    if (sums != 0) continueSums(source, length << 1, sums);
    if (isBrain) addBfloat16s(values, source, target, length);
    else addFloat16s(values, source, target, length);
    values += bytes;
    source += bytes >> 1;
    target += bytes;
  }
  if (sums != 0) finishSums(sums, count << 1);
}

// @ts-ignore: decorator
@inline
function reduce(
  isBrain: bool,
  values: usize,
  source: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  const targetSums = sums + 64;
  if (sums != 0) {
    beginSums(sums);
    beginSums(targetSums);
  }
  for (let done = 0; done < count; done += STRIDE) {
    const length = min<i32>(STRIDE, count - done);
    const bytes = (<usize>length) << 2;
    if (sums != 0) continueSums(source, length << 1, sums);
    if (isBrain) {
      addBfloat16s(values, source, decoded, length);
      encodeBfloat16s(decoded, residual, target, decoded, noise, length);
    } else {
      addFloat16s(values, source, decoded, length);
      encodeFloat16s(decoded, residual, target, decoded, noise, length);
    }
    if (sums != 0) continueSums(target, length << 1, targetSums);
    values += bytes;
    source += bytes >> 1;
    residual += bytes;
    target += bytes >> 1;
    decoded += bytes;
    if (noise != 0) noise += bytes >> 1;
  }
  if (sums != 0) {
    finishSums(sums, count << 1);
    finishSums(targetSums, count << 1);
  }
}

/**
 * target[i] ← bfloat16(values[i] + residual[i]); residual[i] ← the rest.
 * @param decoded where to write the numbers that the target stands for, or 0; may be the values
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 */
export function encodeBfloat16(
  values: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  encode(true, values, residual, target, decoded, noise, count, sums);
}

/** target[i] ← source[i]. */
export function decodeBfloat16(source: usize, target: usize, count: i32, sums: usize): void {
  decode(true, source, target, count, sums);
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addBfloat16(values: usize, source: usize, target: usize, count: i32, sums: usize): void {
  add(true, values, source, target, count, sums);
}

/**
 * Encodes values + source as {@link encodeBfloat16} does, in one go.
 * @param sums 128 bytes, for the source's checksum and the target's, or 0
 */
export function reduceBfloat16(
  values: usize,
  source: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  reduce(true, values, source, residual, target, decoded, noise, count, sums);
}

/**
 * target[i] ← float16(values[i] + residual[i]); residual[i] ← the rest.
 * @param decoded where to write the numbers that the target stands for, or 0; may be the values
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 */
export function encodeFloat16(
  values: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  encode(false, values, residual, target, decoded, noise, count, sums);
}

/** target[i] ← source[i]. */
export function decodeFloat16(source: usize, target: usize, count: i32, sums: usize): void {
  decode(false, source, target, count, sums);
}

/** target[i] ← values[i] + source[i]; the target may be the values. */
export function addFloat16(values: usize, source: usize, target: usize, count: i32, sums: usize): void {
  add(false, values, source, target, count, sums);
}

/**
 * Encodes values + source as {@link encodeFloat16} does, in one go.
 * @param sums 128 bytes, for the source's checksum and the target's, or 0
 */
export function reduceFloat16(
  values: usize,
  source: usize,
  residual: usize,
  target: usize,
  decoded: usize,
  noise: usize,
  count: i32,
  sums: usize,
): void {
  reduce(false, values, source, residual, target, decoded, noise, count, sums);
}
