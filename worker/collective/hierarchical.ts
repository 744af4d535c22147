/**
 * The hierarchy: a segment's partial sums go to one leader on each host, the leaders' sums to the segment's owner, and the result the
 * same way back. Between hosts each number travels once per host instead of once per rank. The additions keep the order of the tree,
 * so the bits are those of the direct exchange. Only what crosses between hosts is compressed.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { DropReason, Exchange, ExchangeOptions, WaitState } from './exchange.js';
import { badPayload, ExchangeRounds } from './exchange-rounds.js';
import { type Hierarchy, leaderOf, makeHierarchy } from './hierarchy.js';
import type { Segment } from './plan.js';
import { Reducer } from './reducer.js';
import { bytesOf, floatsOf, SegmentWire, spanOf } from './segment-wire.js';

/** Sums that this rank waits for, of one segment that it leads on its host. */
interface LedSegment {
  /** By partial of the plan; undefined what is missing or another host's. */
  readonly operands: (Float32Array | undefined)[];
  numMissing: number;
}

/** Of one segment that this rank owns: by host partial. */
interface OwnedSegment {
  readonly operands: (Float32Array | Uint8Array | undefined)[];
  numMissing: number;
}

export class HierarchicalExchange implements Exchange {
  readonly #options: ExchangeOptions;
  readonly #hosts: readonly number[];
  readonly #host: number;
  readonly #hierarchy: Hierarchy;
  /** Indices of this host's partials in the hierarchy. */
  readonly #hostPartials: readonly number[];
  /** By index in the hierarchy. */
  readonly #hostReducers: readonly Reducer[];
  readonly #reducer: Reducer;
  readonly #rounds: ExchangeRounds;
  /** Within a host numbers stay as they are. */
  readonly #plain = new SegmentWire(undefined);
  readonly #wire: SegmentWire;
  /** By segment id; undefined where this rank does not lead or own. */
  readonly #led: (LedSegment | undefined)[];
  readonly #owned: (OwnedSegment | undefined)[];
  /** By segment id and index in `#hostPartials`: this host's sums, where it has more to add than one number. */
  readonly #sums: (readonly Float32Array[] | undefined)[];

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { codec, plan, rank } = options;
    this.#hosts = options.hosts ?? Array.from({ length: plan.worldSize }, () => 0);
    this.#host = this.#hosts[rank]!;
    const hierarchy = makeHierarchy(plan, this.#hosts);
    this.#hierarchy = hierarchy;
    this.#hostPartials = hierarchy.hostPartials.flatMap(({ host }, index) => (host === this.#host ? [index] : []));
    this.#hostReducers = hierarchy.hostPartials.map(({ tree }) => new Reducer(tree));
    this.#reducer = new Reducer(hierarchy.tree);
    this.#wire = new SegmentWire(hierarchy.numHosts > 1 ? codec : undefined);
    this.#led = plan.segments.map((segment) =>
      this.#leader(segment) === rank
        ? { operands: plan.partials.map(() => undefined), numMissing: this.#numLocalPartials }
        : undefined,
    );
    this.#owned = plan.segments.map(({ chunk }) =>
      chunk === rank
        ? { operands: hierarchy.hostPartials.map(() => undefined), numMissing: hierarchy.hostPartials.length }
        : undefined,
    );
    this.#sums = plan.segments.map(({ length }, id) =>
      this.#led[id] === undefined ? undefined : this.#hostPartials.map(() => new Float32Array(length)),
    );
    const numOwn = options.partials.length;
    const numForeign = hierarchy.hostPartials.length - this.#hostPartials.length;
    const count = (list: readonly unknown[]): number => list.filter((item) => item !== undefined).length;
    const maxEarly = count(this.#led) * (this.#numLocalPartials - numOwn) + count(this.#owned) * numForeign;
    this.#rounds = new ExchangeRounds(options, maxEarly);
  }

  get round(): number {
    return this.#rounds.round;
  }

  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#rounds.dropped;
  }

  bucketReady(round: number, bucket: number): void {
    this.#rounds.bucketReady(round, bucket);
    const { plan, rank } = this.#options;
    const chunks = plan.byChunk[bucket]!;
    // Everyone starts with another leader. Own parts come last: they may end the round.
    for (let step = 1; step <= plan.worldSize; step++) {
      for (const segment of chunks[(rank + step) % plan.worldSize]!) {
        if (this.#leader(segment) !== rank) this.#sendPartials(segment);
      }
    }
    for (const segment of chunks.flat()) if (this.#leader(segment) === rank) this.#addOwnPartials(segment);
  }

  receive(header: DataHeader, payload: Uint8Array): void {
    const segment = this.#rounds.accept(header, payload);
    if (segment === undefined) return;
    const isLocal = this.#hosts[header.sender] === this.#host;
    if (header.phase !== data.Phase.PARTIAL) this.#takeResult(segment, header, payload);
    else if (isLocal) this.#takePartial(segment, header, payload);
    else this.#takeHostPartial(segment, header, payload);
  }

  waitState(): WaitState {
    const { round, unreadyBucket, unfinished } = this.#rounds;
    const { plan, rank } = this.#options;
    if (unreadyBucket !== undefined) return { round, ranks: [rank], bucket: unreadyBucket, phase: 'local' };
    const bucket = unfinished[0]?.bucket ?? 0;
    const partial = new Set<number>();
    const result = new Set<number>();
    for (const segment of unfinished) {
      const led = this.#led[segment.id];
      if (led === undefined || led.numMissing === 0) result.add(this.#giver(segment));
      for (const [index, operand] of led?.operands.entries() ?? []) {
        const from = plan.partials[index]!.rank;
        if (led!.numMissing > 0 && operand === undefined && this.#hosts[from] === this.#host) partial.add(from);
      }
      for (const [index, operand] of this.#owned[segment.id]?.operands.entries() ?? []) {
        const { host } = this.#hierarchy.hostPartials[index]!;
        if (operand === undefined && host !== this.#host) partial.add(leaderOf(this.#hierarchy, host, segment));
      }
    }
    result.delete(rank);
    const phase = partial.size > 0 ? 'partial' : 'result';
    return { round, ranks: [...(partial.size > 0 ? partial : result)].sort((a, b) => a - b), bucket, phase };
  }

  get #numLocalPartials(): number {
    return this.#options.plan.partials.filter(({ rank }) => this.#hosts[rank] === this.#host).length;
  }

  #leader(segment: Segment): number {
    return leaderOf(this.#hierarchy, this.#host, segment);
  }

  /** Who sends this rank a segment's result. */
  #giver(segment: Segment): number {
    const leader = this.#leader(segment);
    return leader === this.#options.rank ? segment.chunk : leader;
  }

  #sendPartials(segment: Segment): void {
    const { partials, plan, rank } = this.#options;
    const own = plan.partials.filter((partial) => partial.rank === rank);
    for (const [index, { range }] of own.entries()) {
      const wire = this.#plain.outgoing(0, spanOf(partials[index]!, segment), segment, this.#rounds.round);
      this.#rounds.send(this.#leader(segment), segment, data.Phase.PARTIAL, wire, range);
    }
  }

  #addOwnPartials(segment: Segment): void {
    const { partials, plan, rank } = this.#options;
    const led = this.#led[segment.id]!;
    let own = 0;
    for (const [index, partial] of plan.partials.entries()) {
      if (partial.rank !== rank) continue;
      led.operands[index] = spanOf(partials[own++]!, segment);
      led.numMissing--;
    }
    if (led.numMissing === 0) this.#sumHost(segment, led);
  }

  #takePartial(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const led = this.#led[segment.id];
    const index = this.#options.plan.partials.findIndex(
      ({ rank, range }) =>
        rank === header.sender && range.begin === header.virtualBegin && range.end === header.virtualEnd,
    );
    if (led === undefined || index < 0) throw badPayload(header, 'is no partial sum that this rank was to get');
    this.#requireForm(this.#plain, segment, header, payload);
    if (led.operands[index] !== undefined || led.numMissing === 0) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    led.operands[index] = floatsOf(payload);
    if (--led.numMissing === 0) this.#sumHost(segment, led);
  }

  /** Sums what this host has; the owner keeps it, another leader sends it to the owner. */
  #sumHost(segment: Segment, led: LedSegment): void {
    const { rank } = this.#options;
    for (const [own, index] of this.#hostPartials.entries()) {
      const { operands, range } = this.#hierarchy.hostPartials[index]!;
      const sum = this.#sums[segment.id]![own]!;
      const parts = operands.map((operand) => led.operands[operand]!);
      this.#hostReducers[index]!.reduce(parts, sum);
      if (segment.chunk === rank) this.#giveOwner(segment, index, sum);
      else {
        const wire = this.#wire.outgoing(own, sum, segment, this.#rounds.round);
        this.#rounds.send(segment.chunk, segment, data.Phase.PARTIAL, wire, range);
      }
    }
  }

  #takeHostPartial(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const host = this.#hosts[header.sender]!;
    const index = this.#hierarchy.hostPartials.findIndex(
      (partial) =>
        partial.host === host && partial.range.begin === header.virtualBegin && partial.range.end === header.virtualEnd,
    );
    const owned = this.#owned[segment.id];
    if (owned === undefined || index < 0 || leaderOf(this.#hierarchy, host, segment) !== header.sender) {
      throw badPayload(header, 'is no sum of a host that this rank was to get');
    }
    this.#requireForm(this.#wire, segment, header, payload);
    if (owned.operands[index] !== undefined || this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    this.#giveOwner(segment, index, this.#wire.codecOf(segment) === undefined ? floatsOf(payload) : payload);
  }

  #giveOwner(segment: Segment, index: number, operand: Float32Array | Uint8Array): void {
    const owned = this.#owned[segment.id]!;
    owned.operands[index] = operand;
    if (--owned.numMissing > 0) return;
    const { plan, rank, result } = this.#options;
    const codec = this.#wire.codecOf(segment);
    const parts = owned.operands.map((part, i) =>
      part instanceof Uint8Array ? codec!.decodeOperand(i, part, segment.length) : part!,
    );
    this.#reducer.reduce(parts, spanOf(result, segment));
    const wire = this.#wire.result(result, segment, this.#rounds.round);
    const covered = { begin: 0, end: plan.layout.virtualRanks };
    for (const [host, ranks] of this.#hierarchy.ranksOf.entries()) {
      const peers = host === this.#host ? ranks : [leaderOf(this.#hierarchy, host, segment)];
      for (const peer of peers) {
        if (peer !== rank) this.#rounds.send(peer, segment, data.Phase.RESULT, wire, covered);
      }
    }
    this.#finish(segment);
  }

  #takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const { plan, rank, result } = this.#options;
    if (segment.chunk === rank || header.sender !== this.#giver(segment)) {
      throw badPayload(header, 'is a result from a rank that was not to send it');
    }
    this.#requireForm(this.#wire, segment, header, payload);
    if (this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    this.#wire.read(payload, result, segment);
    if (this.#leader(segment) === rank) {
      const { payloadType, crc32 } = header;
      // What is encoded goes on as it came.
      const isPlain = this.#wire.codecOf(segment) === undefined;
      const wire = { payload: isPlain ? bytesOf(spanOf(result, segment)) : payload, payloadType, crc32 };
      const covered = { begin: 0, end: plan.layout.virtualRanks };
      for (const peer of this.#hierarchy.ranksOf[this.#host]!) {
        if (peer !== rank) this.#rounds.send(peer, segment, data.Phase.RESULT, wire, covered);
      }
    }
    this.#finish(segment);
  }

  #finish(segment: Segment): void {
    const { round } = this.#rounds;
    const early = this.#rounds.finish(segment);
    if (this.#rounds.round !== round) this.#restart();
    for (const { header, payload } of early) this.receive(header, payload);
  }

  /** Lets go of received frames, and readies all segments for the next round. */
  #restart(): void {
    for (const led of this.#led) {
      led?.operands.fill(undefined);
      if (led !== undefined) led.numMissing = this.#numLocalPartials;
    }
    for (const owned of this.#owned) {
      owned?.operands.fill(undefined);
      if (owned !== undefined) owned.numMissing = this.#hierarchy.hostPartials.length;
    }
  }

  #requireForm(wire: SegmentWire, segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const complaint = wire.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
  }
}
