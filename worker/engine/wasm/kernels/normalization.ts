/**
 * Batch normalisation over the last axis, as loops with double-precision sums: more exact than the fused kernels, and
 * the arrays are read once per pass in any case.
 */
import { numElements } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';

interface Moments {
  readonly mean: Float64Array;
  /** Divided by n. */
  readonly variance: Float64Array;
  readonly count: number;
}

function moments(x: Float32Array, channels: number): Moments {
  const count = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) mean[c]! += x[row + c]!;
  }
  for (let c = 0; c < channels; c++) mean[c]! /= count;
  // A second pass: the difference of two large sums would lose the variance of channels with a large mean.
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) {
      const deviation = x[row + c]! - mean[c]!;
      variance[c]! += deviation * deviation;
    }
  }
  for (let c = 0; c < channels; c++) variance[c]! /= count;
  return { mean, variance, count };
}

/** y = x · factor + shift, per channel. */
function affine(x: Float32Array, y: Float32Array, factor: Float64Array, shift: Float64Array): void {
  const channels = factor.length;
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) y[row + c] = x[row + c]! * factor[c]! + shift[c]!;
  }
}

/** @returns y, mean, unbiased variance, and for the gradient the mean and 1/√(variance + ε) */
export function batchNormTrain(
  heap: Heap,
  x: HeapArray,
  scale: HeapArray,
  offset: HeapArray,
  epsilon: number,
): HeapArray[] {
  const channels = x.shape.at(-1)!;
  const y = heap.allocate(x.shape);
  const mean = heap.allocate([channels]);
  const unbiased = heap.allocate([channels]);
  const inverse = heap.allocate([channels]);
  const found = moments(heap.floats(x), channels);
  // A single value per channel has no unbiased variance; like the native engine we then divide by 1.
  const correction = found.count / Math.max(1, found.count - 1);
  const inverses = found.variance.map((variance) => 1 / Math.sqrt(variance + epsilon));
  heap.floats(mean).set(found.mean);
  heap.floats(unbiased).set(found.variance.map((variance) => variance * correction));
  heap.floats(inverse).set(inverses);
  const [scales, offsets] = [heap.floats(scale), heap.floats(offset)];
  const factor = inverses.map((value, c) => value * scales[c]!);
  const shift = factor.map((value, c) => offsets[c]! - found.mean[c]! * value);
  affine(heap.floats(x), heap.floats(y), factor, shift);
  return [y, mean, unbiased, heap.alias(mean), inverse];
}

/** @returns dx, dscale, doffset */
export function batchNormGrad(
  heap: Heap,
  dy: HeapArray,
  x: HeapArray,
  scale: HeapArray,
  mean: HeapArray,
  inverse: HeapArray,
): HeapArray[] {
  const channels = x.shape.at(-1)!;
  const count = numElements(x.shape) / channels;
  const dx = heap.allocate(x.shape);
  const dscale = heap.allocate([channels]);
  const doffset = heap.allocate([channels]);
  const [dys, xs, to] = [heap.floats(dy), heap.floats(x), heap.floats(dx)];
  const [scales, means, inverses] = [heap.floats(scale), heap.floats(mean), heap.floats(inverse)];
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels);
  for (let row = 0; row < xs.length; row += channels) {
    for (let c = 0; c < channels; c++) {
      const gradient = dys[row + c]!;
      sums[c]! += gradient;
      products[c]! += gradient * (xs[row + c]! - means[c]!);
    }
  }
  heap.floats(doffset).set(sums);
  heap.floats(dscale).set(products.map((product, c) => product * inverses[c]!));
  // dx = scale/σ · (dy − Σdy/n − (x − mean)/σ² · Σ(dy·(x − mean))/n), as dy·a + x·b + d per channel.
  const a = sums.map((_, c) => scales[c]! * inverses[c]!);
  const b = a.map((value, c) => (-value * inverses[c]! * inverses[c]! * products[c]!) / count);
  const d = a.map((value, c) => (-value * sums[c]!) / count - b[c]! * means[c]!);
  for (let row = 0; row < xs.length; row += channels) {
    for (let c = 0; c < channels; c++) to[row + c] = dys[row + c]! * a[c]! + xs[row + c]! * b[c]! + d[c]!;
  }
  return [dx, dscale, doffset];
}

export function batchNormInfer(
  heap: Heap,
  x: HeapArray,
  scale: HeapArray,
  offset: HeapArray,
  mean: HeapArray,
  variance: HeapArray,
  epsilon: number,
): HeapArray {
  const y = heap.allocate(x.shape);
  const [scales, offsets, means] = [heap.floats(scale), heap.floats(offset), heap.floats(mean)];
  const factor = Float64Array.from(heap.floats(variance), (value, c) => scales[c]! / Math.sqrt(value + epsilon));
  const shift = factor.map((value, c) => offsets[c]! - means[c]! * value);
  affine(heap.floats(x), heap.floats(y), factor, shift);
  return y;
}
