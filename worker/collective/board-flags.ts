/**
 * The flags in the memory that ranks of a host share: who is ready with which bucket of which round, how much of a round is done, and the
 * bell for those who wait. Every rank's threads have a view of their own; flags are ordinary atomics, whoever mapped the page.
 */
import { CollectiveError } from '../../proto/errors.js';
import {
  BOARD_MAX_BUCKETS,
  type BoardArea,
  type BucketArray,
  boardLayout,
  bucketWord,
  layoutFingerprint,
  openedWord,
  takenIndex,
  timeIndex,
  WORDS,
  waitingWord,
} from './board-layout.js';
import type { WaitState } from './exchange.js';

/** A count is a round and a number in one word: 12 bits of number. */
const COUNT_BITS = 12;
export const MAX_COUNT = (1 << COUNT_BITS) - 1;

/** Where a board is: on a heap that both threads of a worker have, at the address of the mapped segment. */
export interface BoardPlace {
  readonly memory: WebAssembly.Memory;
  readonly address: number;
}

export interface BoardFlagsOptions {
  /** This rank's number among those that share the memory, from 0. */
  readonly member: number;
  readonly area: BoardArea;
  readonly place: BoardPlace;
  /** Things that are to be completed in a round; whoever completes the last one rings the bell. */
  readonly numPerRound: number;
  /** Wakes all who wait on {@link BoardFlags.bellWord}. */
  readonly wake: () => void;
  readonly firstRound: number;
  /** Things that were completed before the first round; a rank's threads use one number. @defaultValue as many as there are now */
  readonly base?: number | undefined;
  /** Milliseconds on a clock that the ranks of a host share. */
  readonly now: () => number;
}

/** Whether a member is to sum a part of a bucket. */
type MemberWork = (member: number, bucket: number) => boolean;

export class BoardFlags {
  readonly #options: BoardFlagsOptions;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #fingerprint: number;
  /** Things that were completed before the first round. */
  readonly base: number;
  #peersChecked = false;

