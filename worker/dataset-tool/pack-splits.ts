/** `launch dataset pack`: all splits as tar files, and a data set YAML that names their indexes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { PackRequest } from '../../configs/dataset-request.js';
import { INDEX_SUFFIX } from '../../configs/store/index-name.js';
import { openDataset } from '../data/open-dataset.js';
import { packDataset } from '../data/shards/pack.js';
import type { ToolProgress } from './check.js';

/** What became of a split. */
export interface PackedSplit {
  readonly split: string;
  readonly images: number;
  readonly leftOut: number;
  readonly shards: number;
  readonly bytes: number;
}

/**
 * Packs a data set.
 * @returns its splits, and the path of the YAML
 * @throws DataError as scanning and packing do
 */
export async function packSplits(
  request: PackRequest,
  progress: ToolProgress,
): Promise<{ splits: PackedSplit[]; yaml: string }> {
  const { data, out, shardBytes, onBadSample } = request;
  const splits: PackedSplit[] = [];
  for (const split of ['train', 'val', 'test'] as const) {
    if (data[split].length === 0) continue;
    const dataset = await openDataset(data[split], data, {
      split: split === 'train' ? 'train' : 'val',
      onBadSample,
      onProgress: (done, total) => progress(`scan ${split}`, done, total),
    });
    const { index } = await packDataset(dataset, {
      split,
      folder: out,
      shardBytes,
      onProgress: (done, total) => progress(`pack ${split}`, done, total),
    });
    splits.push({
      split,
      images: index.samples.length,
      leftOut: index.scan.corrupt,
      shards: index.shards.length,
      bytes: index.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  const yaml = join(out, 'data.yaml');
  const sources = Object.fromEntries(splits.map(({ split }) => [split, `${split}${INDEX_SUFFIX}`]));
  await writeFile(yaml, stringify({ path: '.', ...sources, nc: data.nc, names: data.names }));
  return { splits, yaml };
}
