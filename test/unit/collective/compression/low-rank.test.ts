import { describe, expect, it } from 'vitest';
import { LowRankAllReduce } from '../../../../worker/collective/compression/low-rank.js';
import { innerBuckets, planLowRank } from '../../../../worker/collective/compression/low-rank-plan.js';
import { orthonormalise } from '../../../../worker/collective/compression/orthogonal.js';
import type { VectorLayout } from '../../../../worker/collective/plan.js';
import { openSums } from '../../../support/memory-sums.js';
import { seededRandom } from '../../../support/random.js';

// A bias of 5, a filter of 12 × 8 and one of 20 × 6, three statistics.
const TENSORS = [
  { offset: 0, length: 5, columns: 5 },
  { offset: 5, length: 96, columns: 8 },
  { offset: 101, length: 120, columns: 6 },
];
const LENGTH = 224;
const BUCKETS = [
  { offset: 0, length: 101 },
  { offset: 101, length: 123 },
];
const layout = (virtualRanks: number): VectorLayout => ({ length: LENGTH, buckets: BUCKETS, virtualRanks });

function vector(seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: LENGTH }, () => random() - 0.5);
}

function openRanks(worldSize: number, virtualRanks: number, rank: number): LowRankAllReduce[] {
  const open = openSums(worldSize);
  return Array.from(
    { length: worldSize },
    (_, r) =>
      new LowRankAllReduce({
        layout: layout(virtualRanks),
        tensors: TENSORS,
        rank,
        seed: 1,
        open: (inner) => open(r, inner),
      }),
  );
}

/** One step of all ranks; returns their results. */
async function step(ranks: readonly LowRankAllReduce[], vectorOf: (virtualRank: number) => Float32Array) {
  return Promise.all(
    ranks.map(async (allReduce) => {
      for (let v = allReduce.virtualRange.begin; v < allReduce.virtualRange.end; v++) {
        const whole = vectorOf(v);
        for (const [bucket, { offset, length }] of BUCKETS.entries()) {
          allReduce.add(v, offset, whole.subarray(offset, offset + length));
          allReduce.bucketReady(v, bucket);
        }
      }
      const stats = await allReduce.wait();
      return { sum: allReduce.result.slice(), stats };
    }),
  );
}

const total = (count: number, vectorOf: (virtualRank: number) => Float32Array): number[] =>
  Array.from({ length: LENGTH }, (_, i) =>
    Array.from({ length: count }, (__, v) => vectorOf(v)[i]!).reduce((a, b) => a + b),
  );

describe('the plan of PowerSGD', () => {
  it('replaces matrices by room for a factor where both factors are at most half of it', () => {
    // Rank 2: 2·(12 + 8) = 40 ≤ 48 and 2·(20 + 6) = 52 ≤ 60; a bias is one row: 2·(1 + 5) > 2.5.
    const { pieces, innerLength } = planLowRank(LENGTH, TENSORS, 2);
    expect(pieces.map(({ matrix, innerOffset }) => [innerOffset, matrix])).toEqual([
      [0, undefined],
      [5, { rows: 12, columns: 8, rank: 2 }],
      [29, { rows: 20, columns: 6, rank: 2 }],
      [69, undefined],
    ]);
    expect(innerLength).toBe(5 + 2 * 12 + 2 * 20 + 3);
    expect(innerBuckets({ pieces, innerLength }, BUCKETS)).toEqual([
      { offset: 0, length: 29 },
      { offset: 29, length: 43 },
    ]);
    // Rank 3: 3·20 > 48 and 3·26 > 60.
    expect(planLowRank(LENGTH, TENSORS, 3).innerLength).toBe(LENGTH);
  });
});

