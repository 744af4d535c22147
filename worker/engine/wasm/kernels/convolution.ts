/**
 * Convolution and its two gradients. tfjs-backend-wasm has a fast forward convolution and a fast matrix product; both
 * gradients are brought to these two.
 */
import type { ConvAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { slice } from './layout.js';
import { restoreNaN } from './nan.js';
import { patchesTransposed } from './patches.js';
import { copyBox, stridesOf, transposeMatrix } from './strided.js';

type Shape4 = readonly [number, number, number, number];

/** Elements of a matrix of patches at most: 32 MiB, some of which still stays in the cache. */
const MAX_PATCH_ELEMENTS = 1 << 23;

export function conv2d(heap: Heap, x: HeapArray, w: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const { top, bottom, left, right } = attrs.padding;
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const settings = { strides: [...attrs.strides], dilations: [1, 1], pad, dataFormat: 'NHWC' };
  return restoreNaN(heap, heap.kernel('Conv2D', { x, filter: w }, settings, shape));
}

/** The part of one axis of the input gradient whose pixels meet the same filter taps. */
interface Phase {
  /** First input pixel of the phase; the next ones follow `stride` apart. */
  readonly first: number;
  readonly numPixels: number;
  /** Taps of the phase in the order in which the forward convolution reads them. */
  readonly taps: readonly number[];
  /** Padding of dy; negative where pixels of dy are not used. */
  readonly before: number;
  readonly after: number;
}

/**
 * Along an axis, input pixel i meets tap k of output o where i + padding = o · stride + k. So pixels with the same
 * (i + padding) mod stride meet the same taps, and their gradients are one stride-1 convolution of dy with these taps
 * reversed: no zeros are multiplied, as they would be if dy were spread out.
 */
function phases(inputSize: number, outputSize: number, kernel: number, stride: number, padding: number): Phase[] {
  return Array.from({ length: stride }, (_, residue) => {
    const first = (((residue - padding) % stride) + stride) % stride;
    const numPixels = Math.max(0, Math.ceil((inputSize - first) / stride));
    const taps: number[] = [];
    for (let tap = residue; tap < kernel; tap += stride) taps.unshift(tap);
    // The output whose first tap lies on the first pixel; the window reaches back from it.
    const output = (first + padding - residue) / stride;
    const before = taps.length - 1 - output;
    return { first, numPixels, taps, before, after: output + numPixels - outputSize };
  }).filter((phase) => phase.numPixels > 0);
}

export function conv2dInputGrad(heap: Heap, w: HeapArray, dy: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const [batch, height, width, inputs] = shape as Shape4;
  const [kernelHeight, kernelWidth] = w.shape as Shape4;
  const [, outputHeight, outputWidth] = dy.shape as Shape4;
  const { strides, padding } = attrs;
  const rows = phases(height, outputHeight, kernelHeight, strides[0], padding.top);
  const columns = phases(width, outputWidth, kernelWidth, strides[1], padding.left);
  if (strides[0] === 1 && strides[1] === 1) return phaseGrad(heap, w, dy, rows[0]!, columns[0]!);

  const dx = heap.allocate(shape);
  heap.floats(dx).fill(0);
  const whole = stridesOf(shape);
  const pixelStrides = [whole[0]!, whole[1]! * strides[0], whole[2]! * strides[1], 1];
  for (const row of rows) {
    for (const column of columns) {
      if (row.taps.length === 0 || column.taps.length === 0) continue;
      const part = phaseGrad(heap, w, dy, row, column);
      const offset = row.first * whole[1]! + column.first * whole[2]!;
      const from = { data: heap.floats(part), offset: 0, strides: stridesOf(part.shape) };
      const size = [batch, row.numPixels, column.numPixels, inputs];
      copyBox({ data: heap.floats(dx), offset, strides: pixelStrides }, from, size);
      heap.release(part);
    }
  }
  return dx;
}

function phaseGrad(heap: Heap, w: HeapArray, dy: HeapArray, row: Phase, column: Phase): HeapArray {
  const filter = reversedFilter(heap, w, row.taps, column.taps);
  const crop = (padding: number): number => Math.max(0, -padding);
  const pad = (padding: number): number => Math.max(0, padding);
  const [batch, height, width, outputs] = dy.shape as Shape4;
  const croppedHeight = height - crop(row.before) - crop(row.after);
  const croppedWidth = width - crop(column.before) - crop(column.after);
  const whole = croppedHeight === height && croppedWidth === width;
  const used = whole
    ? heap.alias(dy)
    : slice(heap, dy, [0, crop(row.before), crop(column.before), 0], [batch, croppedHeight, croppedWidth, outputs]);
  const padding = {
    top: pad(row.before),
    bottom: pad(row.after),
    left: pad(column.before),
    right: pad(column.after),
  };
  const shape = [batch, row.numPixels, column.numPixels, w.shape[2]!];
  const dx = conv2d(heap, used, filter, shape, { strides: [1, 1], padding });
  heap.release(used);
  heap.release(filter);
  return dx;
}

/** The chosen taps with input and output channels exchanged. */
function reversedFilter(heap: Heap, w: HeapArray, rows: readonly number[], columns: readonly number[]): HeapArray {
  const [, kernelWidth, inputs, outputs] = w.shape as Shape4;
  const filter = heap.allocate([rows.length, columns.length, outputs, inputs]);
  const [from, to] = [heap.floats(w), heap.floats(filter)];
  const tapSize = inputs * outputs;
  let next = 0;
  for (const ky of rows) {
    for (const kx of columns) {
      transposeMatrix(to, next, from, (ky * kernelWidth + kx) * tapSize, inputs, outputs);
      next += tapSize;
    }
  }
  return filter;
}

/**
 * The filter gradient is the product of two matrices that share the axis of output pixels: patches of x, transposed,
 * [kH·kW·I, pixels] and dy [pixels, O]. Large ones are cut along the pixels and added up in order.
 */
export function conv2dFilterGrad(heap: Heap, x: HeapArray, dy: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const [kernelHeight, kernelWidth, inputs, outputs] = shape as Shape4;
  const [batch, outputHeight, outputWidth] = dy.shape as Shape4;
  const patchSize = kernelHeight * kernelWidth * inputs;
  const numRows = batch * outputHeight;
  const rowsPerPart = Math.max(1, Math.floor(MAX_PATCH_ELEMENTS / (patchSize * outputWidth)));
  let total: HeapArray | undefined;
  for (let row = 0; row < numRows; row += rowsPerPart) {
    const end = Math.min(row + rowsPerPart, numRows);
    const numPixels = (end - row) * outputWidth;
    const patches = patchesTransposed(heap, x, dy.shape, [kernelHeight, kernelWidth], attrs, row, end);
    const gradient = rowsOf(heap, dy, row * outputWidth, numPixels, outputs);
    const part = heap.kernel('BatchMatMul', { a: patches, b: gradient }, { transposeA: false, transposeB: false }, [
      1,
      patchSize,
      outputs,
    ]);
    heap.release(patches);
    heap.release(gradient);
    if (total === undefined) {
      total = part;
    } else {
      const sum = heap.kernel('Add', { a: total, b: part }, {}, part.shape);
      heap.release(total);
      heap.release(part);
      total = sum;
    }
  }
  const dw = heap.alias(total!, shape);
  heap.release(total!);
  return restoreNaN(heap, dw);
}

/** Pixels `first` … of dy as a matrix [1, numPixels, O]; shares the memory when these are all of them. */
function rowsOf(heap: Heap, dy: HeapArray, first: number, numPixels: number, outputs: number): HeapArray {
  const shape = [1, numPixels, outputs];
  const [batch, height, width] = dy.shape as Shape4;
  if (numPixels === batch * height * width) return heap.alias(dy, shape);
  const part = heap.allocate(shape);
  heap.floats(part).set(heap.floats(dy).subarray(first * outputs, (first + numPixels) * outputs));
  return part;
}
