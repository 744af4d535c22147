import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gpuFailure } from '../../../coordinator/setup/gpu-failure.js';
import { inspectGpus, parseGpuStates } from '../../../coordinator/setup/gpu-report.js';
import type { NvidiaDriver } from '../../../coordinator/setup/nvidia.js';
import { runError } from '../../../worker/engine/tensorflow/run-error.js';
import { useTempFolder } from '../../support/temp-folder.js';

const GIGABYTE = 2 ** 30;

describe("the doctor's look at GPUs", () => {
  const inFolder = useTempFolder();
  const gpu = { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 80 * GIGABYTE, mig: [] };
  const driver: NvidiaDriver = {
    version: '550.54.15',
    gpus: [
      { ...gpu, index: 0, uuid: 'GPU-aa' },
      { ...gpu, index: 1, uuid: 'GPU-bb', mig: [{ uuid: 'MIG-1', profile: '1g.10gb' }] },
    ],
  };

  function fake(name: string, ...rows: string[]): NodeJS.ProcessEnv {
    mkdirSync(inFolder(name));
    const script = `#!/bin/sh\n${rows.map((row) => `echo "${row}"`).join('\n')}\n`;
    writeFileSync(inFolder(name, 'nvidia-smi'), script, { mode: 0o755 });
    return { PATH: `${inFolder(name)}:${process.env.PATH}` };
  }

  it('says what each one is and can do', async () => {
    const env = fake('good', '0, 612, 0, Default, 9.0, Disabled', '1, 0, [N/A], Default, 7.5, Enabled');
    const [first, second] = await inspectGpus(driver, env);
    expect(first).toMatchObject({ id: 'gpu.0', status: 'ok' });
    expect(first?.value).toContain('NVIDIA H100 80GB HBM3, GPU-aa, ');
    expect(first?.value).toContain('compute capability 9.0 (--amp fp16 and bf16, TF32)');
    expect(second).toMatchObject({ id: 'gpu.1', status: 'ok' });
    expect(second?.value).toContain('7.5 (--amp fp16), 1g.10gb MIG-1');
  });

  it.each([
    ['0, 61440, 0, Default, 9.0, Disabled', /holds most of its memory/],
    ['0, 100, 0, Prohibited, 9.0, Disabled', /nvidia-smi -c DEFAULT/],
    ['0, 100, 55, Exclusive_Process, 9.0, Disabled', /for itself/],
    ['0, 0, [N/A], Default, 9.0, Enabled', /not cut into parts/],
  ])('warns of one that reads %j', async (row, fix) => {
    const env = fake(`warn ${fix.source.length}`, row);
    const [finding] = await inspectGpus(driver, env);
    expect(finding).toMatchObject({ id: 'gpu.0', status: 'warn' });
    expect(finding?.fix).toMatch(fix);
  });

  it('lists GPUs without their state where an older nvidia-smi does not know the fields', async () => {
    const env = fake('old', 'Field "compute_cap" is not a valid field to query.');
    const findings = await inspectGpus(driver, { ...env, CUDA_VISIBLE_DEVICES: '1' });
    expect(findings.map(({ id, status }) => `${id} ${status}`)).toEqual(['gpu.0 ok', 'gpu.1 ok', 'gpu.visible info']);
  });

  it('has nothing to say without a driver', async () => {
    expect(await inspectGpus(undefined, { CUDA_VISIBLE_DEVICES: '0' })).toEqual([]);
    expect(parseGpuStates('No devices were found\n')).toEqual([]);
  });
});

describe('a TensorFlow that sees no GPU', () => {
  it.each([
    [
      "W dso_loader.cc] Could not load dynamic library 'libcudnn.so.9'; dlerror: not found\nW gpu_device.cc] Cannot dlopen some GPU libraries.",
      'ENGINE_CUDA_LIBRARIES',
      /libcudnn\.so\.9/,
    ],
    [
      'E cuda_driver.cc] CUDA driver version is insufficient for CUDA runtime version',
      'ENGINE_DRIVER_TOO_OLD',
      /driver/,
    ],
    [
      'E failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected',
      'ENGINE_NO_DEVICE',
      /visible to this process/,
    ],
    [
      'F CUDA_ERROR_DEVICE_UNAVAILABLE: CUDA-capable device(s) is/are busy or unavailable',
      'ENGINE_DEVICE_BUSY',
      /taken/,
    ],
    ['something new', 'ENGINE_LOAD_FAILED', /something new/],
  ])('for %j is told as %s', (log, code, message) => {
    const error = gpuFailure(log);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
  });
});

describe('a run that fails', () => {
  it.each([
    [
      'Session fail to run with error: OOM when allocating tensor with shape[64,320,320,64] and type half on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc',
      'ENGINE_OUT_OF_MEMORY',
      /smaller --batch-size/,
    ],
    ['Session fail to run with error: CUDNN_STATUS_ALLOC_FAILED in external/…', 'ENGINE_OUT_OF_MEMORY', /--img/],
    ['CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered', 'ENGINE_DEVICE_LOST', /--resume/],
    ['Session fail to run with error: Incompatible shapes: [2,3] vs. [3,2]', 'ENGINE_RUN_FAILED', /report/],
  ])('with %j is told apart as %s', (message, code, hint) => {
    const error = runError('train-64x640x640', new Error(message));
    expect(error).toMatchObject({ code, details: { program: 'train-64x640x640' } });
    expect(error.message).toContain('train-64x640x640');
    expect(error.message).not.toContain('Session fail');
    expect(error.hint).toMatch(hint);
  });
});
