/** Who sends which part of the vector to whom: pure, and the same on every rank. */
import { CollectiveError } from '../../proto/errors.js';
import { maximalSubtrees, type SumTree, sumTree, type VirtualRange, virtualRange } from './tree.js';

/** Elements `offset` … `offset + length − 1` of a float32 vector. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** The reduced vector: the same on all ranks. */
export interface VectorLayout {
  /** Elements. */
  readonly length: number;
  /** Contiguous, ascending, covering the vector, in the order in which they become ready. */
  readonly buckets: readonly Span[];
  readonly virtualRanks: number;
  /** From this element on nothing is ever compressed: counts and statistics. @defaultValue the length */
  readonly exactFrom?: number | undefined;
}

/** One rank's partial sum: the vector summed over one whole subtree of virtual ranks. */
export interface Partial {
  readonly rank: number;
  readonly range: VirtualRange;
}

/** One message's part of a bucket. */
export interface Segment extends Span {
  readonly bucket: number;
  /** The owner's rank. */
  readonly chunk: number;
  /** Counts within the chunk. */
  readonly index: number;
  /** Counts over the whole vector. */
  readonly id: number;
}

export interface Plan {
  readonly worldSize: number;
  readonly layout: VectorLayout;
  /** All partials over all ranks, ascending by virtual rank. */
  readonly partials: readonly Partial[];
  /** The order of additions; leaves are indices into `partials`. */
  readonly tree: SumTree;
  /** All segments, ascending by offset. */
  readonly segments: readonly Segment[];
  /** The same by bucket and owner: `byChunk[bucket][owner]`. */
  readonly byChunk: readonly (readonly (readonly Segment[])[])[];
}

/** Elements in a segment: 1 MiB, where ZeroMQ over ipc reaches its best rate and a copy still fits the second-level cache. */
export const SEGMENT_ELEMENTS = 262_144;
/** Chunks begin at multiples of a cache line, so that two owners never write to one. */
const ALIGN_ELEMENTS = 16;

/**
 * Returns the plan of the direct exchange.
 * @throws CollectiveError COLLECTIVE_BAD_LAYOUT (buckets do not cover the vector), COLLECTIVE_WORLD_TOO_LARGE
 */
export function makePlan(layout: VectorLayout, worldSize: number, segmentElements = SEGMENT_ELEMENTS): Plan {
  checkLayout(layout);
  const partials: Partial[] = [];
  for (let rank = 0; rank < worldSize; rank++) {
    const range = virtualRange(rank, worldSize, layout.virtualRanks);
    for (const subtree of maximalSubtrees(range, layout.virtualRanks)) partials.push({ rank, range: subtree });
  }
  const segments: Segment[] = [];
  const byChunk = layout.buckets.map((bucket, b) =>
    chunksOf(bucket, worldSize).map((chunk, owner) => {
      const own: Segment[] = [];
      for (const { offset, length } of segmentsOf(chunk, segmentElements, layout.exactFrom ?? layout.length)) {
        own.push({ bucket: b, chunk: owner, index: own.length, id: segments.length + own.length, offset, length });
      }
      segments.push(...own);
      return own;
    }),
  );
  const ranges = partials.map((partial) => partial.range);
  return { worldSize, layout, partials, tree: sumTree(ranges, layout.virtualRanks), segments, byChunk };
}

/** Returns one chunk per rank: equal shares of the bucket up to a cache line; chunks of short buckets may be empty. */
export function chunksOf(bucket: Span, worldSize: number): Span[] {
  const share = Math.ceil(bucket.length / worldSize / ALIGN_ELEMENTS) * ALIGN_ELEMENTS;
  return Array.from({ length: worldSize }, (_, rank) => {
    const begin = Math.min(bucket.length, rank * share);
    const end = Math.min(bucket.length, begin + share);
    return { offset: bucket.offset + begin, length: end - begin };
  });
}

/** Cuts a chunk every so many elements, and where the elements begin that are never compressed. */
function segmentsOf(chunk: Span, segmentElements: number, exactFrom: number): Span[] {
  const end = chunk.offset + chunk.length;
  const spans: Span[] = [];
  for (let offset = chunk.offset; offset < end; ) {
    const border = offset < exactFrom ? Math.min(end, exactFrom) : end;
    const length = Math.min(segmentElements, border - offset);
    spans.push({ offset, length });
    offset += length;
  }
  return spans;
}

/** @throws CollectiveError COLLECTIVE_BAD_LAYOUT when the buckets do not cover the vector */
export function checkLayout(layout: VectorLayout): void {
  let offset = 0;
  for (const [index, bucket] of layout.buckets.entries()) {
    if (bucket.offset !== offset || bucket.length <= 0) {
      throw badLayout(
        `bucket ${index} begins at ${bucket.offset} with length ${bucket.length}, expected offset ${offset}`,
      );
    }
    offset += bucket.length;
  }
  if (offset !== layout.length) throw badLayout(`buckets cover ${offset} of ${layout.length} elements`);
  if (!Number.isSafeInteger(layout.virtualRanks) || layout.virtualRanks < 1) {
    throw badLayout(`${layout.virtualRanks} is no number of virtual ranks`);
  }
}

function badLayout(message: string): CollectiveError {
  return new CollectiveError('COLLECTIVE_BAD_LAYOUT', message, {
    hint: 'Buckets must follow each other without gaps and cover the vector.',
  });
}
