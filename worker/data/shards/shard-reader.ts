/**
 * Reads one sample's bytes out of a tar file, on disk or behind HTTP(S) or S3, and checks them against the index. What comes over
 * the network goes into a cache (`shard-cache.ts`), so that neither a crash nor a damaged disk can put wrong pixels into a batch.
 */

import { isUrl } from '../../../configs/store/index-name.js';
import { fetchRange } from '../../../configs/store/remote.js';
import { DataError } from '../../../proto/errors.js';
import { isIntact, readAt, type SampleLocation } from './sample-location.js';
import { ShardCache } from './shard-cache.js';

export interface ShardReadOptions {
  /** @defaultValue the user's cache, within its limit */
  readonly cache?: ShardCache | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are wrong may have been damaged on their way: they are fetched once more. */
const FETCHES = 2;

let userCache: ShardCache | undefined;

function corrupt(location: SampleLocation, how: string): DataError {
  const { shard, offset, bytes } = location;
  return new DataError(
    'DATA_SHARD_CORRUPT',
    `${shard}: the ${bytes} bytes at ${offset} have another checksum than the index says${how}`,
    {
      hint: 'copy the tar file again, or pack the data set again',
      details: { ...location },
    },
  );
}

async function readRemote(location: SampleLocation, options: ShardReadOptions): Promise<Uint8Array> {
  userCache ??= new ShardCache();
  const cache = options.cache ?? userCache;
  const kept = await cache.read(location);
  if (kept !== undefined) return kept;
  for (let fetched = 0; fetched < FETCHES; fetched++) {
    const bytes = await fetchRange(location.shard, location.offset, location.bytes, options);
    if (!isIntact(bytes, location)) continue;
    await cache.write(location, bytes);
    return bytes;
  }
  throw corrupt(location, ', twice in a row');
}

/**
 * The bytes of a sample's image file.
 * @throws DataError `DATA_SHARD_CORRUPT`, `DATA_REMOTE`, `DATA_IMAGE_UNREADABLE` where the tar file cannot be read
 */
export async function readSample(location: SampleLocation, options: ShardReadOptions = {}): Promise<Uint8Array> {
  if (isUrl(location.shard)) return readRemote(location, options);
  let bytes: Uint8Array;
  try {
    bytes = await readAt(location.shard, location);
  } catch (cause) {
    throw new DataError('DATA_IMAGE_UNREADABLE', `${location.shard}: cannot be read: ${(cause as Error).message}`, {
      hint: 'the tar files must lie beside their index',
      details: { path: location.shard },
      cause,
    });
  }
  if (!isIntact(bytes, location)) throw corrupt(location, '');
  return bytes;
}