  /** Opens a view between rounds. @throws CollectiveError COLLECTIVE_BAD_LAYOUT for more buckets than there is room for */
  constructor(options: BoardFlagsOptions) {
    this.#options = options;
    const { area, member, place } = options;
    const numBuckets = area.layout.buckets.length;
    if (numBuckets > BOARD_MAX_BUCKETS) {
      throw new CollectiveError('COLLECTIVE_BAD_LAYOUT', `${numBuckets} buckets are too many for shared memory`, {
        hint: `Choose another --bucket-mb; there is room for ${BOARD_MAX_BUCKETS} buckets.`,
      });
    }
    const { flagsOffset, numFlagWords, timesOffset, numTimes } = boardLayout(area);
    const { buffer } = place.memory;
    this.#words = new Int32Array(buffer, place.address + flagsOffset, numFlagWords);
    this.#times = new Float64Array(buffer, place.address + timesOffset, numTimes);
    this.#fingerprint = layoutFingerprint(area);
    this.base = options.base ?? Atomics.load(this.#words, WORDS.completed);
    Atomics.store(this.#words, openedWord(member), this.#fingerprint);
  }

  /** The word that changes whenever someone who waits should look again. */
  get bellWord(): Int32Array {
    return this.#words.subarray(WORDS.bell, WORDS.bell + 1);
  }

  get bell(): number {
    return Atomics.load(this.#words, WORDS.bell);
  }

  /** Whether this rank has this layout open; false where its main thread went over to another, and this thread has not heard of it. */
  get isCurrent(): boolean {
    return Atomics.load(this.#words, openedWord(this.#options.member)) === this.#fingerprint;
  }

  /** Says whether this rank's main thread waits, and so need not be called by other means. */
  setWaiting(waiting: boolean): void {
    Atomics.store(this.#words, waitingWord(this.#options.member), waiting ? 1 : 0);
  }

  isWaiting(member: number): boolean {
    return Atomics.load(this.#words, waitingWord(member)) !== 0;
  }

  /** Says that this rank's partial sums of a bucket are complete. Everything written before is seen by whoever sees this. */
  announce(round: number, bucket: number): void {
    const { area, member, now } = this.#options;
    this.#times[timeIndex('ready', member, bucket, area.worldSize)] = now();
    Atomics.store(this.#words, this.#word('ready', member, bucket), round);
  }

  isReady(member: number, round: number, bucket: number): boolean {
    return Atomics.load(this.#words, this.#word('ready', member, bucket)) === round;
  }

  allReady(round: number, bucket: number): boolean {
    for (let member = 0; member < this.#options.area.worldSize; member++) {
      if (!this.isReady(member, round, bucket)) return false;
    }
    return true;
  }

  /**
   * Takes the next of `limit` parts of a member's share of a bucket; returns its number, or `limit` when there is none left.
   */
  claim(member: number, bucket: number, round: number, limit: number): number {
    // Whoever slept since it found all ready may find a count of the next round, and that begins only after this one is no longer ready.
    return this.increase('claimed', member, bucket, round, limit, () => this.allReady(round, bucket));
  }

  /**
   * Adds one to a count of this round, unless that is `limit` already; returns what it was before.
   * @param isOpen asked once the count is read; where it says no, the count stays, and `limit` is returned
   */
  increase(
    array: 'claimed' | 'finished',
    member: number,
    bucket: number,
    round: number,
    limit: number = MAX_COUNT,
    isOpen: () => boolean = () => true,
  ): number {
    const word = this.#word(array, member, bucket);
    for (;;) {
      const before = Atomics.load(this.#words, word);
      if (!isOpen()) return limit;
      const count = countOf(before, round);
      if (count >= limit) return count;
      const next = (tag(round) << COUNT_BITS) | (count + 1);
      if (Atomics.compareExchange(this.#words, word, before, next) === before) return count;
    }
  }

  /** Notes that this rank is at work on its own parts. */
  noteTaken(): void {
    const { area, member, now } = this.#options;
    this.#times[takenIndex(member, area.worldSize)] = now();
  }

  /** For how many milliseconds a member has taken none of its own parts, though this bucket was complete. */
  idleMs(member: number, bucket: number): number {
    const { area, now } = this.#options;
    let sinceMs = this.#times[takenIndex(member, area.worldSize)]!;
    for (let of = 0; of < area.worldSize; of++) sinceMs = Math.max(sinceMs, this.#timeOf('ready', of, bucket));
    return now() - sinceMs;
  }

  /** Notes that a member's part of a bucket is summed. */
  noteReduced(member: number, round: number, bucket: number): void {
    const { area, now } = this.#options;
    this.#times[timeIndex('reduced', member, bucket, area.worldSize)] = now();
    Atomics.store(this.#words, this.#word('reduced', member, bucket), round);
  }

  isReduced(member: number, round: number, bucket: number): boolean {
    return Atomics.load(this.#words, this.#word('reduced', member, bucket)) === round;
  }

  /** Counts one thing more of a round; the last one rings the bell. */
  complete(round: number): void {
    const { firstRound, numPerRound } = this.#options;
    const numCompleted = (Atomics.add(this.#words, WORDS.completed, 1) + 1 - this.base) | 0;
    if (numCompleted === (round - firstRound + 1) * numPerRound) this.ring();
  }

  /** Whether all things of a round are completed. */
  isOver(round: number): boolean {
    const { firstRound, numPerRound } = this.#options;
    return ((Atomics.load(this.#words, WORDS.completed) - this.base) | 0) >= (round - firstRound + 1) * numPerRound;
  }

  /** Tells all who wait to look again. */
  ring(): void {
    const { area, wake } = this.#options;
    Atomics.add(this.#words, WORDS.bell, 1);
    for (let member = 0; member < area.worldSize; member++) {
      if (!this.isWaiting(member)) continue;
      wake();
      return;
    }
  }

  /**
   * Returns what is missing for a round: this rank's own bucket, buckets of other ranks, or sums.
   * @param rankOf the rank of a member
   * @param hasWork whether a member is to sum a part of a bucket
   */
  waitState(round: number, rankOf: (member: number) => number, hasWork: MemberWork): WaitState {
    const { area, member: self } = this.#options;
    const members = [...Array(area.worldSize).keys()];
    const buckets = [...area.layout.buckets.keys()];
    const unready = (member: number) => buckets.find((bucket) => !this.isReady(member, round, bucket));
    const own = unready(self);
    if (own !== undefined) return { round, ranks: [rankOf(self)], bucket: own, phase: 'local' };
    const isOpen = (member: number, bucket: number) =>
      hasWork(member, bucket) && !this.isReduced(member, round, bucket);
    const bucket = buckets.find((of) => members.some((member) => isOpen(member, of))) ?? 0;
    const late = members.filter((member) => unready(member) !== undefined);
    if (late.length > 0) return { round, ranks: late.map(rankOf), bucket, phase: 'partial' };
    return { round, ranks: members.filter((member) => isOpen(member, bucket)).map(rankOf), bucket, phase: 'result' };
  }

  /** When this rank was ready with each bucket, in milliseconds, and when the bucket was summed. After the round's end. */
  times(hasWork: MemberWork): { readonly readyMs: number[]; readonly reducedMs: number[] } {
    const { area, member: self } = this.#options;
    const buckets = [...area.layout.buckets.keys()];
    const members = [...Array(area.worldSize).keys()];
    return {
      readyMs: buckets.map((bucket) => this.#timeOf('ready', self, bucket)),
      reducedMs: buckets.map((bucket) =>
        Math.max(...members.map((member) => (hasWork(member, bucket) ? this.#timeOf('reduced', member, bucket) : 0))),
      ),
    };
  }

  /**
   * Whether all ranks have this layout open; false when the round ended meanwhile, as a peer may then go over to the next layout.
   * @param rankOf the rank of a member, for the message
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT
   */
  peersAgree(round: number, rankOf: (member: number) => number): boolean {
    if (this.#peersChecked) return true;
    for (let member = 0; member < this.#options.area.worldSize; member++) {
      if (Atomics.load(this.#words, openedWord(member)) === this.#fingerprint) continue;
      if (this.isOver(round)) return false;
      const peer = rankOf(member);
      throw new CollectiveError('COLLECTIVE_BAD_LAYOUT', `rank ${peer} has another layout of the reduced vector`, {
        hint: 'The ranks disagree about the model or the run: start all workers from the same version and configuration.',
        details: { peer },
      });
    }
    this.#peersChecked = true;
    return true;
  }

  #timeOf(what: 'ready' | 'reduced', member: number, bucket: number): number {
    return this.#times[timeIndex(what, member, bucket, this.#options.area.worldSize)]!;
  }

  #word(array: BucketArray, member: number, bucket: number): number {
    return bucketWord(array, member, bucket, this.#options.area.worldSize);
  }
}

function countOf(word: number, round: number): number {
  return word >>> COUNT_BITS === tag(round) ? word & MAX_COUNT : 0;
}

/** The part of a round's number that fits a count; rounds that are so far apart never meet. */
function tag(round: number): number {
  return (round & 0x7ffff) + 1;
}
