/** The main thread's side of the all-reduce: fills the shared partial sums and waits for rounds. */
import { CollectiveError, type LockstepError } from '../../proto/errors.js';
import { abortable, Deferred } from '../../proto/lifecycle.js';
import { Accumulator } from '../collective/accumulator.js';
import { makePlan, type VectorLayout } from '../collective/plan.js';
import { type VirtualRange, virtualRange } from '../collective/tree.js';
import type { CommsInput } from './comms-input.js';
import type { RoundStats, World } from './comms-output.js';

/** How one round went for this rank. */
export interface AllReduceStats {
  /** Counts calls from 1. */
  readonly round: number;
  /** Payload to and from peers; 0 with one worker. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** From the first bucket that was ready here to the last one reduced. */
  readonly exchangeSeconds: number;
  /** What the main thread waited: the part that computing did not hide. */
  readonly waitSeconds: number;
  /** Frames dropped since the start, by reason. */
  readonly numDropped: Readonly<Record<string, number>>;
}

export interface WaitOptions {
  /** Ends the wait, not the round. */
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue 10 minutes */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_TIMEOUT_MS = 600_000;

/** One reduced vector, round after round. Made by `Comms.openAllReduce`. */
export class AllReduce {
  /** The sum over all virtual ranks, in shared memory; valid from `wait()` to the next round's first `add()`. */
  readonly result: Float32Array;
  /** The virtual ranks that this worker runs. */
  readonly virtualRange: VirtualRange;
  readonly #post: (input: CommsInput) => void;
  readonly #accumulator: Accumulator;
  /** By bucket: the local virtual rank that is announced next. */
  readonly #next: Int32Array;
  #round = 1;
  #done = new Deferred<RoundStats>();
  #failure: LockstepError | undefined;

  /**
   * Allocates the shared vectors: one per maximal subtree of the local virtual ranks, and with peers one for the result.
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT, COLLECTIVE_WORLD_TOO_LARGE
   */
  constructor(layout: VectorLayout, world: World, post: (input: CommsInput) => void) {
    const plan = makePlan(layout, world.worldSize);
    const numPartials = plan.partials.filter((partial) => partial.rank === world.rank).length;
    const partials = Array.from({ length: numPartials }, () => sharedVector(layout.length));
    // One worker's only partial sum is the sum.
    this.result = world.worldSize === 1 ? partials[0]! : sharedVector(layout.length);
    this.virtualRange = virtualRange(world.rank, world.worldSize, layout.virtualRanks);
    this.#accumulator = new Accumulator(this.virtualRange, layout.virtualRanks, partials);
    this.#next = new Int32Array(layout.buckets.length).fill(this.virtualRange.begin);
    this.#post = post;
    post({ kind: 'openAllReduce', layout, partials, result: this.result });
  }

  /**
   * Adds elements `offset` … of virtual rank v's vector to its partial sum. Call it for the local virtual ranks in ascending order, all of a
   * bucket before its `bucketReady`. The data are copied.
   * @throws CollectiveError COLLECTIVE_BAD_ADD
   */
  add(virtualRank: number, offset: number, data: Float32Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#accumulator.add(virtualRank, offset, data);
  }

  /**
   * Says that a bucket of virtual rank v's vector is in. With the last local virtual rank the bucket goes to the peers, while the main thread
   * goes on; it must not be touched until the round is over.
   * @throws CollectiveError COLLECTIVE_BAD_ROUND when virtual ranks do not come in ascending order, each once
   */
  bucketReady(virtualRank: number, bucket: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    const expected = this.#next[bucket];
    if (virtualRank !== expected || virtualRank >= this.virtualRange.end) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_ROUND',
        `bucket ${bucket} of virtual rank ${virtualRank} was announced in round ${this.#round}, expected virtual rank ${expected}`,
        {
          hint: 'This is a defect of the caller: announce local virtual ranks in ascending order, and await wait() between rounds.',
        },
      );
    }
    this.#next[bucket] = virtualRank + 1;
    if (virtualRank + 1 === this.virtualRange.end) this.#post({ kind: 'bucketReady', round: this.#round, bucket });
  }

  /**
   * Resolves when every bucket is reduced; `result` is then valid and the next round may begin.
   * @throws CollectiveError COLLECTIVE_TIMEOUT (says who is waited for), COLLECTIVE_BAD_PAYLOAD, COLLECTIVE_THREAD_FAILED;
   *   MembershipError MEMBERSHIP_ABORTED; the signal's reason. After a failure of the collective every further call fails the same way
   */
  async wait(options: WaitOptions = {}): Promise<AllReduceStats> {
    options.signal?.throwIfAborted();
    const startedMs = performance.now();
    this.#post({ kind: 'awaitRound', round: this.#round, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
    const stats = await abortable(this.#done.promise, options.signal);
    this.#round++;
    this.#done = new Deferred();
    this.#next.fill(this.virtualRange.begin);
    return {
      round: stats.round,
      bytesSent: stats.bytesSent,
      bytesReceived: stats.bytesReceived,
      exchangeSeconds: stats.exchangeMs / 1000,
      waitSeconds: (performance.now() - startedMs) / 1000,
      numDropped: stats.numDropped,
    };
  }

  /** Called by Comms when the comms thread has finished a round. */
  roundDone(stats: RoundStats): void {
    this.#done.resolve(stats);
  }

  /** Called by Comms when no round can succeed any more. */
  fail(error: LockstepError): void {
    this.#failure ??= error;
    const failed = new Deferred<RoundStats>();
    failed.reject(error);
    this.#done.reject(error);
    this.#done = failed;
  }
}

function sharedVector(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}
