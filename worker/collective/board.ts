/**
 * The all-reduce of ranks that share memory: every partial sum lies in a segment that all have mapped, and flags beside them say what is
 * there. Any thread of any rank may sum any segment; which one does it changes nothing, as the order of additions is the tree's. But each
 * keeps to its rank's chunks while the others get on with theirs: what a rank has touched of others' memory counts as its own. The sum
 * takes the place of each rank's first partial. So nothing is sent, the last rank to come finds all it needs, and nobody has to wait
 * until others have read their results. Steps and rules on memory are in proto/PROTOCOL.md.
 */
import { CollectiveError } from '../../proto/errors.js';
import { threadTrace } from '../trace/thread-trace.js';
import { BoardFlags, type BoardFlagsOptions, MAX_COUNT } from './board-flags.js';
import { boardLayout, firstPartial } from './board-layout.js';
import type { WaitState } from './exchange.js';
import type { Plan, Segment } from './plan.js';

/** Elements in a segment of the board: 256 KiB, small enough that ranks finish together. */
export const BOARD_SEGMENT_ELEMENTS = 65_536;
/** From this size on it is worth waking others to sum with us. */
const SHARED_WORK_ELEMENTS = 65_536;
/** Shorter chunks are anyone's: to wait for their owner would take longer than to sum them. */
const MIN_KEPT_SEGMENTS = 4;

export interface BoardOptions extends Pick<BoardFlagsOptions, 'place' | 'wake' | 'firstRound' | 'base' | 'now'> {
  readonly rank: number;
  readonly plan: Plan;
  /** For how many milliseconds another rank may leave long chunks of its own alone until this thread takes them over. */
  readonly patienceMs: number;
  /** Is told of bytes of other ranks' vectors that this thread has no use for after it took over a segment: at which address, how many. */
  readonly forget: (address: number, bytes: number) => void;
  /** Writes the sum of elements of the whole vectors at the operands' addresses to those of the targets, which are among them. */
  readonly reduce: (operands: readonly number[], targets: readonly number[], offset: number, length: number) => void;
}

/** One thread's view of the board. A rank has two: its main thread announces and waits, its comms thread helps. */
export class Board {
  readonly #options: BoardOptions;
  readonly #flags: BoardFlags;
  readonly #operands: readonly number[];
  /** By rank. */
  readonly #targets: readonly number[];

