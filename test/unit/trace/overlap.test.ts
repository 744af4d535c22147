import { describe, expect, it } from 'vitest';
import { without } from '../../../worker/trace/intervals.js';
import { OverlapSum, overlapOf } from '../../../worker/trace/overlap.js';

const waited = (beginMs: number, endMs: number) => ({ beginMs, endMs });

describe('the hidden share of an all-reduce', () => {
  it('is what remains of the time under way without the wait', () => {
    // Buckets 10–40 and 30–60, then 80–100: under way 50 + 20. Waited 55–58 and not in the gap: 3 of it.
    const overlap = overlapOf([10, 30, 80], [40, 60, 100], waited(55, 58));
    expect(overlap.inFlightSeconds).toBeCloseTo(0.07, 12);
    expect(overlap.hiddenSeconds).toBeCloseTo(0.067, 12);
  });

  it('does not count waiting while nothing was under way, and counts a bucket within another one once', () => {
    // Under way 0–20 and 50–60. Waited 10–55: 10 of the first and 5 of the second.
    const overlap = overlapOf([0, 5, 50], [20, 15, 60], waited(10, 55));
    expect(overlap.inFlightSeconds).toBeCloseTo(0.03, 12);
    expect(overlap.hiddenSeconds).toBeCloseTo(0.015, 12);
  });

  it('is everything where the main thread came after the end, and nothing where it waited from the beginning', () => {
    expect(overlapOf([0], [10], waited(12, 12))).toEqual({ inFlightSeconds: 0.01, hiddenSeconds: 0.01 });
    expect(overlapOf([5], [10], waited(4, 11))).toEqual({ inFlightSeconds: 0.005, hiddenSeconds: 0 });
  });

  it('adds up over steps by time, not by step, and is not known where nothing was ever under way', () => {
    const sum = new OverlapSum();
    expect(sum.hiddenShare).toBeUndefined();
    sum.add({ inFlightSeconds: 1, hiddenSeconds: 1 });
    sum.add({ inFlightSeconds: 3, hiddenSeconds: 0 });
    expect(sum.hiddenShare).toBe(0.25);
  });
});

describe('subtracting intervals', () => {
  it('cuts out what is covered, also where one interval covers several', () => {
    const rest = without(
      [waited(0, 10), waited(20, 30), waited(40, 50)],
      [waited(2, 3), waited(5, 22), waited(25, 26), waited(39, 60)],
    );
    expect(rest).toEqual([waited(0, 2), waited(3, 5), waited(22, 25), waited(26, 30)]);
  });
});
