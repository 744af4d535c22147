/**
 * The all-reduce of ranks that share memory: every partial sum and the one result lie in a segment that all have mapped, and flags beside
 * them say what is there. Any thread of any rank may sum any segment; which one does it changes nothing, as the order of additions is the
 * tree's. So nothing is sent, and the last rank to come finds all it needs. Steps and rules on memory are in proto/PROTOCOL.md.
 */
import { CollectiveError } from '../../proto/errors.js';
import { threadTrace } from '../trace/thread-trace.js';
import {
  BOARD_MAX_BUCKETS,
  type BoardLayout,
  type BucketArray,
  boardLayout,
  bucketWord,
  layoutFingerprint,
  openedWord,
  timeIndex,
  WORDS,
  waitingWord,
} from './board-layout.js';
import type { WaitState } from './exchange.js';
import type { Plan, Segment } from './plan.js';

/** Elements in a segment of the board: 256 KiB, small enough that ranks finish together. */
export const BOARD_SEGMENT_ELEMENTS = 65_536;
/** From this size on it is worth waking others to sum with us. */
const SHARED_WORK_ELEMENTS = 65_536;
/** A claim is a round and a count in one word: 12 bits of count. */
const COUNT_BITS = 12;
const MAX_COUNT = (1 << COUNT_BITS) - 1;

/** Where a board is: on a heap that both threads of a worker have, at the address of the mapped segment. */
export interface BoardPlace {
  readonly memory: WebAssembly.Memory;
  readonly address: number;
}

export interface BoardOptions {
  readonly rank: number;
  readonly plan: Plan;
  readonly place: BoardPlace;
  /** Writes the sum of elements of the whole vectors at the operands' addresses to those of the target. */
  readonly reduce: (operands: readonly number[], target: number, offset: number, length: number) => void;
  /** Wakes all who wait on {@link Board.bellWord}. */
  readonly wake: () => void;
  readonly firstRound: number;
  /** Chunks that were summed before the first round; a rank's threads use one number. @defaultValue as many as there are now */
  readonly base?: number | undefined;
  /** Milliseconds on a clock that the ranks of a host share. */
  readonly now: () => number;
}

/** One thread's view of the board. A rank has two: its main thread announces and waits, its comms thread helps. */
export class Board {
  readonly #options: BoardOptions;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #operands: readonly number[];
  readonly #target: number;
  readonly #chunksPerRound: number;
  readonly #fingerprint: number;
  /** Chunks that were summed before the first round. */
  readonly base: number;
  #peersChecked = false;

