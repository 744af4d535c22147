import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeProfiles, profileOf } from '../../../worker/buckets/bucket-profile.js';
import { bestGrouping, predictDoneMs, type Stage } from '../../../worker/buckets/grouping.js';
import { fitLink, type LinkModel } from '../../../worker/buckets/link-model.js';
import { groupBuckets } from '../../../worker/reduced-vector.js';

/** All ways to write n as a sum in order. */
function compositions(n: number): number[][] {
  if (n === 0) return [[]];
  return Array.from({ length: n }, (_, i) => compositions(n - i - 1).map((rest) => [i + 1, ...rest])).flat();
}

describe('the link model', () => {
  it('finds latency and bandwidth from exact measurements', () => {
    const link = fitLink([1000, 4000, 9000].map((bytes) => ({ bytes, ms: 0.5 + bytes / 2000 })));
    expect(link.latencyMs).toBeCloseTo(0.5, 12);
    expect(link.msPerByte).toBeCloseTo(1 / 2000, 15);
  });

  it('has no negative part: not the latency …', () => {
    // The line of least squares through (1, 0), (2, 0.5), (3, 2) is x − 7/6; through the origin Σxy / Σx² = 7 / 14.
    const link = fitLink([0, 0.5, 2].map((ms, i) => ({ bytes: i + 1, ms })));
    expect(link).toEqual({ latencyMs: 0, msPerByte: 0.5 });
  });

  it('… and not the time per byte, also where all buckets have one size', () => {
    expect(
      fitLink([
        { bytes: 1, ms: 3 },
        { bytes: 2, ms: 1 },
      ]),
    ).toEqual({ latencyMs: 2, msPerByte: 0 });
    expect(
      fitLink([
        { bytes: 7, ms: 3 },
        { bytes: 7, ms: 1 },
      ]),
    ).toEqual({ latencyMs: 2, msPerByte: 0 });
  });
});

describe('the best grouping', () => {
  const link: LinkModel = { latencyMs: 2, msPerByte: 0.01 };

  it('joins what is ready at once, and sends early what would hold up the end', () => {
    // Big first stages are ready early, two tiny ones come together at 100.
    const stages = [
      { readyMs: 0, bytes: 3000 },
      { readyMs: 50, bytes: 3000 },
      { readyMs: 100, bytes: 10 },
      { readyMs: 100, bytes: 10 },
    ];
    const { numStages, doneMs } = bestGrouping(stages, link);
    expect(numStages).toEqual([1, 1, 2]);
    // 0 → 32; 50 → 82; 100 → 100 + 2 + 0.2.
    expect(doneMs).toBeCloseTo(102.2, 9);
  });

  it('is one bucket where a bucket costs more than sending', () => {
    const stages = [0, 1, 2, 3].map((readyMs) => ({ readyMs, bytes: 10 }));
    expect(bestGrouping(stages, { latencyMs: 50, msPerByte: 0.001 }).numStages).toEqual([4]);
  });

  it('costs no more than any other grouping', () => {
    const stage = fc.record({ gapMs: fc.integer({ min: 0, max: 40 }), bytes: fc.integer({ min: 1, max: 5000 }) });
    const links = fc.record({ latencyMs: fc.integer({ min: 0, max: 20 }), msPerByte: fc.constantFrom(0, 0.001, 0.01) });
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 7 }), links, (gaps, someLink) => {
        let readyMs = 0;
        const stages = gaps.map(({ gapMs, bytes }): Stage => {
          readyMs += gapMs;
          return { readyMs, bytes };
        });
        const best = bestGrouping(stages, someLink);
        expect(predictDoneMs(stages, best.numStages, someLink)).toBeCloseTo(best.doneMs, 9);
        const cost = (counts: readonly number[]): number =>
          predictDoneMs(stages, counts, someLink) + counts.length * someLink.latencyMs;
        const least = Math.min(...compositions(stages.length).map(cost));
        expect(cost(best.numStages)).toBeCloseTo(least, 9);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('copes with more stages than it would ever make buckets', () => {
    const stages = Array.from({ length: 100 }, (_, i) => ({ readyMs: i, bytes: 1 }));
    const { numStages } = bestGrouping(stages, { latencyMs: 0, msPerByte: 0.5 });
    expect(numStages.reduce((a, b) => a + b, 0)).toBe(100);
    expect(numStages.length).toBeLessThanOrEqual(64);
  });
});

describe('profiles of buckets', () => {
  it('measure from the first bucket, and a transfer from when the link was free', () => {
    const rounds = [0, 1000, 2000].map((start, i) => ({
      // The third round is slow, which medians do not see.
      bucketReadyMs: [start, start + 10, start + 20 + (i === 2 ? 500 : 0)],
      bucketDoneMs: [start + 5, start + 22, start + 30 + (i === 2 ? 900 : 0)],
    }));
    // Bucket 2 is ready at 20, but bucket 1 is done at 22 only: 30 − 22.
    expect(profileOf(rounds)).toEqual({ readyMs: [0, 10, 20], transferMs: [5, 12, 8] });
  });

  it('of all ranks: the slowest is ready last, and who was ready last measured the transfer itself', () => {
    const { stages, transfers } = mergeProfiles(
      [
        { readyMs: [0, 30, 25], transferMs: [9, 1, 4] },
        { readyMs: [0, 10, 20], transferMs: [2, 21, 6] },
      ],
      [400, 800, 100],
    );
    expect(stages).toEqual([
      { readyMs: 0, bytes: 400 },
      { readyMs: 30, bytes: 800 },
      // Never before the stage ahead of it.
      { readyMs: 30, bytes: 100 },
    ]);
    expect(transfers.map(({ ms }) => ms)).toEqual([2, 1, 4]);
  });
});

describe('joining buckets', () => {
  it('keeps every element and every name in its place', () => {
    const buckets = [
      { offset: 0, length: 5, names: ['a', 'b'] },
      { offset: 5, length: 2, names: ['c'] },
      { offset: 7, length: 9, names: [] },
    ];
    expect(groupBuckets(buckets, [1, 2])).toEqual([buckets[0], { offset: 5, length: 11, names: ['c'] }]);
    expect(groupBuckets(buckets, [1, 1, 1])).toEqual(buckets);
  });
});
