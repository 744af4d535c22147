/**
 * The ring: each chunk travels once around, growing by each rank's part, and its sum travels around once more. A rank talks to two
 * others only, in 2·(W−1) messages one after the other. A chunk's sum begins at the rank after its owner, so the order of the
 * additions, and with it the bits, depends on the number of workers.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { DropReason, Exchange, ExchangeOptions, WaitState } from './exchange.js';
import { badPayload, ExchangeRounds } from './exchange-rounds.js';
import type { Segment } from './plan.js';
import { Reducer } from './reducer.js';
import { bytesOf, floatsOf, SegmentWire, spanOf } from './segment-wire.js';

export class RingExchange implements Exchange {
  readonly #options: ExchangeOptions;
  readonly #rounds: ExchangeRounds;
  readonly #wire: SegmentWire;
  /** Adds what came to a rank's own part. */
  readonly #pair = new Reducer({ left: 0, right: 1 });
  /** Adds up a rank's own partial sums, where it has several. */
  readonly #local: Reducer;
  /** This rank's own part of the sum. */
  readonly #own: Float32Array;
  /** Sums on their way to the next rank. They cannot lie in the result: that may still be on its way from the round before. */
  readonly #running: Float32Array;
  readonly #next: number;
  readonly #previous: number;
  /** By segment id: a sum that came before the local bucket was ready. */
  readonly #held: (Uint8Array | undefined)[];
  /** By segment id: the previous rank's sum has come. */
  readonly #taken: Uint8Array;

  /** @param options with at least two workers */
  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { codec, partials, plan, rank } = options;
    const { worldSize, segments } = plan;
    this.#rounds = new ExchangeRounds(options, segments.length);
    this.#wire = new SegmentWire(codec);
    this.#local = new Reducer(partials.slice(1).reduce<SumOfFirst>((left, _, i) => ({ left, right: i + 1 }), 0));
    this.#own = partials.length === 1 ? partials[0]! : new Float32Array(plan.layout.length);
    this.#running = new Float32Array(plan.layout.length);
    this.#next = (rank + 1) % worldSize;
    this.#previous = (rank + worldSize - 1) % worldSize;
    this.#held = segments.map(() => undefined);
    this.#taken = new Uint8Array(segments.length);
  }

  get round(): number {
    return this.#rounds.round;
  }

  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#rounds.dropped;
  }

  bucketReady(round: number, bucket: number): void {
    this.#rounds.bucketReady(round, bucket);
    const { partials, plan } = this.#options;
    if (partials.length > 1) {
      const { offset, length } = plan.layout.buckets[bucket]!;
      const parts = partials.map((partial) => partial.subarray(offset, offset + length));
      this.#local.reduce(parts, this.#own.subarray(offset, offset + length));
    }
    const chunks = plan.byChunk[bucket]!;
    for (const segment of chunks[this.#previous]!) this.#pass(segment, this.#own);
    // Collected before any is added: the last one may end the round, and what is held then belongs to the next.
    const waiting = chunks.flat().filter(({ id }) => this.#held[id] !== undefined);
    const payloads = waiting.map(({ id }) => this.#held[id]!);
    for (const { id } of waiting) this.#held[id] = undefined;
    for (const [i, segment] of waiting.entries()) this.#add(segment, payloads[i]!);
  }

  receive(header: DataHeader, payload: Uint8Array): void {
    const segment = this.#rounds.accept(header, payload);
    if (segment === undefined) return;
    const isPartial = header.phase === data.Phase.PARTIAL;
    // The owner's successor begins the sum and hears of it only as a result; the owner hears only of the sum.
    const beginner = (segment.chunk + 1) % this.#options.plan.worldSize;
    const { rank } = this.#options;
    if (header.sender !== this.#previous || (isPartial ? beginner === rank : segment.chunk === rank)) {
      throw badPayload(header, 'does not come this way around the ring');
    }
    const complaint = this.#wire.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
    if (isPartial ? this.#taken[segment.id] !== 0 : this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    if (!isPartial) this.#takeResult(segment, header, payload);
    else {
      this.#taken[segment.id] = 1;
      if (this.#rounds.isReady(segment)) this.#add(segment, payload);
      else this.#held[segment.id] = payload;
    }
  }

  waitState(): WaitState {
    const { round, unreadyBucket, unfinished } = this.#rounds;
    const { rank, plan } = this.#options;
    if (unreadyBucket !== undefined) return { round, ranks: [rank], bucket: unreadyBucket, phase: 'local' };
    const missing = unfinished.find(({ id, chunk }) => this.#taken[id] === 0 && (chunk + 1) % plan.worldSize !== rank);
    const bucket = (missing ?? unfinished[0])?.bucket ?? 0;
    return { round, ranks: [this.#previous], bucket, phase: missing === undefined ? 'result' : 'partial' };
  }

  /** Adds the own part to a sum that has come, and passes it on: to the next rank, or as the result to all. */
  #add(segment: Segment, payload: Uint8Array): void {
    const { rank, result } = this.#options;
    const isOwner = segment.chunk === rank;
    const vector = isOwner ? result : this.#running;
    const target = spanOf(vector, segment);
    const own = spanOf(this.#own, segment);
    const codec = this.#wire.codecOf(segment);
    if (codec === undefined) this.#pair.reduce([floatsOf(payload), own], target);
    else codec.add(own, payload, target);
    if (!isOwner) {
      this.#pass(segment, vector);
      return;
    }
    const wire = this.#wire.result(result, segment, this.#rounds.round);
    this.#rounds.send(this.#next, segment, data.Phase.RESULT, wire, this.#everyone);
    this.#finish(segment);
  }

  #pass(segment: Segment, vector: Float32Array): void {
    const wire = this.#wire.outgoing(0, spanOf(vector, segment), segment, this.#rounds.round);
    this.#rounds.send(this.#next, segment, data.Phase.PARTIAL, wire, this.#everyone);
  }

  #takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const { result } = this.#options;
    this.#wire.read(payload, result, segment);
    if (this.#next !== segment.chunk) {
      const { payloadType, crc32 } = header;
      // What is encoded goes on as it came.
      const isPlain = this.#wire.codecOf(segment) === undefined;
      const wire = { payload: isPlain ? bytesOf(spanOf(result, segment)) : payload, payloadType, crc32 };
      this.#rounds.send(this.#next, segment, data.Phase.RESULT, wire, this.#everyone);
    }
    this.#finish(segment);
  }

  #finish(segment: Segment): void {
    const { round } = this.#rounds;
    const early = this.#rounds.finish(segment);
    if (this.#rounds.round !== round) this.#taken.fill(0);
    for (const { header, payload } of early) this.receive(header, payload);
  }

  /** Which ranks a sum covers follows from where it is. */
  get #everyone(): { begin: number; end: number } {
    return { begin: 0, end: this.#options.plan.layout.virtualRanks };
  }
}

type SumOfFirst = number | { readonly left: SumOfFirst; readonly right: number };