  /** Opens a view between rounds. @throws CollectiveError COLLECTIVE_BAD_LAYOUT for more buckets than the flags have room for */
  constructor(options: BoardOptions) {
    this.#options = options;
    const { plan, place, rank } = options;
    const layout: BoardLayout = boardLayout(plan);
    const { buffer } = place.memory;
    this.#words = new Int32Array(buffer, place.address + layout.flagsOffset, layout.numFlagWords);
    this.#times = new Float64Array(buffer, place.address + layout.timesOffset, layout.numTimes);
    this.#operands = layout.partialOffsets.map((offset) => place.address + offset);
    this.#target = place.address + layout.resultOffset;
    const chunks = plan.byChunk.flat();
    const longest = Math.max(...chunks.map((segments) => segments.length));
    if (plan.layout.buckets.length > BOARD_MAX_BUCKETS || longest >= MAX_COUNT) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_LAYOUT',
        `${plan.layout.buckets.length} buckets of up to ${longest} segments are too many for shared memory`,
        { hint: `Choose another --bucket-mb; there is room for ${BOARD_MAX_BUCKETS} buckets.` },
      );
    }
    this.#chunksPerRound = chunks.filter((segments) => segments.length > 0).length;
    this.#fingerprint = layoutFingerprint(plan);
    this.base = options.base ?? Atomics.load(this.#words, WORDS.completed);
    Atomics.store(this.#words, openedWord(rank), this.#fingerprint);
  }

  /** The word that changes whenever someone who waits should look again. */
  get bellWord(): Int32Array {
    return this.#words.subarray(WORDS.bell, WORDS.bell + 1);
  }

  get bell(): number {
    return Atomics.load(this.#words, WORDS.bell);
  }

  /** Says whether this rank's main thread waits, and so need not be called by other means. */
  setWaiting(waiting: boolean): void {
    Atomics.store(this.#words, waitingWord(this.#options.rank), waiting ? 1 : 0);
  }

  /** Ranks besides this one whose main threads do not wait. */
  busyRanks(): number[] {
    const { plan, rank } = this.#options;
    const others = Array.from({ length: plan.worldSize }, (_, peer) => peer).filter((peer) => peer !== rank);
    return others.filter((peer) => Atomics.load(this.#words, waitingWord(peer)) === 0);
  }

  /**
   * Says that this rank's partial sums of a bucket are complete. Everything written before is seen by whoever sees this.
   * @returns whether this was the last rank, so that the bucket can be summed now
   */
  announce(round: number, bucket: number): boolean {
    const { rank, plan, now } = this.#options;
    this.#times[timeIndex('ready', rank, bucket, plan.worldSize)] = now();
    this.#store('ready', rank, bucket, round);
    const isLast = this.#allReady(round, bucket);
    if (isLast && plan.layout.buckets[bucket]!.length >= SHARED_WORK_ELEMENTS) this.#ring();
    return isLast;
  }

  /** Whether a bucket is worth the attention of other ranks' comms threads. */
  isLarge(bucket: number): boolean {
    return this.#options.plan.layout.buckets[bucket]!.length >= SHARED_WORK_ELEMENTS;
  }

  /**
   * Sums what can be summed and nobody has taken yet: this rank's chunks first, then those of others.
   * @param maxSegments ends after so many, for threads that have other duties
   * @returns how many segments it summed
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT when the ranks disagree about the layout
   */
  advance(round: number, maxSegments = Number.POSITIVE_INFINITY): number {
    const { plan, rank } = this.#options;
    let numDone = 0;
    // The main thread has gone over to another layout, and this thread has not heard of it yet.
    if (Atomics.load(this.#words, openedWord(rank)) !== this.#fingerprint) return 0;
    for (const [bucket, chunks] of plan.byChunk.entries()) {
      if (!this.#allReady(round, bucket)) continue;
      if (!this.#peersAgree(round)) return numDone;
      for (let step = 0; step < plan.worldSize; step++) {
        const owner = (rank + step) % plan.worldSize;
        const segments = chunks[owner]!;
        for (;;) {
          const index = this.#claim(owner, bucket, round, segments.length);
          if (index === undefined) break;
          this.#sum(segments[index]!, round, segments.length);
          if (++numDone >= maxSegments) return numDone;
        }
      }
    }
    return numDone;
  }

  /** Whether all buckets of a round are summed. */
  isOver(round: number): boolean {
    const numRounds = round - this.#options.firstRound + 1;
    return ((Atomics.load(this.#words, WORDS.completed) - this.base) | 0) >= numRounds * this.#chunksPerRound;
  }

  /** Returns what is missing for a round. */
  waitState(round: number): WaitState {
    const { plan, rank } = this.#options;
    const buckets = [...plan.layout.buckets.keys()];
    const own = buckets.find((bucket) => this.#load('ready', rank, bucket) !== round);
    if (own !== undefined) return { round, ranks: [rank], bucket: own, phase: 'local' };
    const ranks = Array.from({ length: plan.worldSize }, (_, peer) => peer);
    const isOpen = (bucket: number, owner: number) =>
      plan.byChunk[bucket]![owner]!.length > 0 && this.#load('reduced', owner, bucket) !== round;
    const open = buckets.find((bucket) => ranks.some((owner) => isOpen(bucket, owner))) ?? 0;
    const late = ranks.filter((peer) => buckets.some((bucket) => this.#load('ready', peer, bucket) !== round));
    if (late.length > 0) return { round, ranks: late, bucket: open, phase: 'partial' };
    return { round, ranks: ranks.filter((owner) => isOpen(open, owner)), bucket: open, phase: 'result' };
  }

  /** When this rank was ready with each bucket, in milliseconds, and when the bucket was summed. After the round's end. */
  times(): { readonly readyMs: number[]; readonly reducedMs: number[] } {
    const { plan, rank } = this.#options;
    const { worldSize } = plan;
    const buckets = [...plan.layout.buckets.keys()];
    return {
      readyMs: buckets.map((bucket) => this.#times[timeIndex('ready', rank, bucket, worldSize)]!),
      reducedMs: buckets.map((bucket) =>
        Math.max(
          ...plan.byChunk[bucket]!.map((segments, owner) =>
            segments.length === 0 ? 0 : this.#times[timeIndex('reduced', owner, bucket, worldSize)]!,
          ),
        ),
      ),
    };
  }

  #sum(segment: Segment, round: number, numSegments: number): void {
    const { offset, length, bucket, chunk: owner } = segment;
    const beganMs = threadTrace.begin();
    this.#options.reduce(this.#operands, this.#target, offset, length);
    threadTrace.end('reduce', beganMs, round, bucket, owner, segment.index);
    // The last segment of a chunk completes it, whoever summed the others.
    if (this.#count('finished', owner, bucket, round) < numSegments) return;
    this.#times[timeIndex('reduced', owner, bucket, this.#options.plan.worldSize)] = this.#options.now();
    this.#store('reduced', owner, bucket, round);
    const numCompleted = (Atomics.add(this.#words, WORDS.completed, 1) + 1 - this.base) | 0;
    if (numCompleted === (round - this.#options.firstRound + 1) * this.#chunksPerRound) this.#ring();
  }

  #allReady(round: number, bucket: number): boolean {
    const { worldSize } = this.#options.plan;
    for (let peer = 0; peer < worldSize; peer++) if (this.#load('ready', peer, bucket) !== round) return false;
    return true;
  }

  /** Returns a segment of a chunk that is now this thread's to sum, if there is one left. */
  #claim(owner: number, bucket: number, round: number, numSegments: number): number | undefined {
    if (numSegments === 0) return undefined;
    const word = this.#word('claimed', owner, bucket);
    for (;;) {
      const claimed = Atomics.load(this.#words, word);
      const count = claimed >>> COUNT_BITS === tag(round) ? claimed & MAX_COUNT : 0;
      if (count >= numSegments) return undefined;
      const next = (tag(round) << COUNT_BITS) | (count + 1);
      if (Atomics.compareExchange(this.#words, word, claimed, next) === claimed) return count;
    }
  }

  /** Counts one more for this round and returns the count. */
  #count(array: BucketArray, owner: number, bucket: number, round: number): number {
    const word = this.#word(array, owner, bucket);
    for (;;) {
      const before = Atomics.load(this.#words, word);
      const count = (before >>> COUNT_BITS === tag(round) ? before & MAX_COUNT : 0) + 1;
      const next = (tag(round) << COUNT_BITS) | count;
      if (Atomics.compareExchange(this.#words, word, before, next) === before) return count;
    }
  }

  /** Tells all who wait to look again. */
  #ring(): void {
    const { plan, rank, wake } = this.#options;
    Atomics.add(this.#words, WORDS.bell, 1);
    for (let peer = 0; peer < plan.worldSize; peer++) {
      if (peer !== rank && Atomics.load(this.#words, waitingWord(peer)) !== 0) {
        wake();
        return;
      }
    }
    // Our own main thread may wait while our comms thread rings.
    if (Atomics.load(this.#words, waitingWord(rank)) !== 0) wake();
  }

  /**
   * Whether all ranks have this layout open; false when the round ended meanwhile, as a peer may then go over to the next layout.
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT
   */
  #peersAgree(round: number): boolean {
    if (this.#peersChecked) return true;
    for (let peer = 0; peer < this.#options.plan.worldSize; peer++) {
      if (Atomics.load(this.#words, openedWord(peer)) === this.#fingerprint) continue;
      if (this.isOver(round)) return false;
      throw new CollectiveError('COLLECTIVE_BAD_LAYOUT', `rank ${peer} has another layout of the reduced vector`, {
        hint: 'The ranks disagree about the model or the run: start all workers from the same version and configuration.',
        details: { peer },
      });
    }
    this.#peersChecked = true;
    return true;
  }

  #word(array: BucketArray, rank: number, bucket: number): number {
    return bucketWord(array, rank, bucket, this.#options.plan.worldSize);
  }

  #load(array: BucketArray, rank: number, bucket: number): number {
    return Atomics.load(this.#words, this.#word(array, rank, bucket));
  }

  #store(array: BucketArray, rank: number, bucket: number, value: number): void {
    Atomics.store(this.#words, this.#word(array, rank, bucket), value);
  }
}

/** The part of a round's number that fits a claim; rounds that are so far apart never meet. */
function tag(round: number): number {
  return (round & 0x7ffff) + 1;
}