describe('orthonormalise', () => {
  it('gives unit vectors at right angles that span the same', () => {
    const vectors = Float32Array.of(3, 4, 0, 1, 1, 1);
    orthonormalise(vectors, 3);
    // (1,1,1) − 7/5·(3/5, 4/5, 0) = (4, −3, 25)/25, of length √650/25.
    const expected = [0.6, 0.8, 0, 4 / Math.sqrt(650), -3 / Math.sqrt(650), 25 / Math.sqrt(650)];
    for (const [i, value] of vectors.entries()) expect(value).toBeCloseTo(expected[i]!, 6);
  });

  it('makes zeros of vectors that depend on others or are no numbers', () => {
    const vectors = Float32Array.of(1, 2, 2, 4, Number.NaN, 1);
    orthonormalise(vectors, 2);
    expect([...vectors.subarray(2)]).toEqual([0, 0, 0, 0]);
  });
});

describe('PowerSGD', () => {
  it('is exact for what is not compressed', async () => {
    const ranks = openRanks(2, 3, 2);
    const results = await step(ranks, vector);
    const expected = total(3, vector);
    for (const { sum } of results) {
      for (const i of [0, 1, 2, 3, 4, 221, 222, 223]) expect(sum[i]).toBeCloseTo(expected[i]!, 6);
    }
  });

  it('finds gradients of its rank at once, up to float32 rounding', async () => {
    const ranks = openRanks(2, 2, 2);
    // Each matrix is the sum over both ranks of two products of vectors, so it has rank two.
    const gradient = (v: number): Float32Array => {
      const random = seededRandom(v);
      const values = new Float32Array(LENGTH);
      for (const { offset, length, columns } of TENSORS.slice(1)) {
        const a = Array.from({ length: length / columns }, () => random() - 0.5);
        const b = Array.from({ length: columns }, () => random() - 0.5);
        for (let i = 0; i < length; i++) values[offset + i] = a[Math.floor(i / columns)]! * b[i % columns]!;
      }
      return values;
    };
    const [{ sum, stats } = { sum: new Float32Array(0), stats: undefined }] = await step(ranks, gradient);
    const expected = total(2, gradient);
    for (let i = 0; i < LENGTH; i++) expect(sum[i]).toBeCloseTo(expected[i]!, 5);
    expect(stats!.compression!.signal).toBeGreaterThan(0);
  });

  it('leaves all ranks with the same bytes, and keeps what the sums lack, step after step', async () => {
    const ranks = openRanks(3, 4, 2);
    const lacking = new Float64Array(LENGTH);
    for (let round = 0; round < 25; round++) {
      const gradient = (v: number): Float32Array => vector(round * 10 + v);
      const results = await step(ranks, gradient);
      for (const { sum } of results) expect(sum).toEqual(results[0]!.sum);
      const expected = total(4, gradient);
      for (let i = 0; i < LENGTH; i++) lacking[i]! += expected[i]! - results[0]!.sum[i]!;
    }
    for (let i = 5; i < 221; i++) {
      const kept = ranks.reduce((sum, { compressionState }) => sum + compressionState.residuals[0]![i]!, 0);
      // Some hundred float32 operations on numbers below 10.
      expect(Math.abs(kept - lacking[i]!)).toBeLessThan(1e-3);
    }
  });

  it('goes on from a saved state as if it had not stopped', async () => {
    const whole = openRanks(2, 2, 2);
    for (let round = 0; round < 3; round++) await step(whole, (v) => vector(round * 10 + v));
    const resumed = openRanks(2, 2, 2);
    for (const [rank, { compressionState }] of resumed.entries()) {
      const saved = whole[rank]!.compressionState;
      compressionState.residuals[0]!.set(saved.residuals[0]!);
      compressionState.shared[0]!.set(saved.shared[0]!);
    }
    const expected = await step(whole, (v) => vector(30 + v));
    const found = await step(resumed, (v) => vector(30 + v));
    expect(found[0]!.sum).toEqual(expected[0]!.sum);
  });

  it('recovers after a step that was not finite', async () => {
    const ranks = openRanks(2, 2, 2);
    await step(ranks, (v) => vector(v).fill(v === 0 ? Number.NaN : 1));
    const results = await step(ranks, vector);
    expect([...results[0]!.sum].every(Number.isFinite)).toBe(true);
    expect(results[1]!.sum).toEqual(results[0]!.sum);
  });
});
