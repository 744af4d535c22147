/**
 * The layout of the vector that a step all-reduces: gradients in backward order, batch-norm statistics, and a tail
 * with everything else on which the ranks must agree. Pure; numbers in, numbers out.
 */
import { NUM_ENTRY_SLOTS } from './ledger/ledger.js';

/** A trainable tensor as the layout sees it. */
export interface LayoutEntry {
  readonly name: string;
  /** Number of elements. */
  readonly length: number;
}

/** Where a tensor lies in a flat array, in elements. */
export interface Segment extends LayoutEntry {
  readonly offset: number;
}

/** A run of consecutive elements that is all-reduced together, as soon as its last gradient is there. */
export interface Bucket {
  readonly offset: number;
  readonly length: number;
  /** Names of the gradients inside, in the order in which they become ready. */
  readonly names: readonly string[];
}

/** The slots of the tail. All are sums over virtual ranks. */
export const TAIL = {
  /** Images in the step. */
  images: 0,
  targets: 1,
  /** Loss terms × images, so that the quotient by `images` is the mean over the batch. */
  box: 2,
  obj: 3,
  cls: 4,
  /** Non-zero when any rank was asked to drain before it began this step. */
  drain: 5,
  /** Virtual ranks whose loss was not finite. */
  nonFinite: 6,
  /** Images that could not be read and stood in as grey. */
  badImages: 7,
  /** Virtual ranks whose loss was finite and whose scaled gradients were not. */
  overflow: 8,
  /** From here on, {@link NUM_ENTRY_SLOTS} slots: the ledger's entry for the images in the step. */
  ledger: 9,
} as const;

/** Number of slots in the tail. */
export const TAIL_LENGTH = TAIL.ledger + NUM_ENTRY_SLOTS;

export interface ReducedVectorLayout {
  readonly gradients: readonly Segment[];
  /** Batch-norm statistics × images: alternately mean and variance of each layer. */
  readonly statistics: readonly Segment[];
  /** Offset of the tail. */
  readonly tailOffset: number;
  /** Number of float32 elements. */
  readonly length: number;
  readonly buckets: readonly Bucket[];
}

/**
 * Lays out the reduced vector and cuts it into buckets.
 *
 * A bucket closes once it holds `bucketBytes`; the statistics and the tail go with the last one, because they are
 * tiny and their sums are not waited for before the end of the step.
 *
 * @param gradients trainable tensors in the order in which the backward pass makes their gradients
 * @param statistics means and variances of the batch-norm layers
 */
export function layoutReducedVector(
  gradients: readonly LayoutEntry[],
  statistics: readonly LayoutEntry[],
  bucketBytes: number,
): ReducedVectorLayout {
  const buckets: Bucket[] = [];
  let offset = 0;
  let start = 0;
  let names: string[] = [];
  const placed = gradients.map((entry) => {
    const segment = { ...entry, offset };
    offset += entry.length;
    names.push(entry.name);
    if ((offset - start) * Float32Array.BYTES_PER_ELEMENT >= bucketBytes) {
      buckets.push({ offset: start, length: offset - start, names });
      start = offset;
      names = [];
    }
    return segment;
  });
  const placedStatistics = statistics.map((entry) => {
    const segment = { ...entry, offset };
    offset += entry.length;
    return segment;
  });
  const length = offset + TAIL_LENGTH;
  buckets.push({ offset: start, length: length - start, names });
  return { gradients: placed, statistics: placedStatistics, tailOffset: offset, length, buckets };
}

/**
 * Joins consecutive buckets.
 * @param counts how many of `buckets` make each new one, in order; their sum is the number of buckets
 */
export function groupBuckets(buckets: readonly Bucket[], counts: readonly number[]): Bucket[] {
  let next = 0;
  return counts.map((count) => {
    const members = buckets.slice(next, next + count);
    next += count;
    return {
      offset: members[0]!.offset,
      length: members.reduce((sum, { length }) => sum + length, 0),
      names: members.flatMap(({ names }) => names),
    };
  });
}
