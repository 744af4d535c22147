/** Which images a run trains on, in which shapes, and where they are kept: the settings that exclude each other. */
import { ConfigError } from '../proto/errors.js';
import type { Settings } from './layers.js';
import type { RunConfig } from './run-config.js';

/** Images that share one under `--quad`. */
const QUAD = 4;

type Sampling = Pick<RunConfig, 'rect' | 'quad' | 'multiScale' | 'imageWeights' | 'cache' | 'jpegScaling'>;

/**
 * Compiles the settings of sampling.
 * @param warnings gets a sentence for each setting that another one switches off
 * @throws ConfigError `CONFIG_USAGE` for an unknown kind of cache, `CONFIG_BATCH` if a microbatch cannot be cut into quads
 */
export function compileSampling(
  settings: Settings,
  batchSize: number,
  virtualRanks: number,
  warnings: string[],
): Sampling {
  const imageWeights = settings.flag('image-weights');
  const quad = settings.flag('quad');
  let rect = settings.flag('rect');
  if (rect && imageWeights) {
    warnings.push('--image-weights draws images in an order of its own, so --rect is switched off');
    rect = false;
  } else if (rect) {
    warnings.push('--rect trains on whole images in groups of like shape: mosaics and shuffling are off');
  }
  const perRank = batchSize / virtualRanks;
  if (quad && perRank % QUAD !== 0) {
    const unit = virtualRanks * QUAD;
    throw new ConfigError('CONFIG_BATCH', `--quad joins four images, but each microbatch has ${perRank}`, {
      hint: `use a --batch-size that is a multiple of ${unit}`,
      details: { batchSize, virtualRanks },
    });
  }
  return {
    ...{ rect, quad, imageWeights },
    multiScale: settings.flag('multi-scale'),
    cache: cacheKind(settings),
    jpegScaling: settings.choice('jpeg-scaling'),
  };
}

/** `--cache` may stand alone, and then means memory as in the reference. */
function cacheKind(settings: Settings): RunConfig['cache'] {
  const origin = settings.origin('cache');
  if (origin === undefined) return 'off';
  const given = settings.text('cache');
  if (given === '' || given === 'true' || given === 'ram') return 'ram';
  if (given === 'disk') return 'disk';
  if (given === 'off' || given === 'false') return 'off';
  throw new ConfigError('CONFIG_USAGE', `${origin}: '${given}' is not one of ram, disk, off`, {
    hint: 'cache: keep decoded images in memory (ram) or in the cache folder (disk)',
  });
}
