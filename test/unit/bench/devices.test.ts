import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { benchDevices, deviceUsedMb, readPrecision, rivalEnvironment } from '../../../bench/devices.js';
import { useTempFolder } from '../../support/temp-folder.js';

describe('the device of a benchmark', () => {
  const inFolder = useTempFolder();

  /** A machine with two GPUs, whose nvidia-smi answers as the real one does to the questions that are asked here. */
  function machine(name: string, memoryUsed: string): NodeJS.ProcessEnv {
    mkdirSync(inFolder(name), { recursive: true });
    const script = `#!/bin/sh
case "$*" in
  -L) echo 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aa)';;
  *driver_version*) echo '0, GPU-aa, NVIDIA H100 80GB HBM3, 81559, 550.54.15'; echo '1, GPU-bb, NVIDIA L4, 23034, 550.54.15';;
  '-i 1 --query-gpu=memory.used'*) echo '${memoryUsed}';;
  *) exit 6;;
esac`;
    writeFileSync(inFolder(name, 'nvidia-smi'), script, { mode: 0o755 });
    return { PATH: `${inFolder(name)}:${process.env.PATH}` };
  }

  it('is the processor unless GPUs are named', async () => {
    const { gpus, description } = await benchDevices('cpu', { PATH: inFolder('nothing') });
    expect(gpus).toEqual([]);
    expect(description).toMatch(/, \d+ cores$/);
  });

  it('names the GPUs and their driver', async () => {
    const env = machine('two', '1');
    expect(await benchDevices('1,0', env)).toEqual({
      gpus: ['1', '0'],
      description: 'NVIDIA L4, NVIDIA H100 80GB HBM3, driver 550.54.15',
    });
    expect((await benchDevices('GPU-bb', env)).description).toBe('NVIDIA L4, driver 550.54.15');
    expect((await benchDevices('all', env)).gpus).toEqual(['0', '1']);
  });

  it('is refused where it is not there, as by launch', async () => {
    await expect(benchDevices('2', machine('few', '1'))).rejects.toMatchObject({ code: 'CONFIG_DEVICES' });
    await expect(benchDevices('0', { PATH: inFolder('nothing') })).rejects.toMatchObject({ code: 'CONFIG_DEVICES' });
  });

  it.each([
    ['40536', 40_536],
    ['[N/A]', undefined],
    ['[Not Supported]', undefined],
    ['', undefined],
  ])('has memory in use that reads %j', async (text, expected) => {
    expect(await deviceUsedMb('1', machine(`memory ${text}`.replace('/', ''), text))).toBe(expected);
  });

  it('has none to tell where nvidia-smi fails or is missing', async () => {
    expect(await deviceUsedMb('7', machine('fails', '5'))).toBeUndefined();
    expect(await deviceUsedMb('1', { PATH: inFolder('nothing') })).toBeUndefined();
  });

  it('is all that the rival sees, in the same numbering', () => {
    expect(rivalEnvironment(['3', '1'])).toEqual({ CUDA_VISIBLE_DEVICES: '3,1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' });
    expect(rivalEnvironment([]).CUDA_VISIBLE_DEVICES).toBe('');
  });
});

describe('the precision of a benchmark', () => {
  it('has the names and values of launch', () => {
    expect(readPrecision('bf16', 'off')).toEqual({ amp: 'bf16', tf32: 'off' });
    expect(() => readPrecision('auto', 'on')).toThrowError(expect.objectContaining({ code: 'CONFIG_USAGE' }));
    expect(() => readPrecision('off', 'yes')).toThrowError(/--tf32 yes is not one of on, off/);
  });
});
