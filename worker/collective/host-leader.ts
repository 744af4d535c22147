/**
 * What leaders do between hosts. A segment has one leader on each host: it gathers the partial sums of its host's ranks and sends their sum
 * to the segment's owner, which is the leader of its own host; the owner finishes the sum and sends it back. How ranks and their leader
 * come together within a host is for others: `hierarchical.ts` by messages, `shared-host.ts` in shared memory.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { threadTrace } from '../trace/thread-trace.js';
import type { ExchangeOptions } from './exchange.js';
import { badPayload, type ExchangeRounds } from './exchange-rounds.js';
import { type Hierarchy, leaderOf, ownerSum } from './hierarchy.js';
import type { Plan, Segment } from './plan.js';
import { Reducer } from './reducer.js';
import { floatsOf, SegmentWire, spanOf, type WireSegment } from './segment-wire.js';

/** What has come of one segment, by leaf: first this host's partials and then other hosts' sums, where those are wanted. */
interface Gathered {
  readonly operands: (Float32Array | Uint8Array | undefined)[];
  numMissing: number;
}

/** The sum of this host that goes to an owner elsewhere. */
interface HostSum {
  /** Index in the hierarchy. */
  readonly index: number;
  /** Into the host's partials, ascending. */
  readonly operands: readonly number[];
  readonly reducer: Reducer;
}

export interface HostLeaderOptions {
  readonly exchange: ExchangeOptions;
  readonly hierarchy: Hierarchy;
  /** By rank. */
  readonly hosts: readonly number[];
  /** The segments that this rank leads. */
  readonly segments: readonly Segment[];
  readonly rounds: ExchangeRounds;
  /** Partial sums of this host that may lie on the heap besides this rank's own. */
  readonly onHeap?: readonly Float32Array[] | undefined;
  /** The sum of a segment is in the result. @param wire as it came or went between hosts */
  readonly onSum: (segment: Segment, wire: WireSegment) => void;
}

export class HostLeader {
  /** Indices of this host's partials in the plan, ascending. */
  readonly localPartials: readonly number[];
  readonly #options: HostLeaderOptions;
  readonly #host: number;
  readonly #wire: SegmentWire;
  /** By segment id; undefined where this rank does not lead. */
  readonly #gathered: (Gathered | undefined)[];
  /** By leaf of an owner's sum: where it is among the operands gathered. */
  readonly #ownerOperands: readonly number[];
  /** By index in the hierarchy: the same for another host's sum; -1 for this host's. */
  readonly #foreign: readonly number[];
  readonly #ownerReducer: Reducer;
  readonly #hostSums: readonly HostSum[];
  /** By segment id and host sum: memory for sums that do not find place in the result. */
  readonly #sums: (readonly Float32Array[] | undefined)[];

