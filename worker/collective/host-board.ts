/**
 * What the ranks of one host share in a hierarchical all-reduce: their partial sums and one result, and flags that say which buckets are
 * complete on this host, and which segments have their sum. The leaders' comms threads do the rest (`shared-host.ts`).
 */
import { BoardFlags, type BoardFlagsOptions } from './board-flags.js';
import { type BoardArea, FIGURES, type Figure, hostBoardLayout } from './board-layout.js';
import type { ExchangeStats, WaitState } from './exchange.js';
import { leaderOf, makeHierarchy } from './hierarchy.js';
import type { Plan, Segment } from './plan.js';

export interface HostBoardOptions extends Pick<BoardFlagsOptions, 'place' | 'wake' | 'firstRound' | 'base' | 'now'> {
  readonly rank: number;
  /** Of the whole world. */
  readonly plan: Plan;
  /** By rank. */
  readonly hosts: readonly number[];
}

type RoundFigures = Pick<ExchangeStats, 'bytesSent' | 'bytesReceived' | 'compression'>;

/** Returns the part of a plan's vectors that the ranks of a rank's host share. */
export function hostArea({ layout, partials }: Plan, hosts: readonly number[], rank: number): BoardArea {
  const isLocal = (of: number) => hosts[of] === hosts[rank];
  const numMembers = hosts.filter((host) => host === hosts[rank]).length;
  return { worldSize: numMembers, layout, partials: partials.filter((partial) => isLocal(partial.rank)) };
}

/** One thread's view of it: a rank's main thread announces and waits, its comms thread publishes. */
export class HostBoard {
  /** This host's partial sums, whole vectors, in the order of the plan. */
  readonly partials: readonly Float32Array[];
  /** The host's one result. Between a round's end and the next round's first bucket nobody writes to it. */
  readonly result: Float32Array;
  readonly #flags: BoardFlags;
  /** Ranks of this host, ascending. */
  readonly #ranks: readonly number[];
  /** This rank's number among them. */
  readonly #member: number;
  /** By segment id: who leads it here. */
  readonly #leaders: readonly number[];
  /** By rank of this host and bucket: segments that it leads. */
  readonly #numLed: readonly (readonly number[])[];
  readonly #figures: Float64Array;
  /** Payload of a round that this rank gives to ranks of its host and takes from them, without anything being sent. */
  readonly sharedBytes: { readonly given: number; readonly taken: number };

