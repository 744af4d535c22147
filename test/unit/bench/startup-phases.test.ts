import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startPhases } from '../../../bench/startup/phases.js';
import { type Milestones, milestone, writeMilestones } from '../../../proto/telemetry/milestones.js';

describe('the phases of a start', () => {
  it('are the launcher’s and those of the worker that was last, on one clock', () => {
    const worker = (startedMs: number, engine: number, step: number): Milestones => ({
      startedMs,
      marks: [
        { name: 'engine', atMs: engine },
        { name: 'first step', atMs: step },
      ],
    });
    const phases = startPhases({
      startedMs: 1000,
      launcher: { startedMs: 1010, marks: [{ name: 'workers started', atMs: 1500 }] },
      workers: [worker(1600, 2000, 3000), worker(1550, 2500, 4000)],
    });
    // Rank 1 finished last: 1500 − 1000, 1550 − 1500, 2500 − 1550, 4000 − 2500 ms.
    expect(phases).toEqual([
      { process: 'launcher', name: 'workers started', seconds: 0.5, untilSeconds: 0.5 },
      { process: 'worker', name: 'process', seconds: 0.05, untilSeconds: 0.55 },
      { process: 'worker', name: 'engine', seconds: 0.95, untilSeconds: 1.5 },
      { process: 'worker', name: 'first step', seconds: 1.5, untilSeconds: 3 },
    ]);
  });
});

describe('milestones', () => {
  it('are written where the environment names a folder, and nowhere else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-milestones-'));
    try {
      milestone('here');
      writeMilestones('rank-0', {});
      expect(readdirSync(folder)).toEqual([]);
      writeMilestones('rank-0', { LOCKSTEP_MILESTONES: folder });
      expect(readdirSync(folder)).toEqual(['rank-0.json']);
      const { startedMs, marks } = JSON.parse(readFileSync(join(folder, 'rank-0.json'), 'utf8')) as Milestones;
      expect(marks.map(({ name }) => name)).toContain('here');
      expect(marks.every(({ atMs }) => atMs >= startedMs)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
