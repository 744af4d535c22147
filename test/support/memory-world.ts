/** Workers of one world inside this process: their all-reduce, gather and broadcast meet in memory, in the order of the real ones. */
import { Deferred } from '../../proto/lifecycle.js';
import { makePlan, type VectorLayout } from '../../worker/collective/plan.js';
import { Reducer } from '../../worker/collective/reducer.js';
import { AllReduce } from '../../worker/threads/all-reduce-client.js';
import type { World } from '../../worker/threads/comms-client.js';

/** The part of a worker's link to its peers that a training step uses. */
export interface MemoryComms {
  readonly world: World;
  readonly drainRequested: boolean;
  setProgress(): void;
  gather(bytes: Uint8Array): Promise<Uint8Array[] | undefined>;
  broadcast(bytes?: Uint8Array): Promise<Uint8Array>;
}

export interface MemoryWorker {
  readonly comms: MemoryComms;
  readonly allReduce: AllReduce;
}

/** A point that all ranks must reach; the last one settles it for all. */
class Meeting<In, Out> {
  readonly #worldSize: number;
  readonly #settle: (inputs: readonly In[]) => readonly Out[];
  #inputs = new Map<number, In>();
  #outputs = new Deferred<readonly Out[]>();

  constructor(worldSize: number, settle: (inputs: readonly In[]) => readonly Out[]) {
    this.#worldSize = worldSize;
    this.#settle = settle;
  }

  async arrive(rank: number, input: In): Promise<Out> {
    const outputs = this.#outputs;
    this.#inputs.set(rank, input);
    if (this.#inputs.size === this.#worldSize) {
      const inputs = Array.from({ length: this.#worldSize }, (_, r) => this.#inputs.get(r)!);
      this.#inputs = new Map();
      this.#outputs = new Deferred();
      outputs.resolve(this.#settle(inputs));
    }
    return (await outputs.promise)[rank]!;
  }
}

/** Returns the workers by rank. Counts in `messages` what real ones would send each other besides the all-reduce. */
export function openMemoryWorld(
  worldSize: number,
  layout: VectorLayout,
): { workers: MemoryWorker[]; messages: { gathers: number; broadcasts: number } } {
  const messages = { gathers: 0, broadcasts: 0 };
  const plan = makePlan(layout, worldSize);
  const reducer = new Reducer(plan.tree);
  const partials: (readonly Float32Array[])[] = [];
  const results: Float32Array[] = [];
  const rounds = new Meeting<undefined, undefined>(worldSize, (inputs) => {
    const sum = new Float32Array(layout.length);
    reducer.reduce(partials.flat(), sum);
    for (const result of results) result.set(sum);
    return inputs;
  });
  const gathers = new Meeting<Uint8Array, Uint8Array[] | undefined>(worldSize, (blobs) => {
    messages.gathers++;
    return blobs.map((_, rank) => (rank === 0 ? [...blobs] : undefined));
  });
  const broadcasts = new Meeting<Uint8Array | undefined, Uint8Array>(worldSize, (blobs) => {
    messages.broadcasts++;
    return blobs.map(() => blobs[0]!.slice());
  });
  const workers = Array.from({ length: worldSize }, (_, rank): MemoryWorker => {
    const world: World = { generation: 1, rank, worldSize, configJson: '' };
    const allReduce: AllReduce = new AllReduce(layout, world, (input) => {
      if (input.kind === 'openAllReduce') {
        partials[rank] = input.partials;
        results[rank] = input.result;
      }
      if (input.kind === 'awaitRound') {
        const { round } = input;
        void rounds.arrive(rank, undefined).then(() => {
          allReduce.roundDone({
            round,
            bytesSent: 0,
            bytesReceived: 0,
            exchangeMs: 0,
            bucketReadyMs: [],
            bucketDoneMs: [],
            numDropped: {},
          });
        });
      }
    });
    const comms: MemoryComms = {
      world,
      drainRequested: false,
      setProgress: () => {},
      gather: (bytes) => gathers.arrive(rank, bytes),
      broadcast: (bytes) => broadcasts.arrive(rank, bytes),
    };
    return { comms, allReduce };
  });
  return { workers, messages };
}
