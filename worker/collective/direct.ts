/**
 * The direct exchange: partial sums go to the owner of each chunk, sums come back to everyone. A state machine over an abstract
 * transport; it owns no socket and no thread. Steps, bytes and the rules on memory are in proto/PROTOCOL.md.
 */

import { checkLanes, type DataHeader, type LaneChecksum } from '../../proto/codec.js';
import { ProtocolError } from '../../proto/errors.js';
import { data } from '../../proto/messages.js';
import { threadTrace } from '../trace/thread-trace.js';
import type { DropReason, Exchange, ExchangeOptions, FramePlace, WaitState } from './exchange.js';
import { badPayload, ExchangeRounds } from './exchange-rounds.js';
import { FrameSlots, LaneSums } from './frame-memory.js';
import type { Segment } from './plan.js';
import { Reducer } from './reducer.js';
import { bytesOf, floatsOf, SegmentWire, spanOf, type WireSegment } from './segment-wire.js';

/** A segment that this rank sums. */
interface OwnedSegment {
  readonly segment: Segment;
  /** By partial: its numbers, or as bytes what a codec has made of them. */
  readonly operands: (Float32Array | Uint8Array | undefined)[];
  /** Frames that operands lie in. */
  readonly frames: Uint8Array[];
  /** Of a frame whose checksum is compared while it is added. */
  unchecked: DataHeader | undefined;
  numMissing: number;
}

