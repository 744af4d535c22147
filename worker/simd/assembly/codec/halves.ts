// Codecs of two bytes per element. A frame is encoded in strides that stay in the first-level cache, so that its checksum is made, and a sum
// is encoded, while the bytes are there.

import { beginSums, continueSums, finishSums } from '../parts/lanes';
import { addBfloat16, encodeBfloat16s } from './bfloat16';
import { addFloat16, encodeFloat16s } from './float16';

/** Elements of a stride: 4 KiB of a frame, after which a checksum may be continued. */
const STRIDE: i32 = 2048;

/** Encodes values, or values + source where that is not 0: then `decoded` holds their sum in between. */
// @ts-ignore: decorator
@inline
function encode(
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
  if (sums != 0) beginSums(sums);
  for (let done = 0; done < count; done += STRIDE) {
    const length = min<i32>(STRIDE, count - done);
    const bytes = (<usize>length) << 2;
    let numbers = values;
    if (source != 0) {
      if (isBrain) addBfloat16(values, source, decoded, length);
      else addFloat16(values, source, decoded, length);
      numbers = decoded;
      source += bytes >> 1;
    }
    if (isBrain) encodeBfloat16s(numbers, residual, target, decoded, noise, length);
    else encodeFloat16s(numbers, residual, target, decoded, noise, length);
    if (sums != 0) continueSums(target, length << 1, sums);
    values += bytes;
    residual += bytes;
    target += bytes >> 1;
    if (decoded != 0) decoded += bytes;
    if (noise != 0) noise += bytes >> 1;
  }
  if (sums != 0) finishSums(sums, count << 1);
}

/**
 * target[i] ← bfloat16(values[i] + residual[i]); residual[i] ← the rest.
 * @param decoded where to write the numbers that the target stands for, or 0; may be the values
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 * @param sums 64 bytes for the target's checksum (see parts/lanes.ts), or 0 where none is wanted
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
  encode(true, values, 0, residual, target, decoded, noise, count, sums);
}

/** Encodes values + source as {@link encodeBfloat16} does, in one go. */
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
  encode(true, values, source, residual, target, decoded, noise, count, sums);
}

/**
 * target[i] ← float16(values[i] + residual[i]); residual[i] ← the rest.
 * @param decoded where to write the numbers that the target stands for, or 0; may be the values
 * @param noise 16 random bits per element, or 0 to round to the nearest, ties to even
 * @param sums 64 bytes for the target's checksum (see parts/lanes.ts), or 0 where none is wanted
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
  encode(false, values, 0, residual, target, decoded, noise, count, sums);
}

/** Encodes values + source as {@link encodeFloat16} does, in one go. */
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
  encode(false, values, source, residual, target, decoded, noise, count, sums);
}
