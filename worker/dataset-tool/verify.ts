/** `launch dataset verify`: the tar files of a packed data set against the checksums in its indexes. */
import type { VerifyRequest } from '../../configs/dataset-request.js';
import { isShardIndex } from '../../configs/store/index-name.js';
import { DataError } from '../../proto/errors.js';
import { readIndex } from '../data/shards/shard-index.js';
import { type ShardVerdict, verifyShards } from '../data/shards/verify.js';
import type { ToolProgress } from './check.js';

/** A split's tar files. */
export interface VerifiedSplit {
  readonly split: 'train' | 'val' | 'test';
  readonly shards: readonly ShardVerdict[];
}

/**
 * Reads every tar file of every packed split once, whole.
 * @throws DataError `DATA_NOT_PACKED` where the data set has none, and what reading an index throws
 */
export async function verifySplits({ data }: VerifyRequest, progress: ToolProgress): Promise<VerifiedSplit[]> {
  const splits: VerifiedSplit[] = [];
  const verified = new Set<string>();
  for (const split of ['train', 'val', 'test'] as const) {
    const sources = data[split].filter((source) => isShardIndex(source) && !verified.has(source));
    const shards: ShardVerdict[] = [];
    for (const source of sources) {
      verified.add(source);
      const onProgress = (done: number, total: number): void => progress(`verify ${split}`, done, total);
      shards.push(...(await verifyShards(await readIndex(source), source, { onProgress })));
    }
    if (sources.length > 0) splits.push({ split, shards });
  }
  if (splits.length > 0) return splits;
  throw new DataError('DATA_NOT_PACKED', `${data.yaml} names no packed split`, {
    hint: 'verify is for data sets written by `launch dataset pack`; `launch dataset check` looks at images and labels',
  });
}

/** One line per split. */
export function verifiedLines(splits: readonly VerifiedSplit[]): string[] {
  return splits.map(({ split, shards }) => {
    const sound = shards.filter(({ isIntact }) => isIntact).length;
    const mebibytes = shards.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
    return `${split}: ${sound} of ${shards.length} tar file(s) are as the index says, ${mebibytes.toFixed(1)} MiB`;
  });
}