  /** Opens a view between rounds. @throws CollectiveError COLLECTIVE_BAD_LAYOUT for more buckets than the flags have room for */
  constructor(options: BoardOptions) {
    this.#options = options;
    const { plan, place, rank } = options;
    const { partialOffsets } = boardLayout(plan);
    this.#operands = partialOffsets.map((offset) => place.address + offset);
    this.#targets = Array.from({ length: plan.worldSize }, (_, of) => this.#operands[firstPartial(plan.partials, of)]!);
    const chunks = plan.byChunk.flat();
    const longest = Math.max(...chunks.map((segments) => segments.length));
    if (longest >= MAX_COUNT) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_LAYOUT',
        `buckets of ${longest} segments are too long for shared memory`,
        {
          hint: 'Choose a smaller --bucket-mb.',
        },
      );
    }
    const numPerRound = chunks.filter((segments) => segments.length > 0).length;
    this.#flags = new BoardFlags({ ...options, member: rank, area: plan, numPerRound });
  }

  /** Chunks that were summed before the first round. */
  get base(): number {
    return this.#flags.base;
  }

  /** The word that changes whenever someone who waits should look again. */
  get bellWord(): Int32Array {
    return this.#flags.bellWord;
  }

  get bell(): number {
    return this.#flags.bell;
  }

  /** Says whether this rank's main thread waits, and so need not be called by other means. */
  setWaiting(waiting: boolean): void {
    this.#flags.setWaiting(waiting);
  }

  /** Ranks besides this one whose main threads do not wait. */
  busyRanks(): number[] {
    const { plan, rank } = this.#options;
    return [...Array(plan.worldSize).keys()].filter((peer) => peer !== rank && !this.#flags.isWaiting(peer));
  }

  /**
   * Says that this rank's partial sums of a bucket are complete. Everything written before is seen by whoever sees this.
   * @returns whether this was the last rank, so that the bucket can be summed now
   */
  announce(round: number, bucket: number): boolean {
    this.#flags.announce(round, bucket);
    const isLast = this.#flags.allReady(round, bucket);
    if (isLast && this.isLarge(bucket)) this.#flags.ring();
    return isLast;
  }

  /** Whether a bucket is worth the attention of other ranks' comms threads. */
  isLarge(bucket: number): boolean {
    return this.#options.plan.layout.buckets[bucket]!.length >= SHARED_WORK_ELEMENTS;
  }

  /**
   * Sums what can be summed and nobody has taken yet: this rank's chunks first, then short ones of others, and long ones of ranks that
   * leave theirs alone.
   * @param maxSegments ends after so many, for threads that have other duties
   * @returns how many segments it summed
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT when the ranks disagree about the layout
   */
  advance(round: number, maxSegments = Number.POSITIVE_INFINITY): number {
    const { plan, rank } = this.#options;
    let numDone = 0;
    // The main thread has gone over to another layout, and this thread has not heard of it yet.
    if (!this.#flags.isCurrent) return 0;
    for (let step = 0; step < plan.worldSize; step++) {
      const owner = (rank + step) % plan.worldSize;
      for (const bucket of plan.byChunk.keys()) {
        if (!this.#flags.allReady(round, bucket)) continue;
        if (!this.#flags.peersAgree(round, (member) => member)) return numDone;
        numDone += this.#advanceChunk(round, bucket, owner, maxSegments - numDone);
        if (numDone >= maxSegments) return numDone;
      }
    }
    return numDone;
  }

  #advanceChunk(round: number, bucket: number, owner: number, maxSegments: number): number {
    const { plan, rank } = this.#options;
    const segments = plan.byChunk[bucket]![owner]!;
    let numDone = 0;
    while (numDone < maxSegments && this.#isFor(owner, bucket, segments.length)) {
      // A claim is a count that grew from its number: that segment is now this thread's.
      const index = this.#flags.claim(owner, bucket, round, segments.length);
      if (index >= segments.length) break;
      if (owner === rank) this.#flags.noteTaken();
      const segment = segments[index]!;
      this.#sum(segment, round, segments.length);
      if (owner !== rank && segments.length >= MIN_KEPT_SEGMENTS) this.#forget(segment);
      numDone++;
    }
    return numDone;
  }

  /** Whether this thread may take segments of an owner's chunk now. */
  #isFor(owner: number, bucket: number, numSegments: number): boolean {
    const { patienceMs, rank } = this.#options;
    return owner === rank || numSegments < MIN_KEPT_SEGMENTS || this.#flags.idleMs(owner, bucket) > patienceMs;
  }

  #forget({ offset, length }: Segment): void {
    const { forget, plan, rank } = this.#options;
    for (const [index, partial] of plan.partials.entries()) {
      if (partial.rank === rank) continue;
      forget(this.#operands[index]! + offset * Float32Array.BYTES_PER_ELEMENT, length * Float32Array.BYTES_PER_ELEMENT);
    }
  }

  /** Whether all buckets of a round are summed. */
  isOver(round: number): boolean {
    return this.#flags.isOver(round);
  }

  /** Returns what is missing for a round. */
  waitState(round: number): WaitState {
    return this.#flags.waitState(round, (member) => member, this.#hasWork);
  }

  /** When this rank was ready with each bucket, in milliseconds, and when the bucket was summed. After the round's end. */
  times(): { readonly readyMs: number[]; readonly reducedMs: number[] } {
    return this.#flags.times(this.#hasWork);
  }

  readonly #hasWork = (owner: number, bucket: number): boolean =>
    this.#options.plan.byChunk[bucket]![owner]!.length > 0;

  #sum(segment: Segment, round: number, numSegments: number): void {
    const { offset, length, bucket, chunk: owner } = segment;
    const beganMs = threadTrace.begin();
    this.#options.reduce(this.#operands, this.#targets, offset, length);
    threadTrace.end('reduce', beganMs, round, bucket, owner, segment.index);
    // The last segment of a chunk completes it, whoever summed the others.
    if (this.#flags.increase('finished', owner, bucket, round) + 1 < numSegments) return;
    this.#flags.noteReduced(owner, round, bucket);
    this.#flags.complete(round);
  }
}
