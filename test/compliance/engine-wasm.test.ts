import { describe, expect, it } from 'vitest';
import { NO_PADDING, ProgramBuilder } from '../../worker/engine/builder.js';
import { runAll } from '../../worker/engine/engine.js';
import { openWasmEngine } from '../../worker/engine/wasm/index.js';
import { describeEngine } from './engine-suite.js';

const CPU = { numThreads: 1, device: 'cpu' } as const;

function handlers(): unknown[] {
  return [...process.listeners('uncaughtException'), ...process.listeners('unhandledRejection')];
}

const HANDLERS_BEFORE_LOADING = handlers();

describeEngine('wasm', () => openWasmEngine(CPU));

describe('the wasm engine itself', () => {
  it('says that it uses one thread, whatever was asked for', async () => {
    const engine = await openWasmEngine({ ...CPU, numThreads: 8 });
    expect(engine.info).toMatchObject({ name: 'wasm', device: 'cpu', numThreads: 1 });
    expect(engine.info.version).toMatch(/^tfjs-backend-wasm \d+\.\d+\.\d+$/);
    engine.dispose();
  });

  it('refuses a GPU', async () => {
    await expect(openWasmEngine({ numThreads: 1, device: 0 })).rejects.toMatchObject({ code: 'ENGINE_NO_GPU' });
  });

  it('leaves no handlers for uncaught errors in the process', async () => {
    const engine = await openWasmEngine(CPU);
    expect(handlers()).toEqual(HANDLERS_BEFORE_LOADING);
    engine.dispose();
  });

  it('gives back what its callers forgot when it is disposed of, and can be opened again', async () => {
    const engine = await openWasmEngine(CPU);
    const b = new ProgramBuilder();
    b.output('y', b.mul(b.input('x', [2]), b.constant(Float32Array.of(3, 4))));
    const executable = engine.compile(b.finish(), { name: 'forgotten' });
    const x = engine.tensor(Float32Array.of(1, 2), [2]);
    runAll(executable, { x });
    expect(engine.numTensors()).toBe(3); // x, the constant and y
    engine.dispose();
    expect(engine.numTensors()).toBe(0);
    const disposed = expect.objectContaining({ code: 'ENGINE_DISPOSED' }) as unknown as Error;
    expect(() => runAll(executable, { x })).toThrow(disposed);
    expect(() => x.read()).toThrow(disposed);
    expect(() => engine.tensor(Float32Array.of(1), [1])).toThrow(disposed);

    const again = await openWasmEngine(CPU);
    const tensor = again.tensor(Float32Array.of(5), [1]);
    expect([...tensor.read()]).toEqual([5]);
    again.dispose();
  });

  it('refuses stages that name an output twice or one that is not there', async () => {
    const engine = await openWasmEngine(CPU);
    const b = new ProgramBuilder();
    b.output('y', b.constant(1));
    const program = b.finish();
    for (const stages of [[['z']], [['y'], ['y']]]) {
      const unknown = expect.objectContaining({ code: 'ENGINE_UNKNOWN_OUTPUT' }) as unknown as Error;
      expect(() => engine.compile(program, { name: 'p', stages })).toThrow(unknown);
    }
    engine.dispose();
  });

  it('keeps NaN where XNNPACK would clamp it to −∞: in pools and in convolutions from one channel to one', async () => {
    const engine = await openWasmEngine(CPU);
    const b = new ProgramBuilder();
    b.output('y', b.maxPool(b.input('x', [1, 2, 2, 3]), { size: [2, 2], strides: [2, 2], padding: NO_PADDING }));
    const filter = b.constant(Float32Array.of(1), [1, 1, 1, 1]);
    b.output('z', b.conv2d(b.input('v', [1, 1, 2, 1]), filter, { strides: [1, 1], padding: NO_PADDING }));
    const executable = engine.compile(b.finish(), { name: 'pool' });
    const { y, z } = runAll(executable, {
      x: engine.tensor(new Float32Array(12).fill(Number.NaN), [1, 2, 2, 3]),
      v: engine.tensor(Float32Array.of(Number.NaN, 5), [1, 1, 2, 1]),
    });
    expect([...y!.read()]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...z!.read()]).toEqual([Number.NaN, 5]);
    engine.dispose();
  });

  it('names program, operator and shapes when a run fails, and keeps nothing of it', async () => {
    const engine = await openWasmEngine(CPU);
    const b = new ProgramBuilder();
    const doubled = b.mul(b.input('x', [3, 2]), 2);
    b.output('rows', b.gatherNd(doubled, b.input('indices', [-1, 1], 'int32')));
    const executable = engine.compile(b.finish(), { name: 'rows' });
    const feeds = {
      x: engine.tensor(new Float32Array(6), [3, 2]),
      indices: engine.tensor(Int32Array.of(0, 3), [2, 1]),
    };
    const before = engine.numTensors();
    const message = 'rows: gatherNd of [3, 2] [2, 1]: row 1 points at [3], outside [3, 2]';
    const failed = expect.objectContaining({ code: 'ENGINE_RUN_FAILED', message }) as unknown as Error;
    expect(() => runAll(executable, feeds)).toThrow(failed);
    expect(engine.numTensors()).toBe(before);
    engine.dispose();
  });
});
