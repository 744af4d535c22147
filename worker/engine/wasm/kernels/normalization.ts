/**
 * Batch normalisation over the last axis, alone and with the SiLU that follows it. Sums are in double precision; the affine
 * map per channel is float32, and its coefficients are made from what the gradient is handed, so that both passes agree.
 */
import { numElements } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';

const FLOAT = 4;
const DOUBLE = 8;

function numRowsOf(x: HeapArray): number {
  const channels = x.shape.at(-1)!;
  return channels === 0 ? 0 : numElements(x.shape) / channels;
}

interface Moments {
  /** [C] */
  readonly mean: HeapArray;
  /** Divided by n − 1, [C]. */
  readonly unbiased: HeapArray;
  /** 1 / √(variance + ε), [C]. */
  readonly inverse: HeapArray;
}

function moments(heap: Heap, x: HeapArray, epsilon: number): Moments {
  const channels = x.shape.at(-1)!;
  const count = numRowsOf(x);
  const [mean, unbiased, inverse] = [heap.allocate([channels]), heap.allocate([channels]), heap.allocate([channels])];
  heap.withScratch([2 * channels * DOUBLE], (at) => {
    // The first pixel is the pivot: the difference of two large sums would lose the variance where the mean is large.
    heap.simd.layers.moments(heap.address(x), count, channels, heap.address(x), at!);
    const sums = heap.doubles(at!, 2 * channels);
    const pivots = heap.floats(x);
    const [means, variances, inverses] = [heap.floats(mean), heap.floats(unbiased), heap.floats(inverse)];
    // A single value per channel has no unbiased variance; like the native engine we then divide by 1.
    const correction = count / Math.max(1, count - 1);
    for (let c = 0; c < channels; c++) {
      const shifted = sums[c]! / count;
      const variance = Math.max(0, sums[channels + c]! / count - shifted * shifted);
      means[c] = pivots[c]! + shifted;
      variances[c] = variance * correction;
      inverses[c] = 1 / Math.sqrt(variance + epsilon);
    }
  });
  return { mean, unbiased, inverse };
}

/** Writes factor and shift of y = x · factor + shift to an address, [C] each. */
function writeAffine(
  heap: Heap,
  at: number,
  [scale, offset, mean, inverse]: readonly [HeapArray, HeapArray, HeapArray, HeapArray],
): void {
  const channels = scale.shape[0]!;
  const [scales, offsets, means, inverses] = [scale, offset, mean, inverse].map((array) => heap.floats(array));
  const [factors, shifts] = [heap.singles(at, channels), heap.singles(at + channels * FLOAT, channels)];
  for (let c = 0; c < channels; c++) {
    factors[c] = scales![c]! * inverses![c]!;
    shifts[c] = offsets![c]! - means![c]! * factors[c]!;
  }
}

function train(
  heap: Heap,
  kernel: 'normalize' | 'normalizeSilu',
  [x, scale, offset]: readonly [HeapArray, HeapArray, HeapArray],
  epsilon: number,
): HeapArray[] {
  const channels = x.shape.at(-1)!;
  const y = heap.allocate(x.shape);
  const { mean, unbiased, inverse } = moments(heap, x, epsilon);
  heap.withScratch([2 * channels * FLOAT], (at) => {
    writeAffine(heap, at!, [scale, offset, mean, inverse]);
    const size = [numRowsOf(x), channels] as const;
    heap.simd.layers[kernel](heap.address(x), heap.address(y), ...size, at!, at! + channels * FLOAT);
  });
  return [y, mean, unbiased, heap.alias(mean), inverse];
}

/** @returns y, mean, unbiased variance, and for the gradient the mean and 1/√(variance + ε) */
export function batchNormTrain(
  heap: Heap,
  x: HeapArray,
  scale: HeapArray,
  offset: HeapArray,
  epsilon: number,
): HeapArray[] {
  return train(heap, 'normalize', [x, scale, offset], epsilon);
}

