import { describe, expect, it } from 'vitest';
import { meanPhases, relate, stepSeconds } from '../../../bench/scaling/efficiency.js';

const sample = (seconds: number[], phases: Record<string, number>) => ({
  ...{ version: '', seconds, peakRssMb: 0, phases },
  ...{ losses: [], skippedSteps: 0 },
});

describe('scaling', () => {
  it('relates the speed of several workers to as many times that of one', () => {
    // 3 s alone; 2 × 1.875 s together: 3 / 3.75 = 0.8. Without exchange 2 × 1.6 s: 3 / 3.2.
    expect(relate({ alone: 3, together: 1.875, apart: 1.6 }, 2)).toMatchObject({ efficiency: 0.8, ceiling: 0.9375 });
  });

  it('pools steps and averages phases over rounds', () => {
    const samples = [sample([1, 5, 2], { ema: 0.1 }), sample([3, 4], { ema: 0.3, optimizer: 0.2 })];
    expect(stepSeconds(samples)).toBe(3);
    expect(meanPhases(samples)).toEqual({ ema: 0.2, optimizer: 0.1 });
  });
});
