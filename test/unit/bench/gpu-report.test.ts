import { describe, expect, it } from 'vitest';
import { closeOverPackages } from '../../../bench/gpu/packages.js';
import { fixedSeconds, type GpuResults, readWork, reportOf } from '../../../bench/gpu/report.js';

describe('the packages that go to another machine', () => {
  it('are those that are needed, each where Node finds it', () => {
    const packages = {
      '': { dependencies: { a: '1' } },
      'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { '@x/c': '1' } },
      'node_modules/a/node_modules/b': { dependencies: { d: '1' } },
      'node_modules/b': { dependencies: { e: '1' } },
      'node_modules/@x/c': {},
      'node_modules/d': { dependencies: { a: '1', missing: '1' } },
      'node_modules/e': {},
    };
    // The nested b hides the outer one, which alone needs e; a circle ends; what the lock file lacks is left out.
    expect(closeOverPackages(packages, ['a'])).toEqual([
      'node_modules/@x/c',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/d',
    ]);
    expect(closeOverPackages(packages, ['b'])).toEqual(['node_modules/b', 'node_modules/e']);
  });
});

describe('the share of a step that does not grow with its images', () => {
  it('is what the line through two batch sizes leaves at none', () => {
    // 0.3 s and 0.7 s of computing for 64 images: 0.3 + 0.7 / 4 = 0.475 s for 16.
    expect(fixedSeconds(1, 0.475)).toBeCloseTo(0.3, 12);
    expect(fixedSeconds(1, 0.25)).toBe(0);
    // Noise makes it neither negative nor more than the whole.
    expect(fixedSeconds(1, 0.2)).toBe(0);
    expect(fixedSeconds(1, 1.1)).toBe(1);
  });
});

describe('the report of a GPU', () => {
  it('reads what to measure', () => {
    expect(readWork('/a:b/tiny.yaml:64x640')).toEqual({ cfg: '/a:b/tiny.yaml', batch: 64, img: 640 });
    for (const text of ['tiny', 'tiny:64', 'tiny:0x640', ':64x640']) {
      expect(() => readWork(text), text).toThrowError(expect.objectContaining({ code: 'CONFIG_USAGE' }));
    }
  });

  it("shows the rival's better layout, and leaves out what was not measured", () => {
    const row = (label: string, imagesPerSecond: number) => ({
      label,
      isOurs: label === 'Lockstep',
      imagesPerSecond,
      skippedSteps: 0,
    });
    const results: GpuResults = {
      device: 'NVIDIA L4, driver 550.54.15',
      parts: {
        device: 'TensorFlow 2.21.0',
        copies: 'failed: LAUNCH_BENCH_PROCESS: copies.js was ended after 280 s:\nlast line',
      },
      steps: [
        {
          work: { cfg: 'yolov3-tiny', batch: 64, img: 640 },
          precision: 'fp16/on',
          whole: {
            imagesPerSecond: 64,
            secondsPerStep: 1,
            phases: { forward_backward: 0.9, optimizer: 0.0123 },
            rows: [
              { ...row('Lockstep', 64), deviceUsedMb: 9000, skippedSteps: 3 },
              { ...row('PyTorch', 30), deviceUsedMb: 7000, allocatedMb: 6500 },
              { ...row('PyTorch, channels last', 40), deviceUsedMb: 8000, allocatedMb: 7500 },
            ],
            ratios: { bestSpeed: 1.6 },
          },
          quarter: { imagesPerSecond: 33.7, secondsPerStep: 0.475, rows: [] },
        },
      ],
      copies: [],
    };
    const text = reportOf(results);
    expect(text).toMatch(/yolov3-tiny 64×640\s+fp16\/on\s+64\.0\s+40\.0\s+1\.60\s+9000\s+8000\s+7500\s+30\s+3\n/);
    expect(text).toMatch(/fp16\/on\s+optimizer\s+12\.3\n/);
    expect(text).toContain('- copies: failed: LAUNCH_BENCH_PROCESS');
    expect(text).not.toContain('ms to the host');
  });
});
