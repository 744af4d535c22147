/** Worlds of comms threads inside a test process: real threads and sockets, a stub of the coordinator, vectors whose sum is known. */
import { Reducer } from '../../worker/collective/reducer.js';
import { sumTree } from '../../worker/collective/tree.js';
import { type AllReduce, type Comms, type CommsOptions, openComms } from '../../worker/threads/comms-client.js';
import { type Reroute, RUN, StubCoordinator } from './stub-coordinator.js';
import { useTempFolder } from './temp-folder.js';

export const ENGINE = { name: 'none', version: '0', device: 'cpu', numThreads: 1 };
const VIRTUAL_RANKS = 4;

/** How payload goes between the ranks. */
export type Lane = 'shm' | 'ipc' | 'tcp';

export interface CommsWorlds {
  /** Where sockets lie; joins names to it. */
  readonly folder: (...names: string[]) => string;
  readonly optionsOf: (rank: number, worldSize: number, endpoint: string, lane?: Lane) => CommsOptions;
  /** Opens all ranks of a world in this process, each with a comms thread of its own; closes them after `use`. */
  readonly inWorld: (
    worldSize: number,
    lane: Lane,
    use: (ranks: Comms[], coordinator: StubCoordinator) => Promise<void>,
    changesOf?: (rank: number) => Partial<CommsOptions>,
    reroute?: Reroute,
  ) => Promise<void>;
}

/** Call it once, at the top of a test file. */
export function useCommsWorlds(): CommsWorlds {
  const folder = useTempFolder();
  const optionsOf = (rank: number, worldSize: number, endpoint: string, lane: Lane = 'shm'): CommsOptions => ({
    ...RUN,
    endpoint,
    rank,
    worldSize,
    localRank: rank,
    nodeRank: 0,
    host: 'test',
    // Different host ids make peers use TCP.
    hostId: lane === 'tcp' ? `host-${rank}` : 'one',
    payload: lane === 'shm' ? 'shm' : 'zmq',
    runtimeDir: folder(),
    remote: lane === 'tcp' ? { bindHost: '127.0.0.1' } : undefined,
    coordinatorSilenceMs: 0,
    killProcess: false,
    logLevel: 'silent',
  });

  const inWorld: CommsWorlds['inWorld'] = async (worldSize, lane, use, changesOf = () => ({}), reroute = undefined) => {
    await using coordinator = await StubCoordinator.open(worldSize, undefined, reroute);
    const ranks = Array.from({ length: worldSize }, (_, rank) =>
      openComms({ ...optionsOf(rank, worldSize, coordinator.endpoint, lane), ...changesOf(rank) }),
    );
    try {
      await Promise.all(ranks.map((comms) => comms.join({ engine: ENGINE }, { timeoutMs: 20_000 })));
      await use(ranks, coordinator);
    } finally {
      await Promise.all(ranks.map((comms) => comms.close()));
    }
  };

  return { folder, optionsOf, inWorld };
}

/** A vector cut into equal buckets, for four virtual ranks. */
export function layoutOf(length: number, numBuckets: number) {
  const share = Math.ceil(length / numBuckets);
  const buckets = Array.from({ length: numBuckets }, (_, i) => ({
    offset: i * share,
    length: Math.min(share, length - i * share),
  }));
  return { length, buckets, virtualRanks: VIRTUAL_RANKS };
}

export type Layout = ReturnType<typeof layoutOf>;

/** Adds this rank's part of a round: virtual rank v gives vector v + round. */
export function contribute(
  allReduce: AllReduce,
  layout: Layout,
  vectors: readonly Float32Array[],
  round: number,
): void {
  const { begin, end } = allReduce.virtualRange;
  for (let v = begin; v < end; v++) {
    for (const [bucket, { offset, length }] of layout.buckets.entries()) {
      const vector = vectors[(v + round) % vectors.length]!;
      allReduce.add(v, offset, vector.subarray(offset, offset + length));
      allReduce.bucketReady(v, bucket);
    }
  }
}

/** The sum of a round along the tree, as one process would take it. */
export function expectedSum(vectors: readonly Float32Array[], round: number): Buffer {
  const operands = Array.from({ length: VIRTUAL_RANKS }, (_, v) => vectors[(v + round) % vectors.length]!);
  const leaves = operands.map((_, v) => ({ begin: v, end: v + 1 }));
  const sum = new Float32Array(operands[0]!.length);
  new Reducer(sumTree(leaves, VIRTUAL_RANKS)).reduce(operands, sum);
  return Buffer.from(sum.buffer);
}

/** The bytes of a vector, to compare bits. */
export function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}
