import { describe, expect, it } from 'vitest';
import { Accumulator, type CopySource } from '../../../worker/collective/accumulator.js';
import { maximalSubtrees, numSlots } from '../../../worker/collective/tree.js';
import { SimdHeap } from '../../../worker/simd/heap.js';

const VIRTUAL_RANKS = 4;
/** More than two blocks of 16,384. */
const LENGTH = 33_333;
const vectors = Array.from({ length: VIRTUAL_RANKS }, (_, v) =>
  Float32Array.from({ length: LENGTH }, (_, i) => Math.fround(Math.sin(i * (v + 1)) * 10 ** (v - 2))),
);

/** A source that hands out copies only, and remembers which elements were asked for. */
function copiesOf(data: Float32Array, asked: [begin: number, length: number][]): CopySource {
  return {
    length: data.length,
    copyTo(target, begin) {
      asked.push([begin, target.length]);
      target.set(data.subarray(begin, begin + target.length));
    },
  };
}

function sumOf(give: (data: Float32Array, v: number) => Float32Array | CopySource): Float32Array {
  const heap = new SimdHeap();
  const range = { begin: 0, end: VIRTUAL_RANKS };
  expect(maximalSubtrees(range, VIRTUAL_RANKS)).toHaveLength(1);
  const partial = heap.float32(LENGTH);
  const accumulator = new Accumulator(range, VIRTUAL_RANKS, [partial], heap);
  for (const [v, data] of vectors.entries()) {
    accumulator.add(v, 0, give(data.subarray(0, 20_000), v));
    accumulator.add(v, 20_000, give(data.subarray(20_000), v));
  }
  return partial;
}

describe('Accumulator', () => {
  it('adds what can only be copied to the same bits as arrays', () => {
    const asked: [number, number][] = [];
    const sum = sumOf((data) => copiesOf(data, asked));
    expect(sum).toEqual(sumOf((data) => data));
    // (v0 + v1) + (v2 + v3), rounded after each addition.
    const [a, b, c, d] = vectors.map((vector) => vector[31_000]!);
    const expected = Math.fround(Math.fround(a! + b!) + Math.fround(c! + d!));
    expect(sum[31_000]).toBe(expected);
    expect(numSlots(VIRTUAL_RANKS)).toBe(2);
  });

  it('copies the first virtual rank of a subtree whole and straight to its place', () => {
    const asked: [number, number][] = [];
    sumOf((data, v) => (v === 0 ? copiesOf(data, asked) : data));
    expect(asked).toEqual([
      [0, 20_000],
      [0, 13_333],
    ]);
  });
});
