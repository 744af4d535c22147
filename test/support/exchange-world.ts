/** The exchanges of all ranks of a world in one process; frames lie still until a test delivers them. */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { hostBoardLayout } from '../../worker/collective/board-layout.js';
import type { CompressionMemory } from '../../worker/collective/compression/memory.js';
import type { CollectiveName, Exchange, ExchangeFields, ExchangeStats } from '../../worker/collective/exchange.js';
import { HostBoard, hostArea } from '../../worker/collective/host-board.js';
import { openExchange } from '../../worker/collective/open-exchange.js';
import { makePlan, type Plan, type VectorLayout } from '../../worker/collective/plan.js';
import { type SumTree, sumTree } from '../../worker/collective/tree.js';
import { SimdHeap } from '../../worker/simd/heap.js';
import { type CodecSettings, openCompressor } from './codecs.js';

interface InFlight {
  readonly from: number;
  readonly to: number;
  readonly header: DataHeader;
  readonly payload: Uint8Array;
}

export interface ExchangeWorldOptions {
  readonly algorithm: CollectiveName;
  readonly layout: VectorLayout;
  readonly worldSize: number;
  /** By rank. */
  readonly hosts?: readonly number[];
  /** Hosts whose ranks share memory, for the hierarchy. */
  readonly sharedHosts?: readonly number[];
  readonly codec?: CodecSettings | undefined;
  /** Steps of a run that this world goes on with. */
  readonly stepsBefore?: number;
  readonly segmentElements?: number;
}

export interface WorldRank {
  readonly exchange: Exchange;
  readonly result: Float32Array;
  readonly memory: CompressionMemory | undefined;
  readonly stats: ExchangeStats[];
  /** The main thread's view of what its host shares, if it does. */
  readonly board: HostBoard | undefined;
  /** Whether all sums of a round are in the result. */
  isOver(round: number): boolean;
}

export class ExchangeWorld {
  readonly plan: Plan;
  readonly ranks: readonly WorldRank[];
  readonly inFlight: InFlight[] = [];
  /** By rank, in the order of the plan. */
  readonly #partials: readonly (readonly Float32Array[])[];

  constructor(options: ExchangeWorldOptions) {
    const { algorithm, codec, layout, worldSize } = options;
    const plan = makePlan(layout, worldSize, options.segmentElements ?? 64);
    this.plan = plan;
    const hosts = options.hosts ?? Array.from({ length: worldSize }, () => 0);
    const heaps = new Map(options.sharedHosts?.map((host) => [host, new SimdHeap()]));
    const addresses = new Map<number, number>();
    const boardOf = (rank: number): HostBoard | undefined => {
      const host = hosts[rank]!;
      const heap = heaps.get(host);
      if (heap === undefined) return undefined;
      const address = addresses.get(host) ?? heap.allocate(hostBoardLayout(hostArea(plan, hosts, rank)).bytes);
      addresses.set(host, address);
      const place = { memory: heap.memory, address };
      return new HostBoard({ rank, plan, hosts, place, wake: () => {}, firstRound: 1, base: 0, now: () => 5 });
    };
    const partials: Float32Array[][] = [];
    this.#partials = partials;
    this.ranks = hosts.map((_, rank): WorldRank => {
      // As a worker's main thread and comms thread have one each.
      const [board, hostBoard] = [boardOf(rank), boardOf(rank)];
      const own = plan.partials.filter((partial) => partial.rank === rank);
      const area = hostArea(plan, hosts, rank);
      const vectors = own.map(
        (partial) => board?.partials[area.partials.indexOf(partial)] ?? new Float32Array(layout.length),
      );
      partials.push(vectors);
      const result = board?.result ?? new Float32Array(layout.length);
      const stats: ExchangeStats[] = [];
      const opened =
        codec && openCompressor(plan, codec, rank, Math.max(own.length, plan.partials.length), options.stepsBefore);
      const exchange: Exchange = openExchange(algorithm, {
        rank,
        plan,
        hosts,
        hostBoard,
        partials: vectors,
        result,
        codec: opened?.compressor,
        now: () => 0,
        onRoundDone: (done) => {
          stats.push(done);
          hostBoard?.noteStats(done, exchange.dropped);
        },
        send: (to, fields, payload) => this.#post(rank, to, fields, payload),
      });
      const isOver = (round: number) => board?.isOver(round) ?? stats.length >= round;
      return { exchange, result, memory: opened?.memory, stats, board, isOver };
    });
  }

  /** Adds what a rank's virtual ranks have for a round, and announces the buckets in the given order. */
  contribute(
    rank: number,
    round: number,
    vectorOf: (virtualRank: number) => Float32Array,
    order = this.plan.layout.buckets.map((_, bucket) => bucket),
  ): void {
    const ranges = this.plan.partials.filter((partial) => partial.rank === rank).map(({ range }) => range);
    for (const [index, { begin, end }] of ranges.entries()) {
      this.#partials[rank]![index]!.set(treeSum(Array.from({ length: end - begin }, (_, i) => vectorOf(begin + i))));
    }
    const { board, exchange } = this.ranks[rank]!;
    for (const bucket of order) {
      if (board !== undefined && !board.announce(round, bucket)) continue;
      for (const peer of board?.otherLeaders(bucket) ?? []) {
        this.#post(rank, peer, { round, bucket, phase: data.Phase.DOORBELL }, new Uint8Array(0));
      }
      exchange.bucketReady(round, bucket);
    }
  }

  deliver(index: number): void {
    const [{ to, header, payload }] = this.inFlight.splice(index, 1) as [InFlight];
    const { exchange } = this.ranks[to]!;
    if (header.phase === data.Phase.DOORBELL) exchange.bucketReady(header.round, header.bucket);
    else exchange.receive(header, payload);
  }

  /** One whole round, frames in the order in which they were sent. Returns the result of each rank. */
  run(round: number, vectorOf: (virtualRank: number) => Float32Array): Float32Array[] {
    for (const rank of this.ranks.keys()) this.contribute(rank, round, vectorOf);
    while (this.inFlight.length > 0) this.deliver(0);
    return this.ranks.map(({ result }) => result);
  }

  #post(from: number, to: number, fields: ExchangeFields, payload: Uint8Array): void {
    this.inFlight.push({ from, to, header: headerOf(fields, from), payload });
  }
}

export function headerOf(fields: ExchangeFields, sender: number): DataHeader {
  return data.Header.decode(data.Header.encode({ ...fields, sender, generation: 1 }).finish());
}

/** The sum over all virtual ranks, element by element along the tree, in the plainest way. */
export function treeSum(vectors: readonly Float32Array[]): Float32Array {
  const leaves = vectors.map((_, v) => ({ begin: v, end: v + 1 }));
  const tree = sumTree(leaves, vectors.length);
  const at = (node: SumTree, i: number): number =>
    typeof node === 'number' ? vectors[node]![i]! : Math.fround(at(node.left, i) + at(node.right, i));
  return vectors[0]!.map((_, i) => at(tree, i));
}

export function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
