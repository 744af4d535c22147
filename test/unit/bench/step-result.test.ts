import { describe, expect, it } from 'vitest';
import { median } from '../../../bench/median.js';
import { compareSteps, poolSamples } from '../../../bench/step/result.js';
import { shapesOf } from '../../../bench/step/sides.js';
import { formatTable } from '../../../bench/table.js';

const figures = (label: string, shape: 'process' | 'workers', imagesPerSecond: number, peakRssMb: number) => ({
  ...{ label, shape, imagesPerSecond, peakRssMb },
  isOurs: label === 'ours',
  version: '',
  secondsPerStep: 8 / imagesPerSecond,
  ...{ losses: [0.1, 1, 0.5], skippedSteps: 0 },
});

describe('the figures of the step benchmark', () => {
  it('takes the median over the steps of all rounds and the largest peak', () => {
    const side = { label: 'ours', isOurs: true, shape: 'process' as const };
    const rounds = [
      { version: 'v', seconds: [1, 2, 9], peakRssMb: 700, losses: [1, 2, 3], skippedSteps: 1, deviceUsedMb: 5 },
      { version: 'v', seconds: [2, 3, 2], peakRssMb: 900, losses: [3, 2, 1], skippedSteps: 2 },
    ];
    // 1 2 2 2 3 9: the middle two are 2 and 2; 8 images in 2 s.
    expect(poolSamples(side, 8, rounds)).toMatchObject({
      ...{ secondsPerStep: 2, imagesPerSecond: 4, peakRssMb: 900 },
      ...{ losses: [1, 2, 3], skippedSteps: 3, deviceUsedMb: 5, allocatedMb: undefined },
    });
    expect(median([4, 1])).toBe(2.5);
  });

  it("compares with the rival's better layout in the same shape, and the best with the best", () => {
    const rows = [
      figures('ours', 'process', 12, 500),
      figures('ours', 'workers', 15, 400),
      figures('torch', 'process', 4, 1000),
      figures('torch, channels last', 'process', 6, 1500),
      figures('torch', 'workers', 10, 600),
    ];
    expect(compareSteps(rows)).toEqual({
      speed: { process: 2, workers: 1.5 },
      memory: { process: 3, workers: 1.5 },
      bestSpeed: 1.5,
    });
  });

  it('compares the memory of the GPU where both sides told theirs', () => {
    const rows = [
      { ...figures('ours', 'process', 12, 500), deviceUsedMb: 400 },
      { ...figures('torch', 'process', 4, 1000), deviceUsedMb: 600 },
    ];
    expect(compareSteps(rows)?.memory).toEqual({ process: 1.5 });
    expect(compareSteps([rows[0]!, { ...rows[1]!, deviceUsedMb: undefined }])?.memory).toEqual({ process: 2 });
  });

  it('compares nothing when the rival did not run', () => {
    expect(compareSteps([figures('ours', 'process', 12, 500)])).toBeUndefined();
  });

  it('spreads the same threads over one process and over one worker each', () => {
    expect(shapesOf(2, 'both')).toEqual([
      { name: 'process', numProcesses: 1, threadsEach: 2, gpus: [] },
      { name: 'workers', numProcesses: 2, threadsEach: 1, gpus: [] },
    ]);
    expect(shapesOf(1, 'both')).toHaveLength(1);
  });

  it('gives the first GPU to one process and each GPU to a worker of its own', () => {
    expect(shapesOf(8, 'both', ['1', '3'])).toEqual([
      { name: 'process', numProcesses: 1, threadsEach: 8, gpus: ['1'] },
      { name: 'workers', numProcesses: 2, threadsEach: 4, gpus: ['1', '3'] },
    ]);
    expect(shapesOf(2, 'both', ['0'])).toHaveLength(1);
  });
});

describe('tables', () => {
  it('puts words left and numbers right', () => {
    expect(
      formatTable(
        ['name', 'images/s'],
        [
          ['a', '9.5'],
          ['long name', '10.25'],
        ],
      ),
    ).toBe('name       images/s\na               9.5\nlong name     10.25');
  });
});
