/**
 * Resizing of 8-bit RGB pictures with the sampling rules of OpenCV, which the reference's numbers rest on: pixel
 * centres at half integers, bilinear without low-pass filter, and area averaging for reductions.
 */

import { roundHalfEven } from '../../../proto/rounding.js';
import type { Rectangle, RgbImage } from './image.js';
import type { PixelTarget } from './pixel-heap.js';
import { pixelKernels } from './pixel-kernels.js';
import type { Size } from './reduction.js';

/** Weights are 11-bit integers; a product of two weights and a byte then fits 32 bits. */
const WEIGHT_ONE = 1 << 11;

/**
 * The taps of some output positions of an axis: two source indices, counted from `origin`, times `unit`, and the weight of the
 * second (of {@link WEIGHT_ONE}).
 */
function linearTaps(axis: Axis, origin: number, unit: number): Int32Array {
  const { sourceLength, targetLength, start, count } = axis;
  const taps = new Int32Array(3 * count);
  const scale = sourceLength / targetLength;
  const last = Math.ceil(sourceLength) - 1;
  for (let i = 0; i < count; i++) {
    const position = (start + i + 0.5) * scale - 0.5;
    const index = Math.floor(position);
    // Beyond the outermost centres the edge pixel is repeated.
    taps[3 * i] = (Math.min(Math.max(index, 0), last) - origin) * unit;
    taps[3 * i + 1] = (Math.min(Math.max(index + 1, 0), last) - origin) * unit;
    taps[3 * i + 2] = roundHalfEven((position - index) * WEIGHT_ONE);
  }
  return taps;
}

/** Output positions `start` to `start + count` of an axis that is resized. */
interface Axis {
  /** With a fraction where the last source pixel stands for less than one. */
  readonly sourceLength: number;
  readonly targetLength: number;
  readonly start: number;
  readonly count: number;
}

/** First and last source index that the outputs look up. */
function reach(axis: Axis): [first: number, last: number] {
  const { sourceLength, targetLength, start, count } = axis;
  const scale = sourceLength / targetLength;
  const first = Math.floor((start + 0.5) * scale - 0.5);
  const last = Math.floor((start + count - 0.5) * scale - 0.5) + 1;
  const end = Math.ceil(sourceLength) - 1;
  return [Math.min(Math.max(first, 0), end), Math.min(Math.max(last, 0), end)];
}

/** The pixels of a picture that a part of its resized version is made of. */
export function resizeSource(source: Size, target: Size, part: Rectangle): Rectangle {
  const [left, right] = reach(columnAxis(source, target, part));
  const [top, bottom] = reach(rowAxis(source, target, part));
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function columnAxis(source: Size, target: Size, part: Rectangle): Axis {
  return { sourceLength: source.width, targetLength: target.width, start: part.x, count: part.width };
}

function rowAxis(source: Size, target: Size, part: Rectangle): Axis {
  return { sourceLength: source.height, targetLength: target.height, start: part.y, count: part.height };
}

/**
 * Resizes a part of a picture on the thread's heap; see {@link resizeBilinear}.
 * @param pixels where the rectangle of {@link resizeSource} lies
 * @param source,target sizes of the whole picture before and after
 * @param part of the picture after
 */
export function resizeOnHeap(pixels: PixelTarget, source: Size, target: Size, part: Rectangle, out: PixelTarget): void {
  const { heap, kernels } = pixelKernels();
  const origin = resizeSource(source, target, part);
  heap.frame(() => {
    const columns = heap.allocate(12 * part.width);
    heap.words(columns, 3 * part.width).set(linearTaps(columnAxis(source, target, part), origin.x, 3));
    const rows = heap.allocate(12 * part.height);
    heap.words(rows, 3 * part.height).set(linearTaps(rowAxis(source, target, part), origin.y, pixels.stride));
    const stretched = heap.allocate(2 * 12 * (part.width + 16));
    kernels.resizeRows(pixels.address, columns, rows, part.width, part.height, stretched, out.address, out.stride);
  });
}

/**
 * Bilinear resize to `width`×`height`; within one level of exact arithmetic. Returns the source itself if the size is
 * the same.
 */
export function resizeBilinear(source: RgbImage, width: number, height: number): RgbImage {
  if (source.width === width && source.height === height) return source;
  const { heap } = pixelKernels();
  return heap.frame(() => {
    const pixels = { address: heap.allocate(source.data.length), stride: source.width * 3 };
    heap.bytes(pixels.address, source.data.length).set(source.data);
    const out = { address: heap.allocate(width * height * 3), stride: width * 3 };
    resizeOnHeap(pixels, source, { width, height }, { x: 0, y: 0, width, height }, out);
    return { data: new Uint8Array(heap.bytes(out.address, width * height * 3)), width, height };
  });
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