export class DirectExchange implements Exchange {
  readonly #options: ExchangeOptions;
  readonly #reducer: Reducer;
  readonly #wire: SegmentWire;
  /** By segment id; undefined for segments of other owners. */
  readonly #owned: (OwnedSegment | undefined)[];
  readonly #rounds: ExchangeRounds;
  /** True where the only partial is the result itself: one worker whose virtual ranks are the whole tree. */
  readonly #inPlace: boolean;
  readonly #slots: FrameSlots | undefined;
  readonly #sums: LaneSums | undefined;
  /** Frames in slots whose checksums are still to be compared. */
  readonly #unchecked = new WeakSet<Uint8Array>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { plan, rank, partials, result, place, frames } = options;
    this.#reducer = new Reducer(plan.tree, place, [...partials, result]);
    this.#wire = new SegmentWire(options.codec);
    this.#owned = plan.segments.map((segment) =>
      segment.chunk === rank
        ? {
            ...{ segment, operands: plan.partials.map(() => undefined), frames: [], unchecked: undefined },
            numMissing: plan.partials.length,
          }
        : undefined,
    );
    if (place !== undefined && frames !== undefined) {
      this.#slots = new FrameSlots(place.memory, frames);
      this.#sums = new LaneSums(place.memory, frames, [...partials, result]);
    }
    const numOwned = this.#owned.filter((owned) => owned !== undefined).length;
    this.#rounds = new ExchangeRounds(options, numOwned * (plan.partials.length - partials.length));
    this.#rounds.onDropped = (payload) => this.release(payload);
    const [first] = partials;
    this.#inPlace = partials.length === 1 && first?.buffer === result.buffer && first.byteOffset === result.byteOffset;
  }

  /** The round that is under way or comes next, from 1. */
  get round(): number {
    return this.#rounds.round;
  }

  /** Frames dropped so far by reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#rounds.dropped;
  }

  /** Says that the local partial sums of a bucket are complete for this round. @throws CollectiveError COLLECTIVE_BAD_ROUND */
  bucketReady(round: number, bucket: number): void {
    this.#rounds.bucketReady(round, bucket);
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
    const segment = this.#rounds.accept(header, payload);
    if (segment === undefined) return;
    const complaint = this.#wire.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
    if (header.phase === data.Phase.PARTIAL) this.#takePartial(segment, header, payload);
    else this.#takeResult(segment, header, payload);
  }

  /** Returns the result's own memory for a result as it is, and a slot for anything else. */
  place(header: DataHeader): FramePlace | undefined {
    const { plan, result } = this.#options;
    const segment = plan.byChunk[header.bucket]?.[header.chunk]?.[header.segment];
    if (segment === undefined || this.#slots === undefined) return undefined;
    const isPlain =
      this.#wire.codecOf(segment) === undefined &&
      header.payloadType === data.PayloadType.FLOAT32 &&
      header.payloadBytes === segment.length * Float32Array.BYTES_PER_ELEMENT;
    if (isPlain && header.phase === data.Phase.RESULT && this.#isAwaited(segment, header)) {
      return { memory: bytesOf(spanOf(result, segment)), isCheckedLater: false };
    }
    const memory = this.#slots.take(header.payloadBytes);
    if (memory === undefined) return undefined;
    // Two operands are added in one pass, which makes the checksums of the frame and of the sum by the way.
    const isCheckedLater = isPlain && header.phase === data.Phase.PARTIAL && plan.partials.length === 2;
    if (isCheckedLater) this.#unchecked.add(memory);
    return { memory, isCheckedLater };
  }

  release(memory: Uint8Array): void {
    this.#slots?.give(memory);
  }

  /** Returns what is missing for the round under way. */
  waitState(): WaitState {
    const { plan, rank } = this.#options;
    const { round, unreadyBucket, unfinished: open } = this.#rounds;
    if (unreadyBucket !== undefined) return { round, ranks: [rank], bucket: unreadyBucket, phase: 'local' };
    const bucket = open[0]?.bucket ?? 0;
    const ranks = new Set<number>();
    for (const segment of open) {
      const owned = this.#owned[segment.id];
      if (owned === undefined) continue;
      for (const [index, operand] of owned.operands.entries())
        if (operand === undefined) ranks.add(plan.partials[index]!.rank);
    }
    if (ranks.size > 0) return { round, ranks: ascending(ranks), bucket, phase: 'partial' };
    return {
      round,
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
      const wire = this.#wire.outgoing(own, spanOf(partials[own]!, segment), segment, this.#rounds.round);
      own++;
      this.#rounds.send(segment.chunk, segment, data.Phase.PARTIAL, wire, partial.range);
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
    if (owned.operands[index] !== undefined || this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate', payload);
      return;
    }
    this.#rounds.received(payload);
    owned.frames.push(payload);
    if (this.#unchecked.has(payload)) owned.unchecked = header;
    owned.operands[index] = this.#wire.codecOf(segment) === undefined ? floatsOf(payload) : payload;
    owned.numMissing--;
    if (owned.numMissing === 0) this.#reduce(owned);
  }

  #reduce(owned: OwnedSegment): void {
    const { segment } = owned;
    const { plan, rank, result } = this.#options;
    const beganMs = threadTrace.begin();
    let lanes: LaneChecksum | undefined;
    const encoded = this.#sumEncoded(owned);
    if (owned.unchecked !== undefined) {
      lanes = this.#addChecked(owned, owned.unchecked);
      if (lanes === undefined) return;
    } else if (encoded === undefined && !this.#inPlace) this.#sum(owned, spanOf(result, segment));
    threadTrace.end('reduce', beganMs, this.#rounds.round, segment.bucket, segment.chunk, segment.index);
    // Lets go of the received frames, and readies the segment for the next round.
    owned.operands.fill(undefined);
    for (const frame of owned.frames) this.release(frame);
    owned.frames.length = 0;
    owned.numMissing = plan.partials.length;
    if (plan.worldSize > 1) {
      const sent = encoded ?? this.#wire.result(result, segment, this.#rounds.round);
      const wire = { ...sent, lanes: lanes ?? sent.lanes ?? this.#sums?.of(sent.payload) };
      for (let step = 1; step < plan.worldSize; step++) {
        const peer = (rank + step) % plan.worldSize;
        this.#rounds.send(peer, segment, data.Phase.RESULT, wire, { begin: 0, end: plan.layout.virtualRanks });
      }
    }
    this.#finish(segment);
  }

  /** Adds the one frame to the own part where both lie. Returns the sum's checksum; undefined if the frame is damaged and has to come again. */
  #addChecked(owned: OwnedSegment, header: DataHeader): LaneChecksum | undefined {
    const { partials, result, onDamaged } = this.#options;
    const { segment, frames, operands } = owned;
    const frame = frames[0]!;
    const { addend, sum } = this.#sums!.add(spanOf(result, segment), spanOf(partials[0]!, segment), frame);
    owned.unchecked = undefined;
    try {
      checkLanes(header, addend);
      return sum;
    } catch (error) {
      if (!(error instanceof ProtocolError) || onDamaged === undefined) throw error;
      operands[operands.findIndex((operand) => operand?.byteOffset === frame.byteOffset)] = undefined;
      owned.numMissing = 1;
      frames.length = 0;
      this.release(frame);
      onDamaged(header, error);
      return undefined;
    }
  }

  /** Adds an encoded frame to the own part and encodes the sum, in one pass. Returns undefined for anything but such a pair. */
  #sumEncoded({ segment, operands }: OwnedSegment): WireSegment | undefined {
    const codec = this.#wire.codecOf(segment);
    if (codec === undefined || operands.length !== 2) return undefined;
    // Two numbers have one sum in either order.
    const values = operands.find((operand) => operand instanceof Float32Array);
    const payload = operands.find((operand) => operand instanceof Uint8Array);
    if (values === undefined || payload === undefined) return undefined;
    const sum = spanOf(this.#options.result, segment);
    const encoded = codec.reduce(segment, values, payload, sum, this.#rounds.round);
    return { ...encoded, payloadType: codec.payloadType };
  }

  #sum({ segment, operands }: OwnedSegment, sum: Float32Array): void {
    const codec = this.#wire.codecOf(segment);
    const decoded = operands.map((operand, index) =>
      operand instanceof Uint8Array ? codec!.decodeOperand(index, operand, segment.length) : operand!,
    );
    this.#reducer.reduce(decoded, sum);
  }

  #takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    if (segment.chunk !== header.sender) throw badPayload(header, 'is a result from a rank that does not own it');
    if (this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate', payload);
      return;
    }
    this.#rounds.received(payload);
    const beganMs = threadTrace.begin();
    this.#wire.read(payload, this.#options.result, segment);
    threadTrace.end('copy_result', beganMs, this.#rounds.round, segment.bucket, segment.chunk, segment.index);
    this.release(payload);
    this.#finish(segment);
  }

  /** Whether a header's frame is the result of a segment that this rank waits for now. */
  #isAwaited(segment: Segment, { round, sender }: DataHeader): boolean {
    const isNow = round === this.#rounds.round && this.#rounds.isReady(segment) && !this.#rounds.isFinished(segment);
    return isNow && sender === segment.chunk && sender !== this.#options.rank;
  }

  #finish(segment: Segment): void {
    for (const { header, payload } of this.#rounds.finish(segment)) this.receive(header, payload);
  }
}

function ascending(ranks: ReadonlySet<number>): number[] {
  return [...ranks].sort((a, b) => a - b);
}
