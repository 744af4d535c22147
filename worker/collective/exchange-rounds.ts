/** What every exchange keeps about the round under way: what is ready, what is done, what came early, what was dropped. */

import type { DataHeader } from '../../proto/codec.js';
import { CollectiveError } from '../../proto/errors.js';
import { data } from '../../proto/messages.js';
import { BucketClock } from '../trace/bucket-clock.js';
import type { DropReason, ExchangeOptions, ExchangeStats } from './exchange.js';
import type { Segment } from './plan.js';
import type { WireSegment } from './segment-wire.js';

interface Frame {
  readonly header: DataHeader;
  readonly payload: Uint8Array;
}

/** Virtual ranks that a partial sum covers, as its header says. */
export interface CoveredRange {
  readonly begin: number;
  readonly end: number;
}

export class ExchangeRounds {
  readonly dropped = new Map<DropReason, number>();
  /** Told of the payloads of frames that are dropped. */
  onDropped: ((payload: Uint8Array) => void) | undefined;
  readonly #options: ExchangeOptions;
  readonly #maxEarly: number;
  readonly #segments: readonly Segment[];
  /** By bucket: the local partial sums are complete. */
  readonly #ready: Uint8Array;
  readonly #clock: BucketClock;
  /** By segment id: its sum is in the result. */
  readonly #finished: Uint8Array;
  #round: number;
  #numUnfinished: number;
  #early: Frame[] = [];
  #startedMs: number | undefined;
  #bytesSent = 0;
  #bytesReceived = 0;

  /**
   * @param maxEarly how many frames of the next round peers can rightly send during this one
   * @param segments those whose sums this rank makes or gets by messages, which end its round @defaultValue all
   */
  constructor(options: ExchangeOptions, maxEarly: number, segments: readonly Segment[] = options.plan.segments) {
    this.#options = options;
    this.#maxEarly = maxEarly;
    this.#segments = segments;
    const { plan } = options;
    this.#ready = new Uint8Array(plan.layout.buckets.length);
    this.#clock = new BucketClock(plan.layout.buckets.length, options.now);
    this.#finished = new Uint8Array(plan.segments.length);
    this.#numUnfinished = segments.length;
    this.#round = options.firstRound ?? 1;
  }

  get round(): number {
    return this.#round;
  }

  /** @throws CollectiveError COLLECTIVE_BAD_ROUND */
  bucketReady(round: number, bucket: number): void {
    if (round !== this.#round || this.#ready[bucket] !== 0) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_ROUND',
        `bucket ${bucket} of round ${round} was announced in round ${this.#round}, or twice`,
        { hint: 'This is a defect of the caller: announce each bucket once per round, and wait for the round to end.' },
      );
    }
    this.#startedMs ??= this.#options.now();
    this.#ready[bucket] = 1;
    this.#clock.ready(bucket);
  }

  isReady({ bucket }: Segment): boolean {
    return this.#ready[bucket] === 1;
  }

  /** The first bucket that is not announced, if any. */
  get unreadyBucket(): number | undefined {
    const bucket = this.#ready.indexOf(0);
    return bucket < 0 ? undefined : bucket;
  }

  isFinished({ id }: Segment): boolean {
    return this.#finished[id] === 1;
  }

  /** Segments whose sums are not in the result yet. */
  get unfinished(): Segment[] {
    return this.#segments.filter((segment) => !this.isFinished(segment));
  }

  /**
   * Returns the segment that a frame of this round carries. Others are kept for the next round, or dropped and counted.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD
   */
  accept(header: DataHeader, payload: Uint8Array): Segment | undefined {
    if (header.round === this.#round + 1 && header.phase === data.Phase.PARTIAL) {
      if (this.#early.length < this.#maxEarly) this.#early.push({ header, payload });
      else this.drop('overflow', payload);
      return undefined;
    }
    if (header.round !== this.#round) {
      this.drop('round', payload);
      return undefined;
    }
    const { plan, rank } = this.#options;
    const segment = plan.byChunk[header.bucket]?.[header.chunk]?.[header.segment];
    if (segment === undefined) throw badPayload(header, 'names a segment that the layout does not have');
    if (header.sender >= plan.worldSize || header.sender === rank) throw badPayload(header, 'has no valid sender');
    // Nobody can have our part before we gave it. Believing it would write into a result that is still being read.
    if (header.phase !== data.Phase.PARTIAL && !this.isReady(segment)) {
      throw badPayload(header, 'is a result that came before this rank gave its part');
    }
    return segment;
  }

  /** Counts a frame that was taken. */
  received(payload: Uint8Array): void {
    this.#bytesReceived += payload.byteLength;
  }

  /** Counts a frame that was not taken. */
  drop(reason: DropReason, payload?: Uint8Array): void {
    if (payload !== undefined) this.onDropped?.(payload);
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1);
  }

  send(peer: number, segment: Segment, phase: number, wire: WireSegment, covered: CoveredRange): void {
    const { payload, payloadType, crc32, lanes } = wire;
    this.#bytesSent += payload.byteLength;
    const { bucket, chunk, index } = segment;
    this.#options.send(
      peer,
      {
        round: this.#round,
        bucket,
        phase,
        chunk,
        segment: index,
        virtualBegin: covered.begin,
        virtualEnd: covered.end,
        payloadType,
        ...(crc32 === undefined ? {} : { crc32 }),
        ...(lanes === undefined ? {} : { laneSum: lanes.sum, laneTurn: lanes.turn }),
      },
      payload,
    );
  }

  /** Notes that a segment's sum is in the result; after the last one the next round begins. Returns the frames that it begins with. */
  finish(segment: Segment): readonly Frame[] {
    this.#finished[segment.id] = 1;
    this.#clock.segmentDone(segment.bucket);
    if (--this.#numUnfinished > 0) return [];
    const { codec, onRoundDone, now } = this.#options;
    const stats: ExchangeStats = {
      round: this.#round,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      exchangeMs: now() - (this.#startedMs ?? now()),
      ...this.#clock.times(),
      compression: codec?.takeFigures(),
    };
    this.#round++;
    this.#numUnfinished = this.#segments.length;
    this.#finished.fill(0);
    this.#ready.fill(0);
    this.#startedMs = undefined;
    this.#bytesSent = 0;
    this.#bytesReceived = 0;
    const early = this.#early;
    this.#early = [];
    onRoundDone(stats);
    return early;
  }
}

/** A frame contradicts the plan: the ranks disagree about the layout. */
export function badPayload(header: DataHeader, what: string): CollectiveError {
  const { round, bucket, chunk, segment, sender } = header;
  return new CollectiveError(
    'COLLECTIVE_BAD_PAYLOAD',
    `a frame from rank ${sender} (round ${round}, bucket ${bucket}, chunk ${chunk}, segment ${segment}) ${what}`,
    {
      hint: 'The ranks disagree about the model or the run: start all workers from the same version and configuration.',
      details: { round, bucket, chunk, segment, sender },
    },
  );
}