  /** Opens a view between rounds. @throws CollectiveError COLLECTIVE_BAD_LAYOUT for more buckets than the flags have room for */
  constructor(options: HostBoardOptions) {
    const { hosts, place, plan, rank } = options;
    const area = hostArea(plan, hosts, rank);
    const { figuresOffset, numFigures, partialOffsets, resultOffset } = hostBoardLayout(area);
    const hierarchy = makeHierarchy(plan, hosts);
    this.#ranks = hierarchy.ranksOf[hosts[rank]!]!;
    this.#member = this.#ranks.indexOf(rank);
    this.#leaders = plan.segments.map((segment) => leaderOf(hierarchy, hosts[rank]!, segment));
    this.#numLed = this.#ranks.map((leader) =>
      plan.layout.buckets.map(
        (_, bucket) => plan.segments.filter((s) => s.bucket === bucket && this.#leaders[s.id] === leader).length,
      ),
    );
    const numPerRound = this.#numLed.flat().filter((count) => count > 0).length;
    this.#flags = new BoardFlags({ ...options, member: this.#member, area, numPerRound });
    const { buffer } = place.memory;
    const vectorAt = (offset: number) => new Float32Array(buffer, place.address + offset, plan.layout.length);
    this.partials = partialOffsets.map(vectorAt);
    this.result = vectorAt(resultOffset);
    this.#figures = new Float64Array(buffer, place.address + figuresOffset, numFigures);
    const ledBytes = 4 * plan.segments.reduce((sum, s) => sum + (this.#leaders[s.id] === rank ? s.length : 0), 0);
    const otherBytes = 4 * plan.layout.length - ledBytes;
    const numOwn = area.partials.filter((partial) => partial.rank === rank).length;
    this.sharedBytes = {
      given: numOwn * otherBytes + (this.#ranks.length - 1) * ledBytes,
      taken: (area.partials.length - numOwn) * ledBytes + otherBytes,
    };
    // A rank that leads nothing has nothing to tell.
    this.noteStats({ bytesSent: 0, bytesReceived: 0 }, new Map());
  }

  /** Leaders' parts of buckets that had their sums before the first round. */
  get base(): number {
    return this.#flags.base;
  }

  /** The word that changes whenever someone who waits should look again. */
  get bellWord(): Int32Array {
    return this.#flags.bellWord;
  }

  get bell(): number {
    return this.#flags.bell;
  }

  /** Says whether this rank's main thread waits. */
  setWaiting(waiting: boolean): void {
    this.#flags.setWaiting(waiting);
  }

  /**
   * Says that this rank's partial sums of a bucket are complete. Everything written before is seen by whoever sees this.
   * @returns whether this was the last rank of the host: of all announcements of a bucket exactly one is
   */
  announce(round: number, bucket: number): boolean {
    this.#flags.announce(round, bucket);
    return this.#flags.increase('finished', 0, bucket, round) + 1 === this.#ranks.length;
  }

  /** Ranks besides this one that lead segments of a bucket, and have to be told that it is complete. */
  otherLeaders(bucket: number): number[] {
    return this.#ranks.filter((_, member) => member !== this.#member && this.#hasWork(member, bucket));
  }

  /** Says that a segment that this rank leads has its sum in the result; the last one of the host wakes all who wait. */
  publish(round: number, { bucket }: Segment): void {
    const numPublished = this.#flags.increase('claimed', this.#member, bucket, round) + 1;
    if (numPublished < this.#numLed[this.#member]![bucket]!) return;
    this.#flags.noteReduced(this.#member, round, bucket);
    this.#flags.complete(round);
  }

  /** Whether all segments of a round have their sums. */
  isOver(round: number): boolean {
    return this.#flags.isOver(round);
  }

  /** Whether the ranks of this host agree about the layout. @throws CollectiveError COLLECTIVE_BAD_LAYOUT */
  requireAgreement(round: number): void {
    this.#flags.peersAgree(round, (member) => this.#ranks[member]!);
  }

  /** Returns what is missing for a round: this rank's own bucket, buckets of other ranks of this host, or sums that its ranks lead. */
  waitState(round: number): WaitState {
    return this.#flags.waitState(round, (member) => this.#ranks[member]!, this.#hasWork);
  }

  /** When this rank was ready with each bucket, in milliseconds, and when the bucket was summed. After the round's end. */
  times(): { readonly readyMs: number[]; readonly reducedMs: number[] } {
    return this.#flags.times(this.#hasWork);
  }

  readonly #hasWork = (member: number, bucket: number): boolean => this.#numLed[member]![bucket]! > 0;

  /** Notes how a round went for this rank, for its main thread; before its last segment is published. */
  noteStats({ bytesReceived, bytesSent, compression }: RoundFigures, dropped: ReadonlyMap<string, number>): void {
    this.#set('bytesSent', bytesSent);
    this.#set('bytesReceived', bytesReceived);
    this.#set('signal', compression?.signal ?? Number.NaN);
    this.#set('error', compression?.error ?? Number.NaN);
    this.#set('droppedRound', dropped.get('round') ?? 0);
    this.#set('droppedDuplicate', dropped.get('duplicate') ?? 0);
    this.#set('droppedOverflow', dropped.get('overflow') ?? 0);
  }

  /** Returns what this rank's comms thread has noted. After the round's end. */
  stats(): RoundFigures & { readonly numDropped: Readonly<Record<string, number>> } {
    const [signal, error] = [this.#get('signal'), this.#get('error')];
    const dropped = {
      round: this.#get('droppedRound'),
      duplicate: this.#get('droppedDuplicate'),
      overflow: this.#get('droppedOverflow'),
    };
    return {
      bytesSent: this.#get('bytesSent'),
      bytesReceived: this.#get('bytesReceived'),
      compression: Number.isNaN(signal) ? undefined : { signal, error },
      numDropped: Object.fromEntries(Object.entries(dropped).filter(([, count]) => count > 0)),
    };
  }

  #set(figure: Figure, value: number): void {
    this.#figures[this.#member * FIGURES.length + FIGURES.indexOf(figure)] = value;
  }

  #get(figure: Figure): number {
    return this.#figures[this.#member * FIGURES.length + FIGURES.indexOf(figure)]!;
  }
}
