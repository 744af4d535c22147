import { describe, expect, it } from 'vitest';
import { emptyRow, makeRow, mergeMoments, mergeSums } from '../../../worker/sync-batch-norm/merge.js';

/** Mean and variance divided by n − 1, as an engine gives them. */
function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, variance: squares / Math.max(values.length - 1, 1) };
}

/** One channel per list. */
function row(...channels: readonly (readonly number[])[]): Float64Array {
  const all = channels.map(moments);
  return makeRow(
    channels[0]!.length,
    all.map(({ mean }) => mean),
    all.map(({ variance }) => variance),
  );
}

describe('merging moments', () => {
  it('gives mean and both variances of all values together', () => {
    // 1, 2, 3, 6: mean 3, deviations −2, −1, 0, 3, squares 14 → 14/4 and 14/3. 10, 10, 10, 10: no variance.
    const merged = mergeMoments([row([1, 2], [10, 10]), row([3, 6], [10, 10])]);
    expect([...merged]).toEqual([3, 10, 3.5, 0, 14 / 3, 0]);
  });

  it('counts virtual ranks by their values and leaves out those without images', () => {
    // 1, 2, 3 | none | 7 | none: mean 13/4; deviations −2.25, −1.25, −0.25, 3.75; squares 20.75.
    const merged = mergeMoments([row([1, 2, 3]), emptyRow(1), row([7]), emptyRow(1)]);
    expect(merged[0]).toBeCloseTo(3.25, 14);
    expect(merged[1]).toBeCloseTo(20.75 / 4, 14);
    expect(merged[2]).toBeCloseTo(20.75 / 3, 14);
  });

  it('keeps a small variance around a large mean', () => {
    // Σx² would be 4e16, which leaves nothing of a variance of 1.
    const merged = mergeMoments([row([1e8 - 1, 1e8 + 1]), row([1e8 - 1, 1e8 + 1])]);
    expect([...merged]).toEqual([1e8, 1, 4 / 3]);
  });

  it('treats a single value as the engines do', () => {
    expect([...mergeMoments([row([5])])]).toEqual([5, 0, 0]);
  });
});

describe('merging sums', () => {
  it('divides by the values of all virtual ranks', () => {
    // (1 + 5) / (2 + 4) and (3 + 9) / 6.
    expect([...mergeSums([makeRow(2, [1], [3]), makeRow(4, [5], [9])])]).toEqual([1, 2]);
  });

  it('adds along the tree over virtual ranks, not from left to right', () => {
    // (1 + 1e16) + (−1e16 + 1): both ones are lost, so 0. From left to right the last one would survive.
    const rows = [1, 1e16, -1e16, 1].map((value) => makeRow(1, [value], [0]));
    expect(mergeSums(rows)[0]).toBe(0);
  });
});
