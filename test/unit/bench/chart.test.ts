import { describe, expect, it } from 'vitest';
import { lineCharts } from '../../../bench/chart.js';

const chart = { title: 'a < b', xLabel: 'x', yLabel: 'y' };

describe('line charts', () => {
  it('put the smallest and largest point on the borders of the plot', () => {
    const points = [[0, 0] as const, [10, 5] as const];
    // Left 72, right 860 − 220 = 640, bottom 360 − 48 = 312, top 36.
    expect(lineCharts([{ ...chart, series: [{ name: 's', color: 'red', points }] }])).toContain(
      'points="72.0,312.0 640.0,36.0"',
    );
  });

  it('leave zeros out of a logarithmic axis', () => {
    const points = [[0, 0] as const, [1, 1e-3] as const, [2, 1] as const];
    expect(lineCharts([{ ...chart, logY: true, series: [{ name: 's', color: 'red', points }] }])).toContain(
      'points="356.0,312.0 640.0,36.0"',
    );
  });

  it('escape what would be markup', () => {
    expect(lineCharts([{ ...chart, series: [{ name: 's', color: 'red', points: [[0, 1]] }] }])).toContain('a &lt; b');
  });
});
