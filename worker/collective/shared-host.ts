/**
 * The hierarchy on a host whose ranks share memory: partial sums of the host's ranks and its one result lie on a `HostBoard`. Nothing is
 * sent within the host but a doorbell; the leader of a segment reads its peers' numbers where they are, exchanges sums with the other
 * hosts, and writes the result once for all. On the wire it is the hierarchy of `hierarchical.ts`.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { DropReason, Exchange, ExchangeOptions, WaitState } from './exchange.js';
import { badPayload, ExchangeRounds } from './exchange-rounds.js';
import { hostsOf, makeHierarchy, segmentsLedBy } from './hierarchy.js';
import type { HostBoard } from './host-board.js';
import { HostLeader } from './host-leader.js';
import type { Segment } from './plan.js';
import { spanOf } from './segment-wire.js';

/** The comms thread's part: what its rank leads. A round's other segments end without it. */
export class SharedHostExchange implements Exchange {
  readonly #board: HostBoard;
  readonly #hosts: readonly number[];
  readonly #host: number;
  readonly #segments: readonly Segment[];
  readonly #rounds: ExchangeRounds;
  readonly #leader: HostLeader;

  /** @param board this thread's view, opened with the same plan */
  constructor(options: ExchangeOptions, board: HostBoard) {
    this.#board = board;
    const { plan, rank } = options;
    const hosts = hostsOf(options);
    const host = hosts[rank]!;
    const hierarchy = makeHierarchy(plan, hosts);
    this.#hosts = hosts;
    this.#host = host;
    this.#segments = segmentsLedBy(plan, hierarchy, host, rank);
    const numOwned = this.#segments.filter(({ chunk }) => chunk === rank).length;
    const maxEarly = numOwned * HostLeader.framesPerOwnedSegment(hierarchy, host);
    this.#rounds = new ExchangeRounds(options, maxEarly, this.#segments);
    this.#leader = new HostLeader({
      ...{ exchange: options, hierarchy, hosts, segments: this.#segments, onHeap: [...board.partials, board.result] },
      rounds: this.#rounds,
      onSum: (segment) => this.#publish(segment),
    });
  }

  get round(): number {
    return this.#rounds.round;
  }

  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#rounds.dropped;
  }

  /**
   * Says that the partial sums of all ranks of this host are complete for a bucket.
   * @throws CollectiveError COLLECTIVE_BAD_ROUND; COLLECTIVE_BAD_LAYOUT when the ranks disagree about the layout
   */
  bucketReady(round: number, bucket: number): void {
    const segments = this.#segments.filter((segment) => segment.bucket === bucket);
    // Its round is over when all that it leads is, and that may be before other buckets are complete.
    if (segments.length === 0) return;
    this.#board.requireAgreement(round);
    this.#rounds.bucketReady(round, bucket);
    // What other hosts wait for goes first.
    const { rank } = this.#leader;
    for (const segment of segments) if (segment.chunk !== rank) this.#giveAll(segment);
    for (const segment of segments) if (segment.chunk === rank) this.#giveAll(segment);
  }

  receive(header: DataHeader, payload: Uint8Array): void {
    const segment = this.#rounds.accept(header, payload);
    if (segment === undefined) return;
    if (this.#hosts[header.sender] === this.#host) throw badPayload(header, 'came from a rank that shares its memory');
    if (header.phase === data.Phase.PARTIAL) this.#leader.receivePartial(segment, header, payload);
    else this.#leader.receiveResult(segment, header, payload);
  }

  waitState(round = this.#rounds.round): WaitState {
    const state = this.#board.waitState(round);
    // Of its own segments this rank knows who else is in the way.
    if (state.phase !== 'result' || round !== this.#rounds.round) return state;
    const { unfinished } = this.#rounds;
    if (unfinished.length === 0) return state;
    const partial = unfinished.flatMap((segment) => this.#leader.missing(segment));
    const ranks = new Set(partial.length > 0 ? partial : unfinished.map(({ chunk }) => chunk));
    return {
      round,
      ranks: [...ranks].sort((a, b) => a - b),
      bucket: unfinished[0]!.bucket,
      phase: partial.length > 0 ? 'partial' : 'result',
    };
  }

  #giveAll(segment: Segment): void {
    for (const [local, vector] of this.#board.partials.entries()) {
      this.#leader.give(segment, local, spanOf(vector, segment));
    }
  }

  #publish(segment: Segment): void {
    const { round } = this.#rounds;
    const early = this.#rounds.finish(segment);
    // The main threads may be back from the round as soon as its last segment is published.
    if (this.#rounds.round !== round) this.#leader.restart();
    this.#board.publish(round, segment);
    for (const { header, payload } of early) this.receive(header, payload);
  }
}
