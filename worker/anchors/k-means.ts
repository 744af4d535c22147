/** Anchors from label sizes: k-means, then random mutations that are kept where they fit better. Pure and seeded. */
import type { RandomStream } from '../../proto/random.js';
import { anchorFitness, sortByArea } from './fit.js';

/** Starts of k-means; the one with the least distortion counts. */
const NUM_STARTS = 30;
/** A start has settled when its mean distance improves by less. */
const SETTLED = 1e-5;
/** Far more than the handful that it takes; a bound all the same. */
const MAX_ROUNDS = 300;

interface Clusters {
  /** [k, 2] */
  readonly centers: Float64Array;
  /** Mean distance of the points to their centre. */
  readonly distortion: number;
}

/** One run of k-means from random points; undefined if a centre lost all its points. */
function settle(points: Float64Array, k: number, random: RandomStream): Clusters | undefined {
  const count = points.length / 2;
  const chosen = random.permutation(count).subarray(0, k);
  const centers = Float64Array.from({ length: k * 2 }, (_, i) => points[2 * chosen[i >> 1]! + (i & 1)]!);
  let distortion = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const sums = new Float64Array(k * 2);
    const sizes = new Int32Array(k);
    let total = 0;
    for (let i = 0; i < points.length; i += 2) {
      let nearest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let c = 0; c < k; c++) {
        const dx = points[i]! - centers[2 * c]!;
        const dy = points[i + 1]! - centers[2 * c + 1]!;
        const distance = dx * dx + dy * dy;
        if (distance < least) {
          least = distance;
          nearest = c;
        }
      }
      total += Math.sqrt(least);
      sums[2 * nearest]! += points[i]!;
      sums[2 * nearest + 1]! += points[i + 1]!;
      sizes[nearest]! += 1;
    }
    if (sizes.includes(0)) return undefined;
    for (let c = 0; c < k; c++) {
      centers[2 * c] = sums[2 * c]! / sizes[c]!;
      centers[2 * c + 1] = sums[2 * c + 1]! / sizes[c]!;
    }
    const mean = total / count;
    if (distortion - mean <= SETTLED) return { centers, distortion: mean };
    distortion = mean;
  }
  return { centers, distortion };
}

function standardDeviation(sizes: Float64Array, axis: 0 | 1): number {
  const count = sizes.length / 2;
  let mean = 0;
  for (let i = axis; i < sizes.length; i += 2) mean += sizes[i]! / count;
  let variance = 0;
  for (let i = axis; i < sizes.length; i += 2) variance += (sizes[i]! - mean) ** 2 / count;
  return Math.sqrt(variance);
}

/**
 * k centres of the sizes, each axis in units of its standard deviation; undefined where there are not k clusters to find.
 * @param sizes [n, 2] pixels
 * @returns [k, 2] pixels
 */
export function kMeansAnchors(sizes: Float64Array, k: number, random: RandomStream): Float64Array | undefined {
  if (sizes.length / 2 < k) return undefined;
  const deviations = [standardDeviation(sizes, 0), standardDeviation(sizes, 1)];
  if (deviations.some((deviation) => !(deviation > 0))) return undefined;
  const points = sizes.map((v, i) => v / deviations[i & 1]!);
  let best: Clusters | undefined;
  for (let start = 0; start < NUM_STARTS; start++) {
    const found = settle(points, k, random);
    if (found !== undefined && found.distortion < (best?.distortion ?? Number.POSITIVE_INFINITY)) best = found;
  }
  return best?.centers.map((v, i) => v * deviations[i & 1]!);
}

/** Share of the sides that a mutation changes, and how much. */
const MUTATED_SHARE = 0.9;
const MUTATION_SIGMA = 0.1;
const [LEAST_FACTOR, LARGEST_FACTOR] = [0.3, 3];
/** No anchor side becomes smaller, pixels. */
export const MIN_SIDE_PX = 2;

function mutationFactors(length: number, random: RandomStream): Float64Array {
  for (;;) {
    const strength = random.uniform();
    const factors = Float64Array.from({ length }, () => {
      const share = random.uniform() < MUTATED_SHARE ? strength * random.normal() * MUTATION_SIGMA : 0;
      return Math.min(Math.max(share + 1, LEAST_FACTOR), LARGEST_FACTOR);
    });
    if (factors.some((factor) => factor !== 1)) return factors;
  }
}

/**
 * Mutates anchors and keeps what fits better.
 * @param generations how many mutations are tried
 * @returns [k, 2] pixels, by ascending area
 */
export function refineAnchors(
  sizes: Float64Array,
  anchors: Float64Array,
  threshold: number,
  random: RandomStream,
  generations: number = 1000,
): Float64Array {
  let best = sortByArea(anchors);
  let fitness = anchorFitness(sizes, best, threshold);
  for (let generation = 0; generation < generations; generation++) {
    const factors = mutationFactors(best.length, random);
    const mutated = best.map((v, i) => Math.max(v * factors[i]!, MIN_SIDE_PX));
    const mutatedFitness = anchorFitness(sizes, mutated, threshold);
    if (mutatedFitness > fitness) {
      best = mutated;
      fitness = mutatedFitness;
    }
  }
  return sortByArea(best);
}
