/** Weighted sampling: images with rare classes, and with classes that are recognised badly, come more often. Pure. */
import { randomStream } from '../../../proto/random.js';

/**
 * One weight per class: the inverse of its number of labels (a class without any counts one), normalised to sum 1.
 * @param counts labels per class
 */
export function classWeights(counts: ArrayLike<number>): Float64Array {
  const inverse = Float64Array.from({ length: counts.length }, (_, c) => 1 / (counts[c]! || 1));
  const sum = inverse.reduce((total, v) => total + v, 0);
  return inverse.map((v) => v / sum);
}

/**
 * One weight per image: the sum of its labels' class weights.
 * @param labelsOf rows (class, …) of five numbers of an image
 */
export function imageWeights(
  numImages: number,
  labelsOf: (index: number) => Float32Array,
  weights: Float64Array,
): Float64Array {
  return Float64Array.from({ length: numImages }, (_, index) => {
    const labels = labelsOf(index);
    let sum = 0;
    for (let i = 0; i < labels.length; i += 5) sum += weights[labels[i]!]!;
    return sum;
  });
}

/**
 * Class weights of an epoch: rarity times the square of what is missing to a perfect score.
 * @param counts labels per class of the training set
 * @param maps mAP@0.5:0.95 per class from the last validation; empty before the first
 */
export function epochClassWeights(counts: ArrayLike<number>, maps: readonly number[]): Float64Array {
  // The reference multiplies by nc and divides by it again.
  return classWeights(counts).map((weight, c) => weight * (1 - (maps[c] ?? 0)) ** 2);
}

/**
 * As many draws with replacement as there are images, by weight; in shared memory, so that threads get it for nothing.
 * Weights that are all zero (no labels, or every class perfect) draw uniformly.
 */
export function drawWeighted(weights: Float64Array, seed: number, epoch: number): Int32Array {
  const n = weights.length;
  const cumulative = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    sum += weights[i]!;
    cumulative[i] = sum;
  }
  const random = randomStream(seed, 'image weights', epoch);
  const drawn = new Int32Array(new SharedArrayBuffer(n * Int32Array.BYTES_PER_ELEMENT));
  for (let k = 0; k < n; k++) {
    if (!(sum > 0)) {
      drawn[k] = random.integer(0, n - 1);
      continue;
    }
    const target = random.uniform(0, sum);
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    drawn[k] = low;
  }
  return drawn;
}