/** As {@link batchNormTrain} with SiLU on top; the activations between the two are not kept. */
export function batchNormSilu(
  heap: Heap,
  x: HeapArray,
  scale: HeapArray,
  offset: HeapArray,
  epsilon: number,
): HeapArray[] {
  return train(heap, 'normalizeSilu', [x, scale, offset], epsilon);
}

/**
 * Finishes a gradient whose sums are there: dx = scale/σ · (dy − Σdy/n − (x − mean)/σ² · Σ(dy·(x − mean))/n).
 * @returns dscale, doffset
 */
function finishGradient(
  heap: Heap,
  [dy, x, dx]: readonly [HeapArray, HeapArray, HeapArray],
  [scale, mean, inverse]: readonly [HeapArray, HeapArray, HeapArray],
  sumsAt: number,
): HeapArray[] {
  const channels = x.shape.at(-1)!;
  const count = numRowsOf(x);
  const [dscale, doffset] = [heap.allocate([channels]), heap.allocate([channels])];
  heap.withScratch([3 * channels * FLOAT], (at) => {
    const sums = heap.doubles(sumsAt, 2 * channels);
    const [scales, inverses] = [heap.floats(scale), heap.floats(inverse)];
    const [dscales, doffsets] = [heap.floats(dscale), heap.floats(doffset)];
    const coefficients = heap.singles(at!, 3 * channels);
    for (let c = 0; c < channels; c++) {
      const [sum, product] = [sums[c]!, sums[channels + c]!];
      const slope = scales[c]! * inverses[c]!;
      doffsets[c] = sum;
      dscales[c] = product * inverses[c]!;
      coefficients[c] = slope;
      coefficients[channels + c] = (-slope * inverses[c]! * inverses[c]! * product) / count;
      coefficients[2 * channels + c] = (-slope * sum) / count;
    }
    const planes = [heap.address(dy), heap.address(x), heap.address(dx)] as const;
    heap.simd.layers.normalizeGrad(...planes, count, channels, heap.address(mean), at!);
  });
  return [dscale, doffset];
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
  const dx = heap.allocate(x.shape);
  return heap.withScratch([2 * channels * DOUBLE], (sums) => {
    const planes = [heap.address(dy), heap.address(x)] as const;
    heap.simd.layers.gradientSums(...planes, numRowsOf(x), channels, heap.address(mean), sums!);
    return [dx, ...finishGradient(heap, [dy, x, dx], [scale, mean, inverse], sums!)];
  });
}

/** The gradient of {@link batchNormSilu}. @returns dx, dscale, doffset */
export function batchNormSiluGrad(
  heap: Heap,
  dy: HeapArray,
  [x, scale, mean, inverse, offset]: readonly [HeapArray, HeapArray, HeapArray, HeapArray, HeapArray],
): HeapArray[] {
  const channels = x.shape.at(-1)!;
  const dx = heap.allocate(x.shape);
  return heap.withScratch([2 * channels * DOUBLE, 2 * channels * FLOAT], (sums, affine) => {
    writeAffine(heap, affine!, [scale, offset, mean, inverse]);
    heap.simd.layers.normalizedSiluGrad(
      heap.address(dy),
      heap.address(x),
      heap.address(dx),
      numRowsOf(x),
      channels,
      affine!,
      affine! + channels * FLOAT,
      heap.address(mean),
      sums!,
    );
    return [dx, ...finishGradient(heap, [dx, x, dx], [scale, mean, inverse], sums!)];
  });
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
  const channels = x.shape.at(-1)!;
  const y = heap.allocate(x.shape);
  const inverse = heap.allocate([channels]);
  heap.floats(inverse).set(heap.floats(variance).map((value) => 1 / Math.sqrt(value + epsilon)));
  heap.withScratch([2 * channels * FLOAT], (at) => {
    writeAffine(heap, at!, [scale, offset, mean, inverse]);
    const planes = [heap.address(x), heap.address(y)] as const;
    heap.simd.layers.normalize(...planes, numRowsOf(x), channels, at!, at! + channels * FLOAT);
  });
  heap.release(inverse);
  return y;
}
