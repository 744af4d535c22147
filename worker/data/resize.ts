/**
 * Resizing of 8-bit RGB pictures with the sampling rules of OpenCV, which the reference's numbers rest on: pixel
 * centres at half integers, bilinear without low-pass filter, and area averaging for reductions.
 */

import { roundHalfEven } from '../../proto/rounding.js';
import type { RgbImage } from './image.js';

/** Weights are 11-bit integers; a product of two weights and a byte then fits 32 bits. */
const WEIGHT_BITS = 11;
const WEIGHT_ONE = 1 << WEIGHT_BITS;

/** The two source indices and the weight of the second (of {@link WEIGHT_ONE}) for every output position of an axis. */
interface LinearTaps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Int32Array;
}

function linearTaps(sourceLength: number, targetLength: number): LinearTaps {
  const taps = {
    first: new Int32Array(targetLength),
    second: new Int32Array(targetLength),
    weight: new Int32Array(targetLength),
  };
  const scale = sourceLength / targetLength;
  for (let i = 0; i < targetLength; i++) {
    const position = (i + 0.5) * scale - 0.5;
    const index = Math.floor(position);
    // Beyond the outermost centres the edge pixel is repeated.
    const first = Math.min(Math.max(index, 0), sourceLength - 1);
    taps.first[i] = first;
    taps.second[i] = Math.min(Math.max(index + 1, 0), sourceLength - 1);
    taps.weight[i] = roundHalfEven((position - index) * WEIGHT_ONE);
  }
  return taps;
}

/**
 * Bilinear resize to `width`×`height`; within one level of exact arithmetic. Returns the source itself if the size is
 * the same.
 */
export function resizeBilinear(source: RgbImage, width: number, height: number): RgbImage {
  if (source.width === width && source.height === height) return source;
  const data = new Uint8Array(width * height * 3);
  const columns = linearTaps(source.width, width);
  const rows = linearTaps(source.height, height);
  const rowLength = width * 3;
  let upper = new Int32Array(rowLength);
  let lower = new Int32Array(rowLength);
  let upperRow = -1;
  let lowerRow = -1;
  const { data: pixels, width: sourceWidth } = source;
  const { first: leftOf, second: rightOf, weight: weightOf } = columns;
  const stretchRow = (row: number, target: Int32Array): void => {
    const base = row * sourceWidth * 3;
    for (let x = 0, o = 0; x < width; x++, o += 3) {
      const a = base + leftOf[x]! * 3;
      const b = base + rightOf[x]! * 3;
      const w1 = weightOf[x]!;
      const w0 = WEIGHT_ONE - w1;
      target[o] = pixels[a]! * w0 + pixels[b]! * w1;
      target[o + 1] = pixels[a + 1]! * w0 + pixels[b + 1]! * w1;
      target[o + 2] = pixels[a + 2]! * w0 + pixels[b + 2]! * w1;
    }
  };
  const half = 1 << (2 * WEIGHT_BITS - 1);
  for (let y = 0; y < height; y++) {
    const first = rows.first[y]!;
    const second = rows.second[y]!;
    // Going down, the lower row of one output row is often the upper row of the next: stretch each row once.
    if (upperRow !== first && lowerRow === first) {
      const spare = upper;
      upper = lower;
      lower = spare;
      upperRow = lowerRow;
      lowerRow = -1;
    }
    if (upperRow !== first) {
      stretchRow(first, upper);
      upperRow = first;
    }
    if (lowerRow !== second) {
      stretchRow(second, lower);
      lowerRow = second;
    }
    const w1 = rows.weight[y]!;
    const w0 = WEIGHT_ONE - w1;
    const base = y * rowLength;
    // The two change places above; in the loop they must be constants to be fast.
    const [above, below] = [upper, lower];
    for (let o = 0; o < rowLength; o++) data[base + o] = (above[o]! * w0 + below[o]! * w1 + half) >> (2 * WEIGHT_BITS);
  }
  return { data, width, height };
}

/** For each output cell of an axis: its first source index, and the share of every source cell it covers. */
interface AreaTaps {
  readonly start: Int32Array;
  readonly weights: readonly Float64Array[];
}

function areaTaps(sourceLength: number, targetLength: number): AreaTaps {
  const scale = sourceLength / targetLength;
  const start = new Int32Array(targetLength);
  const weights: Float64Array[] = [];
  for (let i = 0; i < targetLength; i++) {
    const from = i * scale;
    const to = Math.min(from + scale, sourceLength);
    // Slivers below a thousandth of a pixel are rounding, not picture.
    let first = Math.floor(from);
    if (first + 1 - from < 1e-3) first++;
    let last = Math.ceil(to) - 1;
    if (to - last < 1e-3) last--;
    const cell = new Float64Array(last - first + 1);
    let sum = 0;
    for (let k = first; k <= last; k++) {
      const share = Math.min(k + 1, to) - Math.max(k, from);
      cell[k - first] = share;
      sum += share;
    }
    for (let k = 0; k < cell.length; k++) cell[k]! /= sum;
    start[i] = first;
    weights.push(cell);
  }
  return { start, weights };
}

/** Bytes are stored truncated. Sums of thirds only approach the exact halves that they stand for: push those up too. */
const ROUND_UP = 0.5 + 1e-9;

function addScaledRow(target: Float64Array, source: Uint8Array, from: number, weight: number, isFirst: boolean): void {
  const length = target.length;
  if (isFirst) for (let i = 0; i < length; i++) target[i] = source[from + i]! * weight;
  else for (let i = 0; i < length; i++) target[i]! += source[from + i]! * weight;
}

/**
 * Area-averaging resize to a size that is not larger in either direction: every output pixel is the mean of the source
 * area that it covers. Returns the source itself if the size is the same.
 */
export function resizeArea(source: RgbImage, width: number, height: number): RgbImage {
  if (source.width === width && source.height === height) return source;
  const data = new Uint8Array(width * height * 3);
  const columns = areaTaps(source.width, width);
  const rows = areaTaps(source.height, height);
  const rowLength = width * 3;
  const sourceRowLength = source.width * 3;
  const mixed = new Float64Array(sourceRowLength);
  for (let y = 0; y < height; y++) {
    // Rows first: the long inner loop runs over contiguous bytes.
    const rowWeights = rows.weights[y]!;
    for (let k = 0; k < rowWeights.length; k++) {
      addScaledRow(mixed, source.data, (rows.start[y]! + k) * sourceRowLength, rowWeights[k]!, k === 0);
    }
    const base = y * rowLength;
    for (let x = 0, o = base; x < width; x++, o += 3) {
      const cell = columns.weights[x]!;
      let at = columns.start[x]! * 3;
      let r = ROUND_UP;
      let g = ROUND_UP;
      let b = ROUND_UP;
      for (let k = 0; k < cell.length; k++, at += 3) {
        const weight = cell[k]!;
        r += mixed[at]! * weight;
        g += mixed[at + 1]! * weight;
        b += mixed[at + 2]! * weight;
      }
      data[o] = r;
      data[o + 1] = g;
      data[o + 2] = b;
    }
  }
  return { data, width, height };
}
