/** Images per step: given, by default, or chosen (`-1`); and whether the ranks can share them. */
import { ConfigError } from '../proto/errors.js';
import type { LaunchSettings } from './launch-settings.js';
import type { Settings } from './layers.js';

const DEFAULT = { train: 16, val: 32 } as const;
/** What the reference's automatic batch size is on a CPU, where memory is not what limits it. */
const AUTOMATIC_ON_CPU = 16;

/**
 * Returns images per step over all workers, a multiple of the virtual ranks (in training).
 * @throws ConfigError CONFIG_USAGE for 0, CONFIG_NOT_IN_VERSION for -1 on GPUs, CONFIG_BATCH when the ranks cannot share the images
 */
export function compileBatchSize(settings: Settings, launch: LaunchSettings, virtualRanks: number): number {
  const { command } = launch;
  const given = settings.number('batch-size', DEFAULT[command]);
  if (given === 0) {
    throw new ConfigError('CONFIG_USAGE', '--batch-size: 0 images make no step', {
      hint: 'give a number from 1 on, or -1 to have it chosen',
    });
  }
  const batchSize = given === -1 ? automatic(launch, virtualRanks) : given;
  if (command === 'train') requireShares(batchSize, virtualRanks, settings);
  return batchSize;
}

/** @throws ConfigError CONFIG_BATCH when a training's batch does not divide by the virtual ranks */
export function requireShares(batchSize: number, virtualRanks: number, settings: Settings): void {
  if (batchSize % virtualRanks === 0) return;
  const below = Math.max(virtualRanks, batchSize - (batchSize % virtualRanks));
  const unit = settings.origin('virtual-ranks') ? 'virtual ranks' : 'workers';
  throw new ConfigError('CONFIG_BATCH', `--batch-size ${batchSize} does not divide by ${virtualRanks} ${unit}`, {
    hint: `use --batch-size ${below}${below < batchSize ? ` or ${below + virtualRanks}` : ''}`,
    details: { batchSize, virtualRanks },
  });
}

function automatic({ devices }: LaunchSettings, virtualRanks: number): number {
  if (devices.some((device) => device !== '-1')) {
    throw new ConfigError(
      'CONFIG_NOT_IN_VERSION',
      '--batch-size -1: this version does not measure the memory of GPUs',
      {
        hint: 'start with what fits PyTorch with AMP, such as --batch-size 16 per GPU, and halve it on ENGINE_OUT_OF_MEMORY',
      },
    );
  }
  return Math.max(virtualRanks, AUTOMATIC_ON_CPU - (AUTOMATIC_ON_CPU % virtualRanks));
}
