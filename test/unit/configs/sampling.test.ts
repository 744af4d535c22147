import { describe, expect, it } from 'vitest';
import { environmentLayer, flagLayer, Settings } from '../../../configs/layers.js';
import { compileSampling } from '../../../configs/sampling.js';

function compile(flags: Record<string, string | boolean>, batchSize = 16, virtualRanks = 2) {
  const warnings: string[] = [];
  const settings = new Settings([flagLayer(new Map(Object.entries(flags)))]);
  return { ...compileSampling(settings, batchSize, virtualRanks, warnings), warnings };
}

describe('the settings of sampling', () => {
  it('are all off by default, but for the scaled decoding of large files', () => {
    expect(compile({})).toEqual({
      ...{ rect: false, quad: false, multiScale: false, imageWeights: false, cache: 'off', jpegScaling: 'auto' },
      warnings: [],
    });
  });

  it('--cache alone means memory, as in the reference', () => {
    expect(compile({ cache: '' }).cache).toBe('ram');
    expect(compile({ cache: 'disk' }).cache).toBe('disk');
    expect(() => compile({ cache: 'tape' })).toThrowError(expect.objectContaining({ code: 'CONFIG_USAGE' }));
  });

  it('the variable of the cache folder is not mistaken for the kind of cache', () => {
    const layer = environmentLayer({ LOCKSTEP_CACHE: '/somewhere', LOCKSTEP_IMAGE_CACHE: 'disk' });
    expect(layer.values.get('cache')).toEqual({ value: 'disk', origin: 'LOCKSTEP_IMAGE_CACHE' });
  });

  it('--image-weights switches --rect off and says so', () => {
    const { rect, imageWeights, warnings } = compile({ rect: true, 'image-weights': true });
    expect([rect, imageWeights]).toEqual([false, true]);
    expect(warnings.join()).toContain('--rect is switched off');
  });

  it('--quad needs microbatches that are multiples of four', () => {
    expect(compile({ quad: true }).quad).toBe(true);
    expect(() => compile({ quad: true }, 12, 2)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_BATCH', hint: 'use a --batch-size that is a multiple of 8' }),
    );
  });
});
