/**
 * Whether whole tar files are what their index says. Those in a store are fetched whole, into the cache; what was damaged on
 * its way is fetched once more.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isUrl } from '../../../configs/store/index-name.js';
import { fetchRange } from '../../../configs/store/remote.js';
import { DataError } from '../../../proto/errors.js';
import { mapBounded } from '../scan/bounded.js';
import { isIntact, readAt, type SampleLocation } from './sample-location.js';
import { ShardCache } from './shard-cache.js';
import { locateShard, type ShardIndex } from './shard-index.js';

/** Tar files at a time. */
const CONCURRENCY = 4;
/** Bytes of a request. */
const PART_BYTES = 8 * 2 ** 20;
const FETCHES = 2;
/** Damaged samples that a message names. */
const NAMED_SAMPLES = 5;

/** What was found out about a tar file. */
export interface ShardVerdict {
  /** Path or address. */
  readonly shard: string;
  /** As the index says. */
  readonly bytes: number;
  readonly sha256: string;
  /** As it is; undefined where it could not be read to its end. */
  readonly found: string | undefined;
  /** Why it could not. */
  readonly problem?: string;
  readonly isIntact: boolean;
  /** How often it was read. */
  readonly reads: number;
  /** Names of the samples in it whose own bytes are wrong; none where only the rest of the file is. */
  readonly damagedSamples: readonly string[];
}

export interface VerifyOptions {
  /** @defaultValue the user's cache, within its limit */
  readonly cache?: ShardCache | undefined;
  /** Called with the bytes read so far, of all tar files. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Shard = ShardIndex['shards'][number];
type Count = (bytes: number) => void;

/** The checksum of a file on disk, as far as the index says it goes and whatever lies behind. */
async function hashFile(path: string, count: Count, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { signal })) {
    hash.update(part as Uint8Array);
    count((part as Uint8Array).length);
  }
  return hash.digest('hex');
}

/** The checksum of a tar file in a store, whose bytes go into the cache as they come. */
async function hashRemote(
  url: string,
  { bytes }: Shard,
  cache: ShardCache,
  count: Count,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < bytes; offset += PART_BYTES) {
    const part = await fetchRange(url, offset, Math.min(PART_BYTES, bytes - offset), { signal });
    hash.update(part);
    await cache.writeAt(url, offset, part);
    count(part.length);
  }
  return hash.digest('hex');
}

async function verifyShard(
  shard: string,
  about: Shard,
  samples: readonly { readonly name: string; readonly location: SampleLocation }[],
  count: Count,
  options: VerifyOptions,
): Promise<ShardVerdict> {
  const { sha256, bytes } = about;
  const isRemote = isUrl(shard);
  const cache = options.cache ?? new ShardCache();
  let found: string | undefined;
  let problem: string | undefined;
  let reads = 0;
  // A file on disk does not change by being read again.
  while (found !== sha256 && reads < (isRemote ? FETCHES : 1)) {
    reads++;
    try {
      found = isRemote
        ? await hashRemote(shard, about, cache, count, options.signal)
        : await hashFile(shard, count, options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      problem = (error as Error).message;
      break;
    }
  }
  const damagedSamples: string[] = [];
  if (found !== undefined && found !== sha256) {
    for (const { name, location } of samples) {
      const kept = isRemote ? await cache.read(location) : await readAt(shard, location).catch(() => undefined);
      if (kept === undefined || !isIntact(kept, location)) damagedSamples.push(name);
    }
  }
  return {
    ...{ shard, bytes, sha256, found, reads, damagedSamples },
    isIntact: found === sha256,
    ...(problem !== undefined && { problem }),
  };
}

/** Reads all tar files of an index. @param source the index's path or address */
export async function verifyShards(
  index: ShardIndex,
  source: string,
  options: VerifyOptions = {},
): Promise<ShardVerdict[]> {
  const total = index.shards.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    // What is fetched again is not counted on top.
    options.onProgress?.(Math.min(done, total), total);
  };
  const numbers = index.shards.map((_, number) => number);
  return mapBounded(
    numbers,
    CONCURRENCY,
    (number) => {
      const about = index.shards[number]!;
      const shard = locateShard(source, about.file);
      const samples = index.samples
        .filter((sample) => sample.shard === number)
        .map(({ name, offset, bytes, sha256 }) => ({ name, location: { shard, offset, bytes, sha256 } }));
      return verifyShard(shard, about, samples, count, options);
    },
    { signal: options.signal },
  );
}

/** What is wrong with a tar file, with both checksums. */
export function describeDamage({ shard, sha256, found, problem, reads, damagedSamples }: ShardVerdict): string {
  if (found === undefined) return `${shard}: cannot be read: ${problem ?? 'no reason given'}`;
  const times = reads > 1 ? `, fetched ${reads} times` : '';
  const some = damagedSamples.slice(0, NAMED_SAMPLES).join(', ');
  const more = damagedSamples.length > NAMED_SAMPLES ? ` and ${damagedSamples.length - NAMED_SAMPLES} more` : '';
  const samples = some === '' ? 'no sample is damaged' : `damaged samples: ${some}${more}`;
  return `${shard}: its SHA-256 is ${found}, the index says ${sha256}${times}; ${samples}`;
}

/** The error for damaged tar files; undefined where all are sound. */
export function damageError(verdicts: readonly ShardVerdict[]): DataError | undefined {
  const damaged = verdicts.filter((verdict) => !verdict.isIntact);
  if (damaged.length === 0) return undefined;
  return new DataError('DATA_SHARD_CHECKSUM', damaged.map(describeDamage).join('\n'), {
    hint: 'copy these tar files again from where they were packed, or pack the data set again',
    details: {
      shards: damaged.map(({ shard, sha256, found, damagedSamples }) => ({ shard, sha256, found, damagedSamples })),
    },
  });
}
