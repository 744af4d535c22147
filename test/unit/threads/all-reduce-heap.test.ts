import { describe, expect, it } from 'vitest';
import { SimdHeap } from '../../../worker/simd/heap.js';
import { AllReduce } from '../../../worker/threads/all-reduce-client.js';
import { roomFor } from '../../../worker/threads/all-reduce-vectors.js';
import type { World } from '../../../worker/threads/comms-output.js';

const LAYOUT = { length: 1_000, buckets: [{ offset: 0, length: 1_000 }], virtualRanks: 2 };
const worldOf = (worldSize: number): World => ({ generation: 1, rank: 0, worldSize, configJson: '' });
const open = (worldSize: number, heap: SimdHeap): AllReduce =>
  new AllReduce(LAYOUT, worldOf(worldSize), () => {}, { heap });

/** One that has no room left. */
class FullHeap extends SimdHeap {
  override get freeBytes(): number {
    return 0;
  }
}

describe('the vectors of an all-reduce', () => {
  it.each([1, 2])('lie on the heap that they are offered, with %i workers', (worldSize) => {
    const heap = new SimdHeap();
    heap.float32(100);
    const allReduce = open(worldSize, heap);
    expect(allReduce.heap).toBe(heap);
    expect(heap.holds(allReduce.result)).toBe(true);
  });

  it('lie on a heap of their own where there is no room', () => {
    const heap = new FullHeap();
    const allReduce = open(2, heap);
    expect(allReduce.heap).not.toBe(heap);
    expect(heap.holds(allReduce.result)).toBe(false);
  });

  it('take as much as all ranks of a host together, and some more', () => {
    // 248 MB on two workers: two partial sums and a result.
    const length = 62_000_000;
    const layout = { length, buckets: [{ offset: 0, length }], virtualRanks: 2 };
    expect(roomFor(layout, worldOf(2))).toBeGreaterThan(3 * 4 * length);
    expect(roomFor(layout, worldOf(2))).toBeLessThan(new SimdHeap().freeBytes / 2);
  });
});
