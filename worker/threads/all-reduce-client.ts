/** The main thread's side of the all-reduce: fills the shared partial sums and waits for rounds. */
import { monotonicMs } from '../../proto/clock.js';
import { CollectiveError, type LockstepError } from '../../proto/errors.js';
import { Accumulator, type CopySource } from '../collective/accumulator.js';
import { type ChosenCollective, chooseCollective } from '../collective/choose.js';
import {
  allocateCompression,
  type CompressionMemory,
  type SegmentCompression,
} from '../collective/compression/memory.js';
import { numSlots } from '../collective/compression/slots.js';
import type { CollectiveName } from '../collective/exchange.js';
import { allocateFrames } from '../collective/frame-memory.js';
import type { CompressionFigures } from '../collective/gradient-codec.js';
import { checkLayout, makePlan, type Span, type VectorLayout } from '../collective/plan.js';
import type { CompressionState } from '../collective/summed-vector.js';
import { type VirtualRange, virtualRange } from '../collective/tree.js';
import { SimdHeap } from '../simd/heap.js';
import { noteRound } from '../trace/bucket-spans.js';
import { hostsOfWorld, placeVectors, roomFor, type VectorPlaces } from './all-reduce-vectors.js';
import type { CommsInput, CompressionInput } from './comms-input.js';
import type { RoundStats, World } from './comms-output.js';
import type { Rounds, WaitOptions } from './rounds.js';

/** How one round went for this rank. */
export interface AllReduceStats {
  /** Counts calls from 1. */
  readonly round: number;
  /** Payload to and from peers; 0 with one worker. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of both together, what went through memory that the ranks of a host share. */
  readonly bytesShared: number;
  /** From the first bucket that was ready here to the last one reduced. */
  readonly exchangeSeconds: number;
  /** What the main thread waited: the part that computing did not hide. */
  readonly waitSeconds: number;
  /** Time during which some bucket was under way, and of it the part that the main thread did not wait for. */
  readonly inFlightSeconds: number;
  readonly hiddenSeconds: number;
  /** By bucket, on the host's monotonic clock: when this rank announced it, and when it was summed. */
  readonly bucketReadyMs: readonly number[];
  readonly bucketDoneMs: readonly number[];
  /** Frames dropped since the start, by reason. */
  readonly numDropped: Readonly<Record<string, number>>;
  /** What compression left out here in this round; undefined without it. */
  readonly compression?: CompressionFigures | undefined;
}

export interface AllReduceOptions {
  /**
   * Where the vectors are put if there is room, so that kernels of the caller can read the result in place. @defaultValue a heap of
   * their own
   */
  readonly heap?: SimdHeap | undefined;
  /** @defaultValue `auto` */
  readonly collective?: CollectiveName | undefined;
  /** How segments travel, where there are peers. @defaultValue as they are */
  readonly compression?: CompressionOptions | undefined;
}

export interface CompressionOptions {
  readonly config: SegmentCompression;
  /** Of stochastic rounding. */
  readonly seed: number;
  /** Rounds of a run that this one goes on with. */
  readonly stepsBefore: number;
}

/** One reduced vector, round after round. Made by `Comms.openAllReduce`. */
export class AllReduce {
  /**
   * The sum over all virtual ranks; valid from `wait()` to the next round's first `add()`, which may overwrite it. To be read only: with
   * several hosts the workers of one host share these very bytes.
   */
  readonly result: Float32Array;
  /** The virtual ranks that this worker runs. */
  readonly virtualRange: VirtualRange;
  /** Where the vectors lie. */
  readonly heap: SimdHeap;
  /** The algorithm, and why it was taken. */
  readonly collective: ChosenCollective;
  readonly #world: World;
  readonly #compression: CompressionOptions | undefined;
  #compressionMemory: CompressionMemory | undefined;
  readonly #places: VectorPlaces;
  readonly #post: (input: CommsInput) => void;
  readonly #accumulator: Accumulator;
  #layout: VectorLayout;
  #rounds: Rounds;
  /** By bucket: the local virtual rank that is announced next. */
  #next: Int32Array;
  #numOpen: number;
  #round = 1;
  #failure: LockstepError | undefined;

