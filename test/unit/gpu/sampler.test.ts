import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { rankOfGpu, registerGpuMetrics } from '../../../coordinator/gpu/metrics.js';
import { type GpuFigures, parseFigures } from '../../../coordinator/gpu/query.js';
import { GpuSampler } from '../../../coordinator/gpu/sampler.js';
import { Deferred } from '../../../proto/lifecycle.js';
import { useTempFolder } from '../../support/temp-folder.js';

const ROW = '0, GPU-aa, 87, 40536, 81559, 412.52, 61, 1980, 2619';

describe('a row of nvidia-smi', () => {
  it('comes in base units', () => {
    expect(parseFigures(ROW)).toEqual({
      index: 0,
      uuid: 'GPU-aa',
      utilization: 0.87,
      memoryUsedBytes: 40_536 * 1024 * 1024,
      memoryTotalBytes: 81_559 * 1024 * 1024,
      powerWatts: 412.52,
      temperatureCelsius: 61,
      smClockHertz: 1.98e9,
      memoryClockHertz: 2.619e9,
    });
  });

  it('leaves out what the driver does not tell', () => {
    const figures = parseFigures('3, GPU-bb, [N/A], 1 MiB, [Not Supported], [Unknown Error], 35 C, N/A, ERR!');
    expect(figures).toMatchObject({ index: 3, memoryUsedBytes: 1024 * 1024, temperatureCelsius: 35 });
    expect(Object.values(figures!).filter((value) => value === undefined)).toHaveLength(5);
  });

  it.each([
    // A GPU in MIG mode; a laptop's, in a virtual machine; a driver that writes units and pads.
    ['0, GPU-aa, [N/A], 40536, 81559, 412.52, 61, 1980, 2619', ['utilization']],
    [
      '0, GPU-aa, 3, 512, 4096, [Not Supported], 48, [Not Supported], [Not Supported]',
      ['powerWatts', 'smClockHertz', 'memoryClockHertz'],
    ],
    [' 0,  GPU-aa,  87 %,  40536 MiB,  81559 MiB,  412.52 W,  61,  1980 MHz,  2619 MHz ', []],
    [
      '0, GPU-aa, 87, [Insufficient Permissions], [GPU requires reset], 412.52, 61, 1980, 2619',
      ['memoryUsedBytes', 'memoryTotalBytes'],
    ],
  ])('reads %j without %j', (line, missing) => {
    const figures = Object.entries(parseFigures(line)!);
    expect(figures.filter(([, value]) => value === undefined).map(([name]) => name)).toEqual(missing);
    expect(figures.some(([, value]) => Number.isNaN(value))).toBe(false);
  });

  it.each([
    '',
    'index, uuid, utilization.gpu [%]',
    'No devices were found',
    '0, GPU-aa, 87',
    'Unable to determine…',
    'Failed to initialize NVML: Driver/library version mismatch',
    '[N/A], GPU-aa, 87, 40536, 81559, 412.52, 61, 1980, 2619',
    '0, MIG-41b3359c, 87, 40536, 81559, 412.52, 61, 1980, 2619',
  ])('is not seen in %j', (line) => {
    expect(parseFigures(line)).toBeUndefined();
  });
});

describe('GPU metrics', () => {
  const figures = parseFigures(ROW)!;

  it('carry the rank that computes on the GPU, whether it was named by index or by UUID', async () => {
    for (const devices of [
      ['1', '0'],
      ['GPU-bb', 'GPU-a'],
    ]) {
      const registry = new Registry();
      registerGpuMetrics(registry, rankOfGpu(devices, 4))(figures);
      const text = await registry.metrics();
      expect(text).toContain('lockstep_gpu_utilization_ratio{gpu="0",uuid="GPU-aa",rank="5"} 0.87');
      expect(text).toContain('lockstep_gpu_power_watts{gpu="0",uuid="GPU-aa",rank="5"} 412.52');
    }
  });

  it('say nothing about GPUs that the run leaves alone, and drop figures that are no longer told', async () => {
    const registry = new Registry();
    const set = registerGpuMetrics(registry, rankOfGpu(['0'], 0));
    set({ ...figures, index: 1, uuid: 'GPU-other' });
    expect(await registry.metrics()).not.toContain('GPU-other');
    set(figures);
    set({ ...figures, powerWatts: undefined });
    const text = await registry.metrics();
    expect(text).not.toContain('lockstep_gpu_power_watts{');
    expect(text).toContain('lockstep_gpu_temperature_celsius{gpu="0",uuid="GPU-aa",rank="0"} 61');
  });
});

describe('the GPU sampler', () => {
  const inFolder = useTempFolder();

  /** Puts a shell script in place of nvidia-smi and returns an environment that finds it. */
  function fake(name: string, script: string): NodeJS.ProcessEnv {
    mkdirSync(inFolder(name));
    writeFileSync(inFolder(name, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${inFolder(name)}:${process.env.PATH}` };
  }

  it('hands on rows as they come and ends its process with it', async () => {
    const env = fake('rows', `echo a header; echo "${ROW}"; exec sleep 100`);
    const got = new Deferred<GpuFigures>();
    const sampler = GpuSampler.start({ onFigures: (figures) => got.resolve(figures), intervalSeconds: 2, env });
    expect(await got.promise).toMatchObject({ index: 0, powerWatts: 412.52 });
    sampler.close();
    sampler.close();
    await sampler.ended;
  });

  it('ends one that hangs and never said anything', async () => {
    const mark = inFolder('hanging');
    const sampler = GpuSampler.start({
      onFigures: () => expect.unreachable(),
      env: fake('hangs', `echo $$ > ${mark}.new; mv ${mark}.new ${mark}; trap '' TERM; exec sleep 100`),
    });
    const pid = await vi.waitFor(() => Number(readFileSync(mark, 'utf8')), { timeout: 20_000 });
    sampler.close();
    await sampler.ended;
    expect(() => process.kill(pid, 0)).toThrowError(expect.objectContaining({ code: 'ESRCH' }));
  });

  it('gives up on one that fails each time', async () => {
    const mark = inFolder('starts');
    const env = fake('fails', `echo x >> ${mark}; echo 'NVIDIA-SMI has failed'; exit 9`);
    await GpuSampler.start({ onFigures: () => expect.unreachable(), intervalSeconds: 0.001, env }).ended;
    expect(readFileSync(mark, 'utf8').trim().split('\n')).toHaveLength(10);
  });

  it('starts nvidia-smi anew when it ends', async () => {
    // The first process ends after one row, the second one writes another.
    const mark = inFolder('second');
    const env = fake(
      'restarts',
      `if [ -e ${mark} ]; then echo "${ROW.replace('0,', '1,')}"; exec sleep 100; fi; touch ${mark}; echo "${ROW}"`,
    );
    const rows: number[] = [];
    const both = new Deferred<void>();
    const sampler = GpuSampler.start({
      onFigures({ index }) {
        rows.push(index);
        if (rows.length === 2) both.resolve();
      },
      intervalSeconds: 0.01,
      env,
    });
    await both.promise;
    expect(rows).toEqual([0, 1]);
    sampler.close();
    await sampler.ended;
  });

  it('stays silent where there is no nvidia-smi', async () => {
    const sampler = GpuSampler.start({
      onFigures: () => expect.unreachable(),
      env: { PATH: inFolder('empty') },
    });
    await sampler.ended;
  });
});
