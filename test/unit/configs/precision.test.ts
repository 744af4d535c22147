import { describe, expect, it } from 'vitest';
import { withEngine } from '../../../configs/compile.js';
import { compileForTest } from '../../support/run-config.js';

const MODEL = { cfg: 'yolov3-tiny' };

describe('the precision of a run', () => {
  it.each([
    [{}, { name: 'tensorflow', usesGpus: true }, 'fp16'],
    [{}, { name: 'tensorflow', usesGpus: false }, 'off'],
    [{}, { name: 'wasm', usesGpus: false }, 'off'],
    [{ amp: 'off' }, { name: 'tensorflow', usesGpus: true }, 'off'],
    [{ amp: 'bf16' }, { name: 'tensorflow', usesGpus: false }, 'bf16'],
  ] as const)('with %j on %j is %s', async (flags, engine, amp) => {
    expect(withEngine(await compileForTest({ ...MODEL, ...flags }), engine).amp).toBe(amp);
  });

  it('is refused where the wasm engine cannot compute in it', async () => {
    const config = await compileForTest({ ...MODEL, amp: 'fp16' });
    expect(() => withEngine(config, { name: 'wasm', usesGpus: false })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_AMP', exitCode: 78 }),
    );
  });

  it('takes TF32 in unless it is switched off', async () => {
    expect((await compileForTest(MODEL)).tf32).toBe(true);
    expect((await compileForTest({ ...MODEL, tf32: 'off' })).tf32).toBe(false);
  });
});
