/**
 * Reads one sample's bytes out of a tar file, on disk or behind HTTP(S), and checks them against the index. What comes
 * over the network is kept in sparse files of the cache folder, one per tar: a sample whose bytes there have the right
 * checksum is there, everything else is fetched. So threads and processes share the cache without locks, and neither
 * a crash while writing nor a damaged disk can put wrong pixels into a batch.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../../proto/errors.js';
import { cacheRoot } from '../../../proto/paths.js';
import { fetchRange } from './remote.js';
import { isUrl } from './shard-index.js';

/** Where a sample's image is. */
export interface SampleLocation {
  /** Path or address of the tar file. */
  readonly shard: string;
  readonly offset: number;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export interface ShardReadOptions {
  /** Folder of the cache. @defaultValue `<cache root>/shards` */
  readonly cacheDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

function isIntact(bytes: Uint8Array, { sha256 }: SampleLocation): boolean {
  return createHash('sha256').update(bytes).digest('hex') === sha256;
}

/** The bytes at a place of a file; fewer where it ends earlier, none where it does not exist. */
async function readAt(path: string, { offset, bytes }: SampleLocation): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const target = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(target, 0, bytes, offset);
    return target.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function writeAt(folder: string, path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT, 0o644);
  try {
    await file.write(bytes, 0, bytes.length, offset);
  } finally {
    await file.close();
  }
}

function corrupt(location: SampleLocation): DataError {
  const { shard, offset, bytes } = location;
  return new DataError(
    'DATA_SHARD_CORRUPT',
    `${shard}: the ${bytes} bytes at ${offset} have another checksum than the index says`,
    {
      hint: 'copy the tar file again, or pack the data set again',
      details: { ...location },
    },
  );
}

async function readRemote(location: SampleLocation, options: ShardReadOptions): Promise<Uint8Array> {
  const folder = options.cacheDir ?? join(cacheRoot(), 'shards');
  const cached = join(folder, `${createHash('sha256').update(location.shard).digest('hex')}.tar`);
  const kept = await readAt(cached, location).catch(() => undefined);
  if (kept !== undefined && isIntact(kept, location)) return kept;
  const bytes = await fetchRange(location.shard, location.offset, location.bytes, options);
  if (!isIntact(bytes, location)) throw corrupt(location);
  // A cache is a convenience: a full or read-only disk only costs the next fetch.
  await writeAt(folder, cached, location.offset, bytes).catch(() => undefined);
  return bytes;
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
  if (!isIntact(bytes, location)) throw corrupt(location);
  return bytes;
}
