/**
 * The direct exchange: partial sums go to the owner of each chunk, sums come back to everyone. A state machine over an abstract
 * transport; it owns no socket and no thread. Steps, bytes and the rules on memory are in proto/PROTOCOL.md.
 */

import type { DataHeader } from '../../proto/codec.js';
import { CollectiveError } from '../../proto/errors.js';
import { data } from '../../proto/messages.js';
import { BucketClock } from '../trace/bucket-clock.js';
import { threadTrace } from '../trace/thread-trace.js';
import type { DropReason, Exchange, ExchangeOptions, ExchangeStats, WaitState } from './exchange.js';
import type { Segment } from './plan.js';
import { Reducer } from './reducer.js';
import { floatsOf, SegmentWire, spanOf, type WireSegment } from './segment-wire.js';

/** A segment that this rank sums. */
interface OwnedSegment {
  readonly segment: Segment;
  /** By partial: its numbers, or as bytes what a codec has made of them. */
  readonly operands: (Float32Array | Uint8Array | undefined)[];
  numMissing: number;
}

export class DirectExchange implements Exchange {
  readonly #options: ExchangeOptions;
  readonly #reducer: Reducer;
  readonly #wire: SegmentWire;
  /** By segment id; undefined for segments of other owners. */
  readonly #owned: (OwnedSegment | undefined)[];
  /** By segment id: summed here or received. */
  readonly #finished: Uint8Array;
  readonly #ready: Uint8Array;
  readonly #clock: BucketClock;
  #early: { header: DataHeader; payload: Uint8Array }[] = [];
  readonly #maxEarly: number;
  #round: number;
  #numUnfinished: number;
  #startedMs: number | undefined;
  #bytesSent = 0;
  #bytesReceived = 0;
  readonly #dropped = new Map<DropReason, number>();
  /** True where the only partial is the result itself: one worker whose virtual ranks are the whole tree. */
  readonly #inPlace: boolean;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#round = options.firstRound ?? 1;
    const { plan, rank, partials, result, place } = options;
    this.#reducer = new Reducer(plan.tree, place, [...partials, result]);
    this.#wire = new SegmentWire(options.codec);
    this.#owned = plan.segments.map((segment) =>
      segment.chunk === rank
        ? { segment, operands: plan.partials.map(() => undefined), numMissing: plan.partials.length }
        : undefined,
    );
    this.#finished = new Uint8Array(plan.segments.length);
    this.#ready = new Uint8Array(plan.layout.buckets.length);
    this.#clock = new BucketClock(plan.layout.buckets.length, options.now);
    this.#numUnfinished = plan.segments.length;
    const numForeign = plan.partials.length - partials.length;
    this.#maxEarly = this.#owned.filter((owned) => owned !== undefined).length * numForeign;
    const [first] = partials;
    this.#inPlace = partials.length === 1 && first?.buffer === result.buffer && first.byteOffset === result.byteOffset;
  }

  /** The round that is under way or comes next, from 1. */
  get round(): number {
    return this.#round;
  }

  /** Frames dropped so far by reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#dropped;
  }

  /** Says that the local partial sums of a bucket are complete for this round. @throws CollectiveError COLLECTIVE_BAD_ROUND */
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
    const { plan, rank } = this.#options;
    const chunks = plan.byChunk[bucket]!;
    // Everyone starts with another peer, so that not all send to rank 0 first.
    for (let step = 1; step < plan.worldSize; step++) {
      const owner = (rank + step) % plan.worldSize;
      for (const segment of chunks[owner]!) this.#sendPartials(segment);
    }
    for (const segment of chunks[rank]!) this.#addOwnPartials(segment);
  }

  /**
   * Takes one verified frame of this run and generation. Frames that come too early are kept, those that come too late or twice are
   * dropped and counted.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD for a frame that contradicts the plan: the ranks disagree about the layout
   */
  receive(header: DataHeader, payload: Uint8Array): void {
    if (header.round === this.#round + 1 && header.phase === data.Phase.PARTIAL) {
      if (this.#early.length < this.#maxEarly) this.#early.push({ header, payload });
      else this.#drop('overflow');
      return;
    }
    if (header.round !== this.#round) {
      this.#drop('round');
      return;
    }
    const segment = this.#segmentOf(header, payload);
    if (header.phase === data.Phase.PARTIAL) this.#takePartial(segment, header, payload);
    else this.#takeResult(segment, header, payload);
  }

  /** Returns what is missing for the round under way. */
  waitState(): WaitState {
    const { plan, rank } = this.#options;
    const open = plan.segments.filter((segment) => this.#finished[segment.id] === 0);
    const bucket = open[0]?.bucket ?? 0;
    if (this.#ready.includes(0))
      return { round: this.#round, ranks: [rank], bucket: this.#ready.indexOf(0), phase: 'local' };
    const ranks = new Set<number>();
    for (const segment of open) {
      const owned = this.#owned[segment.id];
      if (owned === undefined) continue;
      for (const [index, operand] of owned.operands.entries())
        if (operand === undefined) ranks.add(plan.partials[index]!.rank);
    }
    if (ranks.size > 0) return { round: this.#round, ranks: ascending(ranks), bucket, phase: 'partial' };
    return {
      round: this.#round,
      ranks: ascending(new Set(open.map((segment) => segment.chunk))),
      bucket,
      phase: 'result',
    };
  }

  #sendPartials(segment: Segment): void {
    const { plan, rank, partials } = this.#options;
    let own = 0;
    for (const partial of plan.partials) {
      if (partial.rank !== rank) continue;
      const wire = this.#wire.outgoing(own, spanOf(partials[own]!, segment), segment, this.#round);
      own++;
      this.#send(segment.chunk, segment, data.Phase.PARTIAL, wire, partial.range.begin, partial.range.end);
    }
  }

  #addOwnPartials(segment: Segment): void {
    const owned = this.#owned[segment.id]!;
    const { plan, rank, partials } = this.#options;
    let own = 0;
    for (const [index, partial] of plan.partials.entries()) {
      if (partial.rank !== rank) continue;
      owned.operands[index] = partials[own++]!.subarray(segment.offset, segment.offset + segment.length);
      owned.numMissing--;
    }
    if (owned.numMissing === 0) this.#reduce(owned);
  }

  #takePartial(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const { plan } = this.#options;
    const owned = this.#owned[segment.id];
    const index = plan.partials.findIndex(
      (partial) =>
        partial.rank === header.sender &&
        partial.range.begin === header.virtualBegin &&
        partial.range.end === header.virtualEnd,
    );
    if (owned === undefined || index < 0) throw badPayload(header, 'is no partial sum that this rank was to get');
    if (owned.operands[index] !== undefined || this.#finished[segment.id] !== 0) {
      this.#drop('duplicate');
      return;
    }
    this.#bytesReceived += payload.byteLength;
    owned.operands[index] = this.#wire.codecOf(segment) === undefined ? floatsOf(payload) : payload;
    owned.numMissing--;
    if (owned.numMissing === 0) this.#reduce(owned);
  }

  #reduce(owned: OwnedSegment): void {
    const { segment } = owned;
    const { plan, rank, result } = this.#options;
    const beganMs = threadTrace.begin();
    if (!this.#inPlace) this.#sum(owned, spanOf(result, segment));
    threadTrace.end('reduce', beganMs, this.#round, segment.bucket, segment.chunk, segment.index);
    // Lets go of the received frames, and readies the segment for the next round.
    owned.operands.fill(undefined);
    owned.numMissing = plan.partials.length;
    if (plan.worldSize > 1) {
      const wire = this.#wire.result(result, segment, this.#round);
      for (let step = 1; step < plan.worldSize; step++) {
        const peer = (rank + step) % plan.worldSize;
        this.#send(peer, segment, data.Phase.RESULT, wire, 0, plan.layout.virtualRanks);
      }
    }
    this.#finish(segment);
  }

  #sum({ segment, operands }: OwnedSegment, sum: Float32Array): void {
    const codec = this.#wire.codecOf(segment);
    const [a, b] = operands;
    // Two numbers have one sum in either order.
    if (codec !== undefined && operands.length === 2 && a instanceof Float32Array && b instanceof Uint8Array) {
      codec.add(a, b, sum);
      return;
    }
    if (codec !== undefined && operands.length === 2 && a instanceof Uint8Array && b instanceof Float32Array) {
      codec.add(b, a, sum);
      return;
    }
    const decoded = operands.map((operand, index) =>
      operand instanceof Uint8Array ? codec!.decodeOperand(index, operand, segment.length) : operand!,
    );
    this.#reducer.reduce(decoded, sum);
  }

  #takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    if (segment.chunk !== header.sender) throw badPayload(header, 'is a result from a rank that does not own it');
    // Nobody can have our part before we sent it. Believing it would write into a result that is still being read.
    if (this.#ready[segment.bucket] === 0)
      throw badPayload(header, 'is a result that came before this rank gave its part');
    if (this.#finished[segment.id] !== 0) {
      this.#drop('duplicate');
      return;
    }
    this.#bytesReceived += payload.byteLength;
    const beganMs = threadTrace.begin();
    this.#wire.read(payload, this.#options.result, segment);
    threadTrace.end('copy_result', beganMs, this.#round, segment.bucket, segment.chunk, segment.index);
    this.#finish(segment);
  }

  #finish(segment: Segment): void {
    this.#finished[segment.id] = 1;
    this.#clock.segmentDone(segment.bucket);
    if (--this.#numUnfinished > 0) return;
    const { onRoundDone, now, plan } = this.#options;
    const stats: ExchangeStats = {
      round: this.#round,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      exchangeMs: now() - (this.#startedMs ?? now()),
      ...this.#clock.times(),
      compression: this.#options.codec?.takeFigures(),
    };
    this.#round++;
    this.#numUnfinished = plan.segments.length;
    this.#finished.fill(0);
    this.#ready.fill(0);
    this.#startedMs = undefined;
    this.#bytesSent = 0;
    this.#bytesReceived = 0;
    const early = this.#early;
    this.#early = [];
    onRoundDone(stats);
    for (const { header, payload } of early) this.receive(header, payload);
  }

  #send(
    peer: number,
    segment: Segment,
    phase: number,
    { payload, payloadType, crc32 }: WireSegment,
    virtualBegin: number,
    virtualEnd: number,
  ): void {
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
        virtualBegin,
        virtualEnd,
        payloadType,
        ...(crc32 === undefined ? {} : { crc32 }),
      },
      payload,
    );
  }

  #segmentOf(header: DataHeader, payload: Uint8Array): Segment {
    const { plan, rank } = this.#options;
    const segment = plan.byChunk[header.bucket]?.[header.chunk]?.[header.segment];
    if (segment === undefined) throw badPayload(header, 'names a segment that the layout does not have');
    if (header.sender >= plan.worldSize || header.sender === rank) throw badPayload(header, 'has no valid sender');
    const complaint = this.#wire.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
    return segment;
  }

  #drop(reason: DropReason): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }
}

function ascending(ranks: ReadonlySet<number>): number[] {
  return [...ranks].sort((a, b) => a - b);
}

function badPayload(header: DataHeader, what: string): CollectiveError {
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
