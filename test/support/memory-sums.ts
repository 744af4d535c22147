/** Sums of all ranks of a world within this process, without threads: what stands below a stage around the all-reduce. */
import { Deferred } from '../../proto/lifecycle.js';
import type { VectorLayout } from '../../worker/collective/plan.js';
import type { SummedVector } from '../../worker/collective/summed-vector.js';
import { virtualRange } from '../../worker/collective/tree.js';
import { SimdHeap } from '../../worker/simd/heap.js';
import { treeSum } from './exchange-world.js';

/** Returns what opens the sums of one rank; all ranks must open the same layout. */
export function openSums(
  worldSize: number,
): (rank: number, layout: VectorLayout) => Omit<SummedVector, 'compressionState'> {
  let vectors: Float32Array[] = [];
  let numWaiting = 0;
  let met = new Deferred<Float32Array>();
  return (rank, layout) => {
    const heap = new SimdHeap();
    const result = heap.float32(layout.length);
    let round = 0;
    return {
      heap,
      result,
      virtualRange: virtualRange(rank, worldSize, layout.virtualRanks),
      add(v, offset, data) {
        vectors[v] ??= new Float32Array(layout.length).fill(Number.NaN);
        if (data instanceof Float32Array) vectors[v].set(data, offset);
        else data.copyTo(vectors[v].subarray(offset, offset + data.length), 0);
      },
      bucketReady() {},
      relayout() {},
      async wait() {
        const current = met;
        if (++numWaiting === worldSize) {
          numWaiting = 0;
          met = new Deferred();
          const sum = treeSum(vectors);
          vectors = [];
          current.resolve(sum);
        }
        result.set(await current.promise);
        return {
          round: ++round,
          bytesSent: 0,
          bytesReceived: 0,
          bytesShared: 0,
          exchangeSeconds: 0,
          waitSeconds: 0,
          inFlightSeconds: 0,
          hiddenSeconds: 0,
          bucketReadyMs: [],
          bucketDoneMs: [],
          numDropped: {},
        };
      },
    };
  };
}
