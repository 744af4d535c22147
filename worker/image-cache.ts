/** The cache of decoded images that a run asks for with `--cache`. */
import type { Dataset } from './data/dataset.js';
import { allocateRamCache, diskCache, type PixelCacheTable } from './data/images/pixel-cache.js';
import type { RunContext } from './run-context.js';

/** Opens the cache of a data set; undefined where none is wanted, or memory does not suffice for it. */
export function openImageCache(
  { config, log }: RunContext,
  dataset: Dataset,
  split: string,
): PixelCacheTable | undefined {
  if (config.cache === 'disk') return diskCache();
  if (config.cache !== 'ram') return undefined;
  const cache = allocateRamCache(dataset, config.imgsz);
  if (!('neededBytes' in cache)) return cache;
  const gigabytes = (cache.neededBytes / 1e9).toFixed(1);
  log.warn({ split, neededBytes: cache.neededBytes }, `no image cache: ${split} would need ${gigabytes} GB of memory`);
  return undefined;
}
