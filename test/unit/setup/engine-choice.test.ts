import { describe, expect, it } from 'vitest';
import { chooseEngine, type StageEngine } from '../../../coordinator/setup/engine-choice.js';
import type { EngineVariant } from '../../../coordinator/setup/engine-recipe.js';
import type { NvidiaDriver } from '../../../coordinator/setup/nvidia.js';
import { EngineError } from '../../../proto/errors.js';

const driver: NvidiaDriver = { version: '550.54.15', gpus: [] };
const oldDriver: NvidiaDriver = { version: '470.1', gpus: [] };

/** Stages only the variants named, and keeps a record of what was tried. */
function stager(working: readonly EngineVariant[]): { stage: StageEngine; tried: EngineVariant[] } {
  const tried: EngineVariant[] = [];
  const stage: StageEngine = (variant) => {
    tried.push(variant);
    if (!working.includes(variant)) {
      return Promise.reject(new EngineError('ENGINE_NO_PIP', `no ${variant}`, { hint: 'install pip' }));
    }
    return Promise.resolve({ variant, libraryDir: `/${variant}`, version: '2.21.0', bytes: 1, env: {} });
  };
  return { stage, tried };
}

describe('chooseEngine', () => {
  it('takes TensorFlow on the GPU where a driver is', async () => {
    const { stage, tried } = stager(['gpu', 'cpu']);
    const choice = await chooseEngine({ engine: 'auto', device: 'auto' }, { stage, driver: Promise.resolve(driver) });
    expect(choice).toMatchObject({ engine: 'tensorflow', device: 'gpu', native: { libraryDir: '/gpu' } });
    expect(tried).toEqual(['gpu']);
  });

  it('goes on to the CPU, then to wasm, and says what was refused', async () => {
    const cpu = stager(['cpu']);
    const onCpu = await chooseEngine({ engine: 'auto', device: 'auto' }, { ...cpu, driver: Promise.resolve(driver) });
    expect(onCpu).toMatchObject({ engine: 'tensorflow', device: 'cpu', refused: [{ code: 'ENGINE_NO_PIP' }] });
    expect(cpu.tried).toEqual(['gpu', 'cpu']);

    const nothing = await chooseEngine({ engine: 'auto', device: 'cpu' }, stager([]));
    expect(nothing).toMatchObject({ engine: 'wasm', device: 'cpu', reason: 'no native engine here (ENGINE_NO_PIP)' });
    expect(nothing.native).toBeUndefined();
  });

  it('does not fall back from an engine that was named', async () => {
    const choice = chooseEngine({ engine: 'tensorflow', device: 'cpu' }, stager([]));
    await expect(choice).rejects.toMatchObject({ code: 'ENGINE_NO_PIP', hint: 'install pip' });
  });

  it('does not fall back from a GPU that was named', async () => {
    const options = { ...stager(['cpu']), driver: Promise.resolve(driver) };
    await expect(chooseEngine({ engine: 'auto', device: 'gpu' }, options)).rejects.toMatchObject({
      code: 'ENGINE_NO_PIP',
    });
  });

  it.each([
    ['no driver', undefined],
    ['a driver too old for CUDA 12', oldDriver],
  ])('refuses a GPU with %s, and ignores it under auto', async (_name, found) => {
    const options = { ...stager(['cpu']), driver: Promise.resolve(found) };
    await expect(chooseEngine({ engine: 'auto', device: 'gpu' }, options)).rejects.toMatchObject({
      code: 'ENGINE_NO_DEVICE',
    });
    expect(await chooseEngine({ engine: 'auto', device: 'auto' }, options)).toMatchObject({ device: 'cpu' });
  });

  it('stages nothing for wasm, which has no GPU', async () => {
    const { stage, tried } = stager(['cpu']);
    expect(await chooseEngine({ engine: 'wasm', device: 'auto' }, { stage })).toMatchObject({ engine: 'wasm' });
    expect(tried).toEqual([]);
    await expect(chooseEngine({ engine: 'wasm', device: 'gpu' }, { stage })).rejects.toMatchObject({
      code: 'ENGINE_NO_DEVICE',
    });
  });
});
