/**
 * The hierarchy: a segment's partial sums go to one leader on each host, the leaders' sums to the segment's owner, and the result the
 * same way back. Between hosts each number travels once per host instead of once per rank. The additions keep the order of the tree,
 * so the bits are those of the direct exchange. Only what crosses between hosts is compressed. Here the ranks of a host send each other
 * messages; where they share memory, `shared-host.ts` takes its place on that host, and the others do not notice.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { DropReason, Exchange, ExchangeOptions, WaitState } from './exchange.js';
import { badPayload, ExchangeRounds } from './exchange-rounds.js';
import { type Hierarchy, hostsOf, leaderOf, makeHierarchy, segmentsLedBy } from './hierarchy.js';
import { HostLeader, wholeRange } from './host-leader.js';
import type { Segment } from './plan.js';
import { bytesOf, floatsOf, SegmentWire, spanOf, type WireSegment } from './segment-wire.js';

export class HierarchicalExchange implements Exchange {
  readonly #options: ExchangeOptions;
  readonly #hosts: readonly number[];
  readonly #host: number;
  readonly #hierarchy: Hierarchy;
  readonly #rounds: ExchangeRounds;
  readonly #leader: HostLeader;
  /** Within a host numbers stay as they are. */
  readonly #plain = new SegmentWire(undefined);

  constructor(options: ExchangeOptions) {
    this.#options = options;
    const { partials, plan, rank } = options;
    const hosts = hostsOf(options);
    const host = hosts[rank]!;
    const hierarchy = makeHierarchy(plan, hosts);
    this.#hosts = hosts;
    this.#host = host;
    this.#hierarchy = hierarchy;
    const segments = segmentsLedBy(plan, hierarchy, host, rank);
    const numOwned = segments.filter(({ chunk }) => chunk === rank).length;
    const numLocal = plan.partials.filter((partial) => hosts[partial.rank] === host).length;
    const maxEarly =
      segments.length * (numLocal - partials.length) + numOwned * HostLeader.framesPerOwnedSegment(hierarchy, host);
    this.#rounds = new ExchangeRounds(options, maxEarly);
    this.#leader = new HostLeader({
      ...{ exchange: options, hierarchy, hosts, segments },
      rounds: this.#rounds,
      onSum: (segment, wire) => this.#spread(segment, wire),
    });
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
        if (!this.#leader.leads(segment)) this.#sendPartials(segment);
      }
    }
    for (const segment of chunks.flat()) if (this.#leader.leads(segment)) this.#giveOwnPartials(segment);
  }

  receive(header: DataHeader, payload: Uint8Array): void {
    const segment = this.#rounds.accept(header, payload);
    if (segment === undefined) return;
    const isLocal = this.#hosts[header.sender] === this.#host;
    if (header.phase === data.Phase.PARTIAL) {
      if (isLocal) this.#takePartial(segment, header, payload);
      else this.#leader.receivePartial(segment, header, payload);
    } else if (this.#leader.leads(segment)) {
      this.#leader.receiveResult(segment, header, payload);
    } else {
      this.#takeResult(segment, header, payload);
    }
  }

  waitState(): WaitState {
    const { round, unreadyBucket, unfinished } = this.#rounds;
    const { rank } = this.#options;
    if (unreadyBucket !== undefined) return { round, ranks: [rank], bucket: unreadyBucket, phase: 'local' };
    const bucket = unfinished[0]?.bucket ?? 0;
    const partial = new Set(unfinished.flatMap((segment) => this.#leader.missing(segment)));
    const result = new Set(
      unfinished.map((segment) => (this.#leader.leads(segment) ? segment.chunk : this.#leaderOf(segment))),
    );
    result.delete(rank);
    const phase = partial.size > 0 ? 'partial' : 'result';
    return { round, ranks: [...(partial.size > 0 ? partial : result)].sort((a, b) => a - b), bucket, phase };
  }

  /** Who leads a segment on this host. */
  #leaderOf(segment: Segment): number {
    return leaderOf(this.#hierarchy, this.#host, segment);
  }

  #sendPartials(segment: Segment): void {
    const { partials, plan, rank } = this.#options;
    const own = plan.partials.filter((partial) => partial.rank === rank);
    for (const [index, { range }] of own.entries()) {
      const wire = this.#plain.outgoing(0, spanOf(partials[index]!, segment), segment, this.#rounds.round);
      this.#rounds.send(this.#leaderOf(segment), segment, data.Phase.PARTIAL, wire, range);
    }
  }

  #giveOwnPartials(segment: Segment): void {
    const { partials, plan, rank } = this.#options;
    let own = 0;
    for (const [local, index] of this.#leader.localPartials.entries()) {
      if (plan.partials[index]!.rank === rank) this.#leader.give(segment, local, spanOf(partials[own++]!, segment));
    }
  }

  #takePartial(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const { plan } = this.#options;
    const local = this.#leader.localPartials.findIndex((index) => {
      const { rank, range } = plan.partials[index]!;
      return rank === header.sender && range.begin === header.virtualBegin && range.end === header.virtualEnd;
    });
    if (!this.#leader.leads(segment) || local < 0) {
      throw badPayload(header, 'is no partial sum that this rank was to get');
    }
    const complaint = this.#plain.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
    if (this.#leader.has(segment, local)) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    this.#leader.give(segment, local, floatsOf(payload));
  }

  #takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    if (header.sender !== this.#leaderOf(segment)) {
      throw badPayload(header, 'is a result from a rank that was not to send it');
    }
    if (this.#leader.takeResult(segment, header, payload)) this.#finish(segment);
  }

  /** Sends a sum to the ranks of this host. */
  #spread(segment: Segment, { payload, payloadType, crc32 }: WireSegment): void {
    const { plan, rank, result } = this.#options;
    // What is encoded goes on as it came.
    const isEncoded = this.#leader.isEncoded(segment);
    const wire = { payload: isEncoded ? payload : bytesOf(spanOf(result, segment)), payloadType, crc32 };
    for (const peer of this.#hierarchy.ranksOf[this.#host]!) {
      if (peer !== rank) this.#rounds.send(peer, segment, data.Phase.RESULT, wire, wholeRange(plan));
    }
    this.#finish(segment);
  }

  #finish(segment: Segment): void {
    const { round } = this.#rounds;
    const early = this.#rounds.finish(segment);
    if (this.#rounds.round !== round) this.#leader.restart();
    for (const { header, payload } of early) this.receive(header, payload);
  }
}
