/**
 * What came over the network, kept in sparse files below the user's cache folder, one per tar file. A sample whose bytes there
 * have the right checksum is there, everything else is not: threads and processes share the files without locks. Where a
 * limit is set, the files that were used longest ago go first.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../../../proto/paths.js';
import { isIntact, readAt, type SampleLocation } from './sample-location.js';

const SUFFIX = '.tar';
/** Counted in blocks of this size, whatever the file system's are. */
const STAT_BLOCK_BYTES = 512;
/** The folder is looked through after so many bytes have been added, or an eighth of the limit if that is less. */
const LOOK_AFTER_BYTES = 64 * 2 ** 20;
const LOOKS_PER_LIMIT = 8;
/** Room is made to this share of the limit, so that not every sample has to make room. */
const SHARE_AFTER_EVICTION = 0.9;
/** A file's time of use is noted this often at most. */
const TOUCH_MS = 60_000;

export interface ShardCacheOptions {
  /** @defaultValue `<cache root>/shards` */
  readonly folder?: string | undefined;
  /** Bytes on disk, over all tar files. @defaultValue `LOCKSTEP_SHARD_CACHE_GB`, else no limit */
  readonly maxBytes?: number | undefined;
}

/** The limit that the environment sets, in bytes; no limit without a positive number. */
export function readCacheLimit(env: NodeJS.ProcessEnv = process.env): number {
  const gigabytes = Number(env.LOCKSTEP_SHARD_CACHE_GB);
  return gigabytes > 0 ? gigabytes * 1e9 : Number.POSITIVE_INFINITY;
}

export class ShardCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #touchedMs = new Map<string, number>();
  #addedBytes = 0;

  constructor({ folder, maxBytes }: ShardCacheOptions = {}) {
    this.#folder = folder ?? join(cacheRoot(), 'shards');
    this.#maxBytes = maxBytes ?? readCacheLimit();
  }

  /** A sample's bytes, or undefined where they are not there or damaged. */
  async read(location: SampleLocation): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(location.shard);
    const bytes = await readAt(path, location).catch(() => undefined);
    if (bytes === undefined || !isIntact(bytes, location)) return undefined;
    await this.#touch(path);
    return bytes;
  }

  /** Keeps a sample's bytes. */
  write({ shard, offset }: SampleLocation, bytes: Uint8Array): Promise<void> {
    return this.writeAt(shard, offset, bytes);
  }

  /** Keeps bytes of a tar file. A cache is a convenience: a full or read-only disk only costs the next fetch. */
  async writeAt(shard: string, offset: number, bytes: Uint8Array): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
      const file = await open(this.#pathOf(shard), constants.O_WRONLY | constants.O_CREAT, 0o644);
      try {
        await file.write(bytes, 0, bytes.length, offset);
      } finally {
        await file.close();
      }
      this.#addedBytes += bytes.length;
      if (this.#addedBytes < Math.min(LOOK_AFTER_BYTES, this.#maxBytes / LOOKS_PER_LIMIT)) return;
      this.#addedBytes = 0;
      await this.#evict();
    } catch {
      return;
    }
  }

  #pathOf(shard: string): string {
    return join(this.#folder, `${createHash('sha256').update(shard).digest('hex')}${SUFFIX}`);
  }

  async #touch(path: string): Promise<void> {
    const now = Date.now();
    if (this.#maxBytes === Number.POSITIVE_INFINITY || now - (this.#touchedMs.get(path) ?? 0) < TOUCH_MS) return;
    this.#touchedMs.set(path, now);
    await utimes(path, now / 1000, now / 1000).catch(() => undefined);
  }

  /** Removes files until the limit is kept. Whoever still reads one keeps what it has open. */
  async #evict(): Promise<void> {
    if (this.#maxBytes === Number.POSITIVE_INFINITY) return;
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(SUFFIX));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const info = await stat(path).catch(() => undefined);
        return { path, usedMs: info?.mtimeMs ?? 0, bytes: (info?.blocks ?? 0) * STAT_BLOCK_BYTES };
      }),
    );
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.#maxBytes) return;
    for (const { path, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#maxBytes * SHARE_AFTER_EVICTION) return;
      await rm(path, { force: true });
      total -= bytes;
    }
  }
}
