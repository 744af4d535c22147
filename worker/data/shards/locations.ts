/** Where the images of a data set lie that come from tar files, in flat arrays that threads can share. */
import type { DatasetTable, SampleEntry } from '../dataset.js';
import { stringAt } from '../string-table.js';
import type { SampleLocation } from './sample-location.js';
import { readSample } from './shard-reader.js';

const DIGEST_BYTES = 32;
const NO_SHARD = -1;

/** All arrays are in shared memory and indexed by image. */
export interface ShardLocations {
  /** Paths or addresses of the tar files. */
  readonly shards: readonly string[];
  /** Which of `shards`; −1: the image is a file of its own. */
  readonly shardOf: Int32Array;
  readonly offsets: Float64Array;
  readonly bytes: Int32Array;
  /** [n, 32] SHA-256. */
  readonly digests: Uint8Array;
}

/** Packs the locations of entries; undefined if none lies in a tar file. */
export function buildLocations(entries: readonly SampleEntry[]): ShardLocations | undefined {
  const shards = [...new Set(entries.flatMap(({ location }) => location?.shard ?? []))];
  if (shards.length === 0) return undefined;
  const numbers = new Map(shards.map((shard, number) => [shard, number]));
  const n = entries.length;
  const locations = {
    shards,
    shardOf: new Int32Array(new SharedArrayBuffer(4 * n)),
    offsets: new Float64Array(new SharedArrayBuffer(8 * n)),
    bytes: new Int32Array(new SharedArrayBuffer(4 * n)),
    digests: new Uint8Array(new SharedArrayBuffer(DIGEST_BYTES * n)),
  };
  for (const [i, { location }] of entries.entries()) {
    locations.shardOf[i] = location === undefined ? NO_SHARD : numbers.get(location.shard)!;
    if (location === undefined) continue;
    locations.offsets[i] = location.offset;
    locations.bytes[i] = location.bytes;
    locations.digests.set(Buffer.from(location.sha256, 'hex'), i * DIGEST_BYTES);
  }
  return locations;
}

/** Where an image lies, or undefined for a file of its own. */
export function locationOf({ locations }: DatasetTable, index: number): SampleLocation | undefined {
  const shard = locations?.shards[locations.shardOf[index]!];
  if (locations === undefined || shard === undefined) return undefined;
  const digest = locations.digests.slice(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  return {
    shard,
    offset: locations.offsets[index]!,
    bytes: locations.bytes[index]!,
    sha256: Buffer.from(digest).toString('hex'),
  };
}

/**
 * What the decoder is to read for an image: its path, or its bytes out of a tar file.
 * @throws DataError as {@link readSample}
 */
export async function imageInput(table: DatasetTable, index: number): Promise<string | Uint8Array> {
  const location = locationOf(table, index);
  return location === undefined ? stringAt(table.paths, index) : readSample(location);
}
