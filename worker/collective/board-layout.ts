/** What lies where in the segment that all ranks of a host share. Pure, and the same on every rank. */
import type { Plan } from './plan.js';

/** Buckets that the flags have room for: the number changes when buckets are cut anew. */
export const BOARD_MAX_BUCKETS = 1_024;
/** Words of 4 bytes in a cache line. */
const LINE_WORDS = 16;
/** A page of the machine, where it has the usual ones. */
export const PAGE_BYTES = 4_096;
/** The proof that a segment begins with keeps the first page to itself. */
const FLAGS_OFFSET = PAGE_BYTES;

/** Where each flag is, in words from the beginning of the flags. Those of a rank and bucket are `of(array, rank, bucket)`. */
export const WORDS = {
  /** Counts whatever someone may wait for. */
  bell: 0,
  /** Counts chunks that were summed, over all rounds. */
  completed: LINE_WORDS,
} as const;

/** Word arrays by rank and bucket, and two by rank. */
const BUCKET_ARRAYS = ['ready', 'reduced', 'claimed', 'finished'] as const;
export type BucketArray = (typeof BUCKET_ARRAYS)[number];

/** What a board is for. `worldSize` counts the ranks that share the memory, and `partials` are theirs. */
export type BoardArea = Pick<Plan, 'worldSize' | 'layout' | 'partials'>;

/** What a rank's comms thread tells its main thread about a round, as float64 numbers. */
export const FIGURES = [
  'bytesSent',
  'bytesReceived',
  'signal',
  'error',
  'droppedRound',
  'droppedDuplicate',
  'droppedOverflow',
] as const;
export type Figure = (typeof FIGURES)[number];

export interface BoardLayout {
  /** Bytes of the whole segment. */
  readonly bytes: number;
  readonly flagsOffset: number;
  readonly numFlagWords: number;
  /** Float64: when a rank was ready with a bucket, and when its chunk of it was summed, by rank and bucket; when it last took a segment. */
  readonly timesOffset: number;
  readonly numTimes: number;
  /** Float64: {@link FIGURES} by rank. */
  readonly figuresOffset: number;
  readonly numFigures: number;
  /** By partial, as in the plan. */
  readonly partialOffsets: readonly number[];
}

/** Returns what lies where. */
export function boardLayout({ worldSize, layout, partials }: BoardArea): BoardLayout {
  const numFlagWords = (2 + worldSize) * LINE_WORDS + BUCKET_ARRAYS.length * worldSize * BOARD_MAX_BUCKETS;
  const numTimes = 2 * worldSize * BOARD_MAX_BUCKETS + worldSize;
  const numFigures = FIGURES.length * worldSize;
  const timesOffset = pageAfter(FLAGS_OFFSET + numFlagWords * Int32Array.BYTES_PER_ELEMENT);
  const vectorBytes = pageAfter(layout.length * Float32Array.BYTES_PER_ELEMENT);
  const figuresOffset = timesOffset + numTimes * Float64Array.BYTES_PER_ELEMENT;
  const vectorsOffset = pageAfter(figuresOffset + numFigures * Float64Array.BYTES_PER_ELEMENT);
  return {
    bytes: vectorsOffset + partials.length * vectorBytes,
    flagsOffset: FLAGS_OFFSET,
    numFlagWords,
    timesOffset,
    numTimes,
    figuresOffset,
    numFigures,
    partialOffsets: partials.map((_, index) => vectorsOffset + index * vectorBytes),
  };
}

/** The same for a host of several, which has a vector more: the one result of all its ranks, behind the partials. */
export function hostBoardLayout(area: BoardArea): BoardLayout & { readonly resultOffset: number } {
  const layout = boardLayout(area);
  const vectorBytes = pageAfter(area.layout.length * Float32Array.BYTES_PER_ELEMENT);
  return { ...layout, bytes: layout.bytes + vectorBytes, resultOffset: layout.bytes };
}

/** Where a rank's sum lies on a board without a result of its own: in the place of its first partial. */
export function firstPartial(partials: BoardArea['partials'], rank: number): number {
  return partials.findIndex((partial) => partial.rank === rank);
}

/** The word that tells whether a rank's main thread waits. */
export function waitingWord(rank: number): number {
  return (2 + rank) * LINE_WORDS;
}

/** The word that holds the fingerprint of the layout that a rank has opened. */
export function openedWord(rank: number): number {
  return waitingWord(rank) + 1;
}

/** The word of an array for a rank and a bucket. */
export function bucketWord(array: BucketArray, rank: number, bucket: number, worldSize: number): number {
  const start = (2 + worldSize) * LINE_WORDS + BUCKET_ARRAYS.indexOf(array) * worldSize * BOARD_MAX_BUCKETS;
  return start + rank * BOARD_MAX_BUCKETS + bucket;
}

/** The place of a time for a rank and a bucket. */
export function timeIndex(what: 'ready' | 'reduced', rank: number, bucket: number, worldSize: number): number {
  return ((what === 'ready' ? 0 : worldSize) + rank) * BOARD_MAX_BUCKETS + bucket;
}

/** The place of the time when a rank last took a segment of its own. */
export function takenIndex(rank: number, worldSize: number): number {
  return 2 * worldSize * BOARD_MAX_BUCKETS + rank;
}

/** Returns a number other than 0 that is the same for equal layouts. */
export function layoutFingerprint(plan: Pick<Plan, 'worldSize' | 'layout'>): number {
  // FNV-1a over the numbers of the layout.
  let hash = 0x811c9dc5;
  const { length, virtualRanks, buckets } = plan.layout;
  for (const number of [plan.worldSize, virtualRanks, length, ...buckets.map((bucket) => bucket.length)]) {
    hash = Math.imul(hash ^ number, 0x01000193);
  }
  return hash | 1;
}

function pageAfter(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
