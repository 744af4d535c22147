/** How gradients travel between workers: the algorithm that sums them, and what is left out on the way. */

import type { Settings } from './layers.js';
import type { CompressionMethod, RunConfig } from './run-config.js';

/** Nothing is left out. */
export const NO_COMPRESSION: RunConfig['compression'] = {
  method: 'none',
  rounding: 'nearest',
  powerSgdRank: 4,
  topKRatio: 0.01,
};

/** Reads `--collective`, `--compression` and the settings that refine it. */
export function readCollective(settings: Settings): Pick<RunConfig, 'collective' | 'compression'> {
  return {
    collective: settings.choice('collective'),
    compression: {
      method: settings.choice<CompressionMethod>('compression'),
      rounding: settings.choice('compression-rounding'),
      powerSgdRank: settings.number('powersgd-rank'),
      topKRatio: settings.number('topk-ratio'),
    },
  };
}
