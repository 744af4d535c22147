import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../configs/run-config.js';
import { DataWait, dataWaitLine } from '../../../coordinator/data-wait.js';
import { createMetrics } from '../../../coordinator/metrics.js';
import { Progress } from '../../../coordinator/progress.js';
import { Terminal } from '../../../coordinator/terminal.js';

const step = (rank: number, epoch: number, stepSeconds: number, waitSeconds: number) => ({
  rank,
  epoch,
  stepSeconds,
  phases: [
    { phase: 'data_wait', seconds: waitSeconds },
    { phase: 'allreduce_wait', seconds: 0.1 },
  ],
});

describe('the share of time spent waiting for data', () => {
  it('is that of all steps of all ranks of an epoch, and of each rank', () => {
    const waits = new DataWait();
    waits.add(step(0, 2, 9, 9));
    waits.add(step(0, 3, 2, 0.1));
    waits.add(step(0, 3, 2, 0));
    waits.add(step(1, 3, 4, 0.3));
    // The earlier epoch is forgotten; (0.1 + 0.3) of 8 s, 0.1 of 4 s, 0.3 of 4 s.
    expect(waits.of(2)).toBeUndefined();
    const wait = waits.of(3)!;
    expect(wait.share).toBeCloseTo(0.05, 12);
    expect([...wait.byRank.keys()]).toEqual([0, 1]);
    expect([...wait.byRank.values()].map((share) => share.toFixed(3))).toEqual(['0.025', '0.075']);
    expect(dataWaitLine(3, wait)).toBe('epoch 3: waited for data 5.0% of the step time (rank 1: 7.5%)');
  });

  it('names no rank where there is one, and says nothing without steps', () => {
    const waits = new DataWait();
    expect(waits.of(0)).toBeUndefined();
    waits.add(step(0, 0, 4, 0.001));
    expect(dataWaitLine(0, waits.of(0)!)).toBe('epoch 0: waited for data 0.0% of the step time');
  });

  it('is printed and measured at the end of each epoch', async () => {
    const written: string[] = [];
    const stream = { isTTY: false, columns: 80, write: (text: string) => void written.push(text) };
    const progress = new Progress(new Terminal({ stream, runId: 'r', logFormat: 'pretty', progress: 'auto' }), 4);
    const config = { runId: 'r', saveDir: '/r', worldSize: 2, epochs: 4, data: { yaml: 'd' } } as unknown as RunConfig;
    const { registry, observe } = createMetrics(config, '0');
    for (const watch of [progress.observe, observe]) {
      for (const report of [step(0, 1, 2, 0.02), step(1, 1, 2, 0.1)]) watch({ kind: 'step', report });
      watch({ kind: 'epoch', report: { epoch: 1, validated: false } });
    }
    expect(written.join('')).toContain('epoch 1: waited for data 3.0% of the step time (rank 1: 5.0%)\n');
    const metrics = await registry.metrics();
    expect(metrics).toContain('lockstep_data_wait_ratio{rank="0"} 0.01');
    expect(metrics).toContain('lockstep_data_wait_ratio{rank="1"} 0.05');
  });
});
