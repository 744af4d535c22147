import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compareVersions,
  detectNvidia,
  driverIsSupported,
  parseDriverVersion,
  parseExtraRequirements,
  parseGpuList,
  satisfiesSpecifiers,
} from '../../../coordinator/setup/nvidia.js';

const PROPRIETARY =
  'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version: 12\n';
const OPEN = 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@x)\n';

describe('the NVIDIA driver', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-nvidia-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const fakeRoot = async (withDevice: boolean) => {
    await mkdir(join(folder, 'proc/driver/nvidia'), { recursive: true });
    await mkdir(join(folder, 'dev'), { recursive: true });
    await writeFile(join(folder, 'proc/driver/nvidia/version'), OPEN);
    if (withDevice) await writeFile(join(folder, 'dev/nvidiactl'), '');
  };

  it('has its version read from both kinds of kernel module', () => {
    expect(parseDriverVersion(PROPRIETARY)).toBe('535.104.05');
    expect(parseDriverVersion(OPEN)).toBe('570.86.15');
    expect(parseDriverVersion('something else')).toBeUndefined();
  });

  it('is new enough for CUDA 12 from 525.60.13 on', () => {
    expect(driverIsSupported('525.60.13')).toBe(true);
    expect(driverIsSupported('525.60.12')).toBe(false);
    expect(driverIsSupported('470.256.02')).toBe(false);
    expect(driverIsSupported('1000.1')).toBe(true);
  });

  it('is found by its files where nvidia-smi is missing', async () => {
    await fakeRoot(true);
    expect(await detectNvidia({ env: { PATH: folder }, root: folder })).toEqual({ version: '570.86.15', gpus: [] });
  });

  it('does not count in a container that was given no device', async () => {
    await fakeRoot(false);
    expect(await detectNvidia({ env: { PATH: folder }, root: folder })).toBeUndefined();
  });

  it('lists its GPUs through nvidia-smi', async () => {
    const smi = '#!/bin/sh\necho "0, GPU-aa, NVIDIA H100 80GB HBM3, 81559, 550.54.15"\n';
    await writeFile(join(folder, 'nvidia-smi'), smi, { mode: 0o755 });
    expect(await detectNvidia({ env: { PATH: folder }, root: folder })).toEqual({
      version: '550.54.15',
      // 81559 MiB
      gpus: [{ index: 0, uuid: 'GPU-aa', name: 'NVIDIA H100 80GB HBM3', memoryBytes: 81559 * 1024 * 1024, mig: [] }],
    });
  });

  it('survives fields that nvidia-smi does not know', () => {
    expect(parseGpuList('0, GPU-aa, Tesla, [N/A], 550.1\n1, GPU-bb, Tesla, 100, 550.1\n')?.gpus).toMatchObject([
      { memoryBytes: 0 },
      { memoryBytes: 104857600 },
    ]);
    expect(parseGpuList('No devices were found\n')).toBeUndefined();
  });
});

describe('the requirements of a wheel', () => {
  const METADATA = `Metadata-Version: 2.4
Requires-Dist: numpy>=1.26.0
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-nccl-cu12 (>=2.27.7,<3.0) ; extra == 'and-cuda'
Requires-Dist: tensorflow-io>=0.23.1; (sys_platform != "win32" and python_version < "3.13") and extra == "gcs-filesystem"

Requires-Dist: in-the-description==1; extra == "and-cuda"
`;

  it('are those of the extra that was asked for', () => {
    expect(parseExtraRequirements(METADATA, 'and-cuda')).toEqual([
      { name: 'nvidia-cublas-cu12', specifiers: '<13.0,>=12.5.3.2' },
      { name: 'nvidia-nccl-cu12', specifiers: '>=2.27.7,<3.0' },
    ]);
  });

  it('compare versions number by number', () => {
    expect(compareVersions('12.10', '12.9')).toBeGreaterThan(0);
    expect(compareVersions('12', '12.0.0')).toBe(0);
    expect(satisfiesSpecifiers('12.9.3.13', '<13.0,>=12.5.3.2')).toBe(true);
    expect(satisfiesSpecifiers('13.0.1', '<13.0,>=12.5.3.2')).toBe(false);
    expect(satisfiesSpecifiers('12.5.3.1', '<13.0,>=12.5.3.2')).toBe(false);
    expect(satisfiesSpecifiers('1.2', '')).toBe(true);
    expect(satisfiesSpecifiers('1.2', '~=1.2')).toBe(false);
  });
});
