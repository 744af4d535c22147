import { describe, expect, it } from 'vitest';
import { ClockExchange } from '../../../worker/trace/clock-exchange.js';
import { estimateOffset, offsetsToRankZero } from '../../../worker/trace/clock-offset.js';

describe('estimating the distance of two clocks', () => {
  it('takes the answer with the shortest round trip', () => {
    // The other clock is 1000 ahead. The slow answer spent 9 of its 10 ms on the way back: (0 + 10) / 2 = 5, but it was read at 1.
    const slow = { askedMs: 0, answeredMs: 10, otherMs: 1001 };
    const quick = { askedMs: 20, answeredMs: 20.5, otherMs: 1020.2 };
    const estimate = estimateOffset([slow, quick]);
    expect(estimate.offsetMs).toBeCloseTo(999.95, 9);
    expect(estimate.roundTripMs).toBe(0.5);
    // The truth is never further away than half the round trip.
    expect(Math.abs(estimate.offsetMs - 1000)).toBeLessThanOrEqual(estimate.roundTripMs / 2);
    expect(Math.abs(estimateOffset([slow]).offsetMs - 1000)).toBeLessThanOrEqual(5);
  });

  it('takes clocks for one when nobody answered, and says that this is not known', () => {
    expect(estimateOffset([])).toEqual({ offsetMs: 0, roundTripMs: Number.POSITIVE_INFINITY });
  });

  it('gives all ranks of a host the best of their estimates, and moves none of the ranks on the host of rank 0', () => {
    const clocks = [
      { hostId: 'a', offsetMs: 0.3, roundTripMs: 2 },
      { hostId: 'b', offsetMs: -50, roundTripMs: 1 },
      { hostId: 'a', offsetMs: 0.1, roundTripMs: 0.5 },
      { hostId: 'b', offsetMs: -51, roundTripMs: 4 },
    ];
    // Host b: −50 − 0.1, from the estimates with round trips of 1 and 0.5.
    expect(offsetsToRankZero(clocks)).toEqual([0, -50.1, 0, -50.1]);
  });
});

describe('asking for the time', () => {
  it('asks again as soon as an answer is there, and ignores answers to older questions', async () => {
    const asked: number[] = [];
    const exchange: ClockExchange = new ClockExchange((askedMs) => {
      asked.push(askedMs);
      // The other clock is 3000 ms ahead.
      queueMicrotask(() => {
        exchange.receive(askedMs - 1, -1e6);
        exchange.receive(askedMs, askedMs + 3000);
      });
    });
    const { offsetMs, roundTripMs } = await exchange.measure();
    expect(asked.length).toBeGreaterThan(1);
    // The answer is as old as its question, so the estimate is half a round trip too small.
    expect(offsetMs).toBeCloseTo(3000 - roundTripMs / 2, 6);
  });
});
