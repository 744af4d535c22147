import { describe, expect, it } from 'vitest';
import { assignDevices, readDevices, readNproc } from '../../../configs/devices.js';
import type { HostFacts } from '../../../configs/launch-settings.js';
import { gpuFacts } from '../../../coordinator/gpu/devices.js';
import { gpuEnvironment } from '../../../coordinator/gpu/environment.js';
import { type NvidiaDriver, parseMigDevices } from '../../../coordinator/setup/nvidia.js';

const MIG = 'MIG-41b3359c-e721-56e5-8009-12e5797ed514';
const OTHER_MIG = 'MIG-65b79fff-6d3c-5490-a288-b31ec705f310';
const driver: NvidiaDriver = {
  version: '550.54.15',
  gpus: [
    { index: 0, uuid: 'GPU-0a11', name: 'A', memoryBytes: 1, mig: [] },
    { index: 1, uuid: 'GPU-0a22', name: 'A', memoryBytes: 1, mig: [] },
    {
      index: 2,
      uuid: 'GPU-0b33',
      name: 'A',
      memoryBytes: 1,
      mig: [
        { uuid: MIG, profile: '3g.40gb' },
        { uuid: OTHER_MIG, profile: '3g.40gb' },
      ],
    },
  ],
};

function host(env: NodeJS.ProcessEnv = {}): HostFacts {
  return { numCores: 8, ...gpuFacts(driver, env) };
}

/** CUDA_VISIBLE_DEVICES of each worker for these flags. */
function devices(device: string, env: NodeJS.ProcessEnv = {}, nproc?: string): string[] {
  const choice = readDevices(device, host(env));
  return assignDevices(readNproc(nproc, choice, host(env)), choice, host(env));
}

describe('the devices of a host', () => {
  it.each([
    ['0,1', ['0', '1']],
    ['cuda:1', ['1']],
    ['GPU-0b,GPU-0a11', ['GPU-0b', 'GPU-0a11']],
    [`${OTHER_MIG},0`, [OTHER_MIG, '0']],
    // A GPU in MIG mode computes in its parts only.
    ['all', ['0', '1', MIG, OTHER_MIG]],
    ['cpu', ['-1']],
  ])('--device %s means %j', (flag, expected) => {
    expect(devices(flag)).toEqual(expected);
  });

  it.each([
    ['GPU-0a', 'CONFIG_DEVICES'], // two begin like that
    ['GPU-ff', 'CONFIG_DEVICES'],
    ['MIG-41b3359c', 'CONFIG_DEVICES'],
    ['0,GPU', 'CONFIG_USAGE'],
  ])('--device %s is refused with %s', (flag, code) => {
    expect(() => devices(flag)).toThrowError(expect.objectContaining({ code }));
  });

  it('takes unasked only what CUDA_VISIBLE_DEVICES leaves, and what is named in spite of it', () => {
    const env = { CUDA_VISIBLE_DEVICES: '1,GPU-0b' };
    expect(devices('auto', env, 'gpu')).toEqual(['1', MIG, OTHER_MIG]);
    expect(devices('auto', { CUDA_VISIBLE_DEVICES: MIG }, 'auto')).toEqual([MIG]);
    // CUDA stops reading at the first name that is none.
    expect(devices('auto', { CUDA_VISIBLE_DEVICES: '0,9,1' }, 'auto')).toEqual(['0']);
    expect(devices('0', env)).toEqual(['0']);
  });

  it('computes on the CPU where all GPUs are hidden, and says so when GPUs are asked for', () => {
    const env = { CUDA_VISIBLE_DEVICES: '' };
    expect(devices('auto', env, '2')).toEqual(['-1', '-1']);
    expect(() => devices('all', env)).toThrowError(/hides all GPUs/);
  });

  it('has no GPUs without a driver', () => {
    expect(gpuFacts(undefined, {})).toEqual({ gpus: [], deviceIds: [], offeredGpus: [] });
  });
});

describe('nvidia-smi -L', () => {
  it('tells the MIG parts of each GPU', () => {
    const text = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-5d5ba0d6)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-0b33)
  MIG 3g.40gb     Device  0: (UUID: ${MIG})
  MIG 3g.40gb     Device  1: (UUID: ${OTHER_MIG})
`;
    expect(parseMigDevices(text)).toEqual(
      new Map([
        ['GPU-5d5ba0d6', []],
        ['GPU-0b33', driver.gpus[2]!.mig],
      ]),
    );
  });
});

describe("a worker's GPU environment", () => {
  it('shows one GPU, numbered as nvidia-smi does, and lets memory grow', () => {
    expect(gpuEnvironment({}, { device: 'GPU-0a11', tf32: true, memoryLimitMb: undefined })).toEqual({
      CUDA_VISIBLE_DEVICES: 'GPU-0a11',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    });
  });

  it('carries the limit of memory and the ban on TF32, and keeps what the user set', () => {
    const base = { TF_FORCE_GPU_ALLOW_GROWTH: 'false' };
    expect(gpuEnvironment(base, { device: '3', tf32: false, memoryLimitMb: 4096 })).toMatchObject({
      TF_FORCE_GPU_ALLOW_GROWTH: 'false',
      TF_PER_DEVICE_MEMORY_LIMIT_MB: '4096',
      NVIDIA_TF32_OVERRIDE: '0',
    });
  });

  it('hides all GPUs where the engine runs on the CPU', () => {
    expect(gpuEnvironment({}, { device: undefined, tf32: true, memoryLimitMb: 4096 })).toEqual({
      CUDA_VISIBLE_DEVICES: '-1',
    });
  });
});