  /**
   * Allocates the vectors: one per maximal subtree of the local virtual ranks, and with peers one for the result.
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT, COLLECTIVE_WORLD_TOO_LARGE, COLLECTIVE_NO_SHARED_MEMORY; EngineError
   *   ENGINE_OUT_OF_MEMORY
   */
  constructor(layout: VectorLayout, world: World, post: (input: CommsInput) => void, options: AllReduceOptions = {}) {
    this.heap = heapFor(layout, world, options.heap);
    this.#post = post;
    this.#layout = layout;
    this.#world = world;
    const hosts = hostsOfWorld(world);
    this.collective = chooseCollective(options.collective ?? 'auto', hosts);
    // The hierarchy compresses only what crosses between hosts.
    const isOneHierarchy = this.collective.name === 'hierarchical' && new Set(hosts).size === 1;
    this.#compression = world.worldSize > 1 && !isOneHierarchy ? options.compression : undefined;
    this.#places = placeVectors({
      ...{ layout, world, heap: this.heap },
      collective: this.collective.name,
      isCompressed: this.#compression !== undefined,
    });
    const { partials, result, scratch } = this.#places;
    this.result = result;
    this.virtualRange = virtualRange(world.rank, world.worldSize, layout.virtualRanks);
    this.#accumulator = new Accumulator(this.virtualRange, layout.virtualRanks, partials, this.heap);
    this.#next = new Int32Array(layout.buckets.length).fill(this.virtualRange.begin);
    this.#numOpen = layout.buckets.length;
    this.#rounds = this.#places.openRounds(layout, this.#round, post);
    const { memory } = this.heap;
    const board = this.#places.board();
    const compression = this.#compressionInput();
    const bySockets = board === undefined && world.worldSize > 1;
    const frames = bySockets ? allocateFrames(this.heap, makePlan(layout, world.worldSize), world.rank) : undefined;
    post({
      ...{ kind: 'openAllReduce', layout, memory, partials, result, scratch, frames, board, compression },
      collective: this.collective.name,
    });
  }

  /** What compression carries from round to round; undefined without it. */
  get compressionState(): CompressionState | undefined {
    return this.#compressionMemory && { residuals: this.#compressionMemory.residuals, shared: [] };
  }

  /**
   * Adds elements `offset` … of virtual rank v's vector to its partial sum. Call it for the local virtual ranks in ascending order, all of a
   * bucket before its `bucketReady`. The data are copied.
   * @throws CollectiveError COLLECTIVE_BAD_ADD
   */
  add(virtualRank: number, offset: number, data: Float32Array | CopySource): void {
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
    if (virtualRank + 1 < this.virtualRange.end) return;
    this.#numOpen--;
    this.#rounds.bucketReady(this.#round, bucket, this.#numOpen === 0);
  }

  /**
   * Resolves when every bucket is reduced; `result` is then valid and the next round may begin. In shared memory this thread takes part in
   * the work, and is deaf to other events for some milliseconds at a time.
   * @throws CollectiveError COLLECTIVE_TIMEOUT (says who is waited for), COLLECTIVE_BAD_PAYLOAD, COLLECTIVE_THREAD_FAILED;
   *   MembershipError MEMBERSHIP_ABORTED; the signal's reason. After a failure of the collective every further call fails the same way
   */
  async wait(options: WaitOptions = {}): Promise<AllReduceStats> {
    options.signal?.throwIfAborted();
    const startedMs = performance.now();
    const waitedFromMs = monotonicMs();
    const stats = await this.#rounds.wait(this.#round, options);
    this.#round++;
    this.#next.fill(this.virtualRange.begin);
    this.#numOpen = this.#next.length;
    return {
      round: stats.round,
      bytesSent: stats.bytesSent,
      bytesReceived: stats.bytesReceived,
      bytesShared: stats.bytesShared ?? 0,
      exchangeSeconds: stats.exchangeMs / 1000,
      waitSeconds: (performance.now() - startedMs) / 1000,
      ...noteRound(stats, { beginMs: waitedFromMs, endMs: monotonicMs() }),
      bucketReadyMs: stats.bucketReadyMs,
      bucketDoneMs: stats.bucketDoneMs,
      numDropped: stats.numDropped,
      compression: stats.compression,
    };
  }

  /**
   * Cuts the vector into other buckets from the next round on. All ranks do this after the same round, and meet (gather and broadcast) before
   * anyone begins the next one; in between nothing may be added.
   * @throws CollectiveError COLLECTIVE_BAD_LAYOUT; COLLECTIVE_BAD_ROUND within a round
   */
  relayout(buckets: readonly Span[]): void {
    const layout = { ...this.#layout, buckets };
    checkLayout(layout);
    if (this.#next.some((next) => next !== this.virtualRange.begin)) {
      throw new CollectiveError('COLLECTIVE_BAD_ROUND', `buckets cannot change within round ${this.#round}`, {
        hint: 'This is a defect of the caller: await wait() first.',
      });
    }
    this.#layout = layout;
    this.#next = new Int32Array(buckets.length).fill(this.virtualRange.begin);
    this.#numOpen = buckets.length;
    this.#rounds = this.#places.openRounds(layout, this.#round, this.#post);
    if (this.#failure !== undefined) this.#rounds.fail(this.#failure);
    const board = this.#places.board();
    this.#post({ kind: 'relayout', layout, round: this.#round, board, compression: this.#compressionInput() });
  }

  /** Allocates what compressing in the present buckets takes. */
  #compressionInput(): CompressionInput | undefined {
    if (this.#compression === undefined) return undefined;
    const { config, seed, stepsBefore } = this.#compression;
    const { rank, worldSize } = this.#world;
    const plan = makePlan(this.#layout, worldSize);
    const slots = numSlots(this.collective.name, plan, rank, hostsOfWorld(this.#world));
    const memory = allocateCompression(this.heap, plan, slots, config, this.#compressionMemory?.residuals);
    this.#compressionMemory = memory;
    return { memory, seed, stepsBefore };
  }

  /** Called by Comms when the comms thread has finished a round. */
  roundDone(stats: RoundStats): void {
    this.#rounds.roundDone(stats);
  }

  /** Called by Comms when no round can succeed any more. */
  fail(error: LockstepError): void {
    this.#failure ??= error;
    this.#rounds.fail(error);
  }
}

function heapFor(layout: VectorLayout, world: World, heap: SimdHeap | undefined): SimdHeap {
  return heap !== undefined && roomFor(layout, world) <= heap.freeBytes ? heap : new SimdHeap();
}