  constructor(options: HostLeaderOptions) {
    this.#options = options;
    const { hierarchy, hosts, onHeap = [], segments } = options;
    const { codec, partials, place, plan, rank, result } = options.exchange;
    const host = hosts[rank]!;
    this.#host = host;
    this.#wire = new SegmentWire(hierarchy.numHosts > 1 ? codec : undefined);
    this.localPartials = plan.partials.flatMap((partial, index) => (hosts[partial.rank] === host ? [index] : []));
    const numLocal = this.localPartials.length;
    let numOperands = numLocal;
    this.#foreign = hierarchy.hostPartials.map((partial) => (partial.host === host ? -1 : numOperands++));
    const { leaves, tree } = ownerSum(hierarchy, host);
    this.#ownerOperands = leaves.map((leaf) =>
      'partial' in leaf ? this.localPartials.indexOf(leaf.partial) : this.#foreign[leaf.hostPartial]!,
    );
    const vectors = [...partials, ...onHeap, result];
    this.#ownerReducer = new Reducer(tree, place, vectors);
    this.#hostSums = hierarchy.hostPartials.flatMap((partial, index) =>
      partial.host !== host
        ? []
        : [
            {
              index,
              operands: partial.operands.map((operand) => this.localPartials.indexOf(operand)),
              reducer: new Reducer(partial.tree, place, vectors),
            },
          ],
    );
    const led = new Set(segments.map(({ id }) => id));
    this.#gathered = plan.segments.map(({ chunk, id }) => {
      if (!led.has(id)) return undefined;
      const length = chunk === rank ? numOperands : numLocal;
      return { operands: Array.from({ length }, () => undefined), numMissing: length };
    });
    this.#sums = plan.segments.map(({ chunk, id, length }) =>
      led.has(id) && chunk !== rank
        ? this.#hostSums.map(({ operands }, own) => new Float32Array(own === 0 || operands.length === 1 ? 0 : length))
        : undefined,
    );
  }

  get rank(): number {
    return this.#options.exchange.rank;
  }

  /** How many frames of a round other hosts send to this rank's own segments. */
  static framesPerOwnedSegment(hierarchy: Hierarchy, host: number): number {
    return hierarchy.hostPartials.filter((partial) => partial.host !== host).length;
  }

  leads(segment: Segment): boolean {
    return this.#gathered[segment.id] !== undefined;
  }

  /** Whether a partial sum of this host is there already. */
  has(segment: Segment, local: number): boolean {
    return this.#rounds.isFinished(segment) || this.#gathered[segment.id]?.operands[local] !== undefined;
  }

  /** Takes a partial sum of this host. @param local index in {@link localPartials} */
  give(segment: Segment, local: number, values: Float32Array): void {
    this.#put(segment, local, values);
  }

  /** Takes another host's sum of a segment that this rank owns. @throws CollectiveError COLLECTIVE_BAD_PAYLOAD */
  receivePartial(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const { hierarchy, hosts } = this.#options;
    const host = hosts[header.sender]!;
    const index = hierarchy.hostPartials.findIndex(
      (partial) =>
        partial.host === host && partial.range.begin === header.virtualBegin && partial.range.end === header.virtualEnd,
    );
    const isOwned = segment.chunk === this.#options.exchange.rank;
    if (!isOwned || index < 0 || leaderOf(hierarchy, host, segment) !== header.sender) {
      throw badPayload(header, 'is no sum of a host that this rank was to get');
    }
    this.#requireForm(segment, header, payload);
    const operand = this.#foreign[index]!;
    if (this.#gathered[segment.id]!.operands[operand] !== undefined || this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate');
      return;
    }
    this.#rounds.received(payload);
    this.#put(segment, operand, this.#wire.codecOf(segment) === undefined ? floatsOf(payload) : payload);
  }

  /** Takes the sum of a segment from its owner on another host. @throws CollectiveError COLLECTIVE_BAD_PAYLOAD */
  receiveResult(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    if (!this.leads(segment) || segment.chunk === this.#options.exchange.rank || header.sender !== segment.chunk) {
      throw badPayload(header, 'is a result from a rank that was not to send it');
    }
    if (!this.takeResult(segment, header, payload)) return;
    const { payloadType, crc32 } = header;
    this.#options.onSum(segment, { payload, payloadType, crc32 });
  }

  /** Writes a sum that came to the result; false for one that came twice. @throws CollectiveError COLLECTIVE_BAD_PAYLOAD */
  takeResult(segment: Segment, header: DataHeader, payload: Uint8Array): boolean {
    this.#requireForm(segment, header, payload);
    if (this.#rounds.isFinished(segment)) {
      this.#rounds.drop('duplicate');
      return false;
    }
    this.#rounds.received(payload);
    const beganMs = threadTrace.begin();
    this.#wire.read(payload, this.#options.exchange.result, segment);
    threadTrace.end('copy_result', beganMs, this.#rounds.round, segment.bucket, segment.chunk, segment.index);
    return true;
  }

  /** Whether a segment travels encoded between hosts. */
  isEncoded(segment: Segment): boolean {
    return this.#wire.codecOf(segment) !== undefined;
  }

  /** Ranks that an unfinished segment still needs a partial sum of: of this host, or the leaders of others. */
  missing(segment: Segment): number[] {
    const { exchange, hierarchy } = this.#options;
    const gathered = this.#gathered[segment.id];
    if (gathered === undefined) return [];
    const isMissing = (operand: number) => gathered.operands[operand] === undefined && gathered.numMissing > 0;
    const ranks = this.localPartials
      .filter((_, local) => isMissing(local))
      .map((index) => exchange.plan.partials[index]!.rank);
    if (segment.chunk !== exchange.rank) return ranks;
    for (const [index, { host }] of hierarchy.hostPartials.entries()) {
      const operand = this.#foreign[index]!;
      if (operand >= 0 && isMissing(operand)) ranks.push(leaderOf(hierarchy, host, segment));
    }
    return ranks;
  }

  /** Lets go of received frames, and readies all segments for the next round. */
  restart(): void {
    for (const gathered of this.#gathered) {
      if (gathered === undefined) continue;
      gathered.operands.fill(undefined);
      gathered.numMissing = gathered.operands.length;
    }
  }

  get #rounds(): ExchangeRounds {
    return this.#options.rounds;
  }

  #put(segment: Segment, operand: number, values: Float32Array | Uint8Array): void {
    const gathered = this.#gathered[segment.id]!;
    gathered.operands[operand] = values;
    if (--gathered.numMissing > 0) return;
    if (segment.chunk === this.#options.exchange.rank) this.#finishSum(segment, gathered);
    else this.#sendHostSums(segment, gathered);
  }

  /** Sums what this host has, and sends it to the owner. */
  #sendHostSums(segment: Segment, { operands }: Gathered): void {
    const { exchange, hierarchy } = this.#options;
    for (const [own, { index, operands: wanted, reducer }] of this.#hostSums.entries()) {
      const parts = wanted.map((local) => operands[local] as Float32Array);
      let sum = parts[0]!;
      if (parts.length > 1) {
        // The result is not read by anyone before the owner's sum is in it, and that comes only after the owner had ours.
        sum = own === 0 ? spanOf(exchange.result, segment) : this.#sums[segment.id]![own]!;
        const beganMs = threadTrace.begin();
        reducer.reduce(parts, sum);
        threadTrace.end('reduce_host', beganMs, this.#rounds.round, segment.bucket, segment.chunk, segment.index);
      }
      const wire = this.#wire.outgoing(own, sum, segment, this.#rounds.round);
      this.#rounds.send(segment.chunk, segment, data.Phase.PARTIAL, wire, hierarchy.hostPartials[index]!.range);
    }
  }

  /** Finishes the sum of a segment that this rank owns, and sends it to the other hosts. */
  #finishSum(segment: Segment, { operands }: Gathered): void {
    const { exchange, hierarchy, onSum } = this.#options;
    const codec = this.#wire.codecOf(segment);
    const beganMs = threadTrace.begin();
    const parts = this.#ownerOperands.map((operand) => {
      const part = operands[operand]!;
      return part instanceof Uint8Array
        ? codec!.decodeOperand(operand - this.localPartials.length, part, segment.length)
        : part;
    });
    this.#ownerReducer.reduce(parts, spanOf(exchange.result, segment));
    threadTrace.end('reduce', beganMs, this.#rounds.round, segment.bucket, segment.chunk, segment.index);
    const wire = this.#wire.result(exchange.result, segment, this.#rounds.round);
    for (let host = 0; host < hierarchy.numHosts; host++) {
      if (host === this.#host) continue;
      const leader = leaderOf(hierarchy, host, segment);
      this.#rounds.send(leader, segment, data.Phase.RESULT, wire, wholeRange(exchange.plan));
    }
    onSum(segment, wire);
  }

  #requireForm(segment: Segment, header: DataHeader, payload: Uint8Array): void {
    const complaint = this.#wire.complaint(segment, header.payloadType, payload);
    if (complaint !== undefined) throw badPayload(header, complaint);
  }
}

/** What a result covers: all virtual ranks. */
export function wholeRange({ layout }: Plan): { readonly begin: number; readonly end: number } {
  return { begin: 0, end: layout.virtualRanks };
}
