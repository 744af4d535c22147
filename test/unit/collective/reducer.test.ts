import { describe, expect, it } from 'vitest';
import { scratchBytes } from '../../../worker/collective/heap-reducer.js';
import { Reducer } from '../../../worker/collective/reducer.js';
import { sumTree } from '../../../worker/collective/tree.js';
import { SimdHeap } from '../../../worker/simd/heap.js';

/** Longer than a block of 4,096 elements, and no multiple of four. */
const LENGTH = 9_001;
const LEAVES = [0, 1, 2, 3].map((begin) => ({ begin, end: begin + 1 }));

describe('a reducer on the heap of the vectors', () => {
  it.each([[[0]], [[1, 3]], [[0, 1, 2, 3]], [[]]])(
    'has the bits of float32 additions along the tree, where operands %j lie on the heap',
    (onHeap: number[]) => {
      const tree = sumTree(LEAVES, 4);
      const heap = new SimdHeap();
      const scratch = heap.allocate(scratchBytes(tree));
      const result = heap.float32(LENGTH + 16).fill(-1);
      const operands = LEAVES.map((_, index) => {
        const values = Float32Array.from({ length: LENGTH }, (_unused, i) => Math.sin(i + 1) * 10 ** (index - 2));
        if (!onHeap.includes(index)) return values;
        const placed = heap.float32(LENGTH);
        placed.set(values);
        return placed;
      });
      const vectors = [...onHeap.map((index) => operands[index]!), result];

      new Reducer(tree, { memory: heap.memory, scratch }, vectors).reduce(operands, result.subarray(16));

      const [a, b, c, d] = operands;
      const expected = a!.map((value, i) => Math.fround(Math.fround(value + b![i]!) + Math.fround(c![i]! + d![i]!)));
      expect(result.slice(16)).toEqual(expected);
      // What lies before the segment stays as it was.
      expect(new Set(result.subarray(0, 16))).toEqual(new Set([-1]));
    },
  );
});
