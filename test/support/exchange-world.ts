/** The exchanges of all ranks of a world in one process; frames lie still until a test delivers them. */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { CompressionMemory } from '../../worker/collective/compression/memory.js';
import type { CollectiveName, Exchange, ExchangeFields, ExchangeStats } from '../../worker/collective/exchange.js';
import { openExchange } from '../../worker/collective/open-exchange.js';
import { makePlan, type Plan, type VectorLayout } from '../../worker/collective/plan.js';
import { type SumTree, sumTree } from '../../worker/collective/tree.js';
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
    const vectors = Array.from({ length: worldSize }, (_, rank) =>
      plan.partials.filter((partial) => partial.rank === rank).map(() => new Float32Array(layout.length)),
    );
    this.#partials = vectors;
    this.ranks = vectors.map((partials, rank): WorldRank => {
      const result = new Float32Array(layout.length);
      const stats: ExchangeStats[] = [];
      const opened =
        codec &&
        openCompressor(plan, codec, rank, Math.max(partials.length, plan.partials.length), options.stepsBefore);
      const exchange = openExchange(algorithm, {
        rank,
        plan,
        hosts: options.hosts ?? vectors.map(() => 0),
        partials,
        result,
        codec: opened?.compressor,
        now: () => 0,
        onRoundDone: (done) => stats.push(done),
        send: (to, fields, payload) => this.inFlight.push({ from: rank, to, header: headerOf(fields, rank), payload }),
      });
      return { exchange, result, memory: opened?.memory, stats };
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
    for (const bucket of order) this.ranks[rank]!.exchange.bucketReady(round, bucket);
  }

  deliver(index: number): void {
    const [frame] = this.inFlight.splice(index, 1);
    this.ranks[frame!.to]!.exchange.receive(frame!.header, frame!.payload);
  }

  /** One whole round, frames in the order in which they were sent. Returns the result of each rank. */
  run(round: number, vectorOf: (virtualRank: number) => Float32Array): Float32Array[] {
    for (const rank of this.ranks.keys()) this.contribute(rank, round, vectorOf);
    while (this.inFlight.length > 0) this.deliver(0);
    return this.ranks.map(({ result }) => result);
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
