import { describe, expect, it } from 'vitest';
import { convergenceCharts, lossTables } from '../../../bench/losses/report.js';
import { mean, sampleDeviation } from '../../../bench/losses/statistics.js';

const epoch = (map: number) => ({ map, ap50: 0.5, ap65: 0.4, ap75: 0.3, ap80: 0.2, ap90: 0.1 });

describe('the table of losses', () => {
  it('has means and sample deviations', () => {
    expect(mean([1, 2, 6])).toBe(3);
    // ((−2)² + (−1)² + 3²) / 2 = 7
    expect(sampleDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12);
    expect(sampleDeviation([5])).toBe(0);
  });

  const runs = [
    { loss: 'iou' as const, seed: 0, epochs: [epoch(0.1), epoch(0.2)] },
    { loss: 'iou' as const, seed: 1, epochs: [epoch(0.1), epoch(0.3)] },
    { loss: 'sca' as const, seed: 0, epochs: [epoch(0.1), epoch(0.25)] },
    { loss: 'sca' as const, seed: 1, epochs: [epoch(0.2), epoch(0.37)] },
  ];

  it('takes the last epoch of each run', () => {
    expect(lossTables(runs)).toContain('| IoU | 2 | 25.0 ± 7.1 | 50.0 ± 0.0 |');
  });

  it('compares with IoU seed by seed, so that what the seeds share does not count as spread', () => {
    // 25 − 20 = 5 and 37 − 30 = 7: mean 6, deviation √2
    expect(lossTables(runs)).toContain('| SCA | +6.0 ± 1.4 |');
  });

  it('draws the mean over the seeds and the range that they span', () => {
    const sca = convergenceCharts(runs)[0]!.series.find(({ name }) => name === 'SCA')!;
    expect(sca.points.map(([x, y]) => [x, Math.round(y)])).toEqual([
      [1, 15],
      [2, 31],
    ]);
    expect(sca.band).toEqual([
      [10, 20],
      [25, 37],
    ]);
  });
});
