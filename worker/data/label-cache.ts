/**
 * The result of a scan, kept in the user's cache folder so that the next start does not open every image again. Never
 * beside the data. Any doubt about an entry means a new scan.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { mapBounded } from './bounded.js';
import type { SampleEntry, ScanReport } from './dataset.js';

/** Raise when the scan's rules change. */
const CACHE_VERSION = 3;
const DIGEST_BYTES = 32;

/** What a scan returns and the cache keeps. */
export interface ScanResult {
  readonly entries: readonly SampleEntry[];
  readonly report: ScanReport;
}

/**
 * A key that changes with every change of the data: paths, sizes and modification times of all files involved (or
 * their absence), in order.
 */
export async function fingerprint(files: readonly string[], salt: readonly string[]): Promise<string> {
  const stats = await mapBounded(files, 32, async (path) => {
    const info = await stat(path).catch(() => undefined);
    return info === undefined ? 'absent' : `${info.size}:${info.mtimeMs}`;
  });
  // The V8 version is part of the key because its serialisation is the file format.
  const hash = createHash('sha256').update(JSON.stringify([CACHE_VERSION, process.versions.v8, salt]));
  for (const [i, path] of files.entries()) hash.update(`\n${path}\0${stats[i]}`);
  return hash.digest('hex');
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The entry, or undefined if there is none or it is damaged. */
export async function readCache(folder: string, key: string): Promise<ScanResult | undefined> {
  const bytes = await readFile(join(folder, key)).catch(() => undefined);
  if (bytes === undefined || bytes.length < DIGEST_BYTES) return undefined;
  const body = bytes.subarray(DIGEST_BYTES);
  if (!sha256(body).equals(bytes.subarray(0, DIGEST_BYTES))) return undefined;
  return deserialize(body) as ScanResult;
}

/**
 * Writes an entry under a temporary name and renames it, so that processes scanning at once do no harm. Returns false
 * where the folder cannot be written: a cache is a convenience.
 */
export async function writeCache(folder: string, key: string, result: ScanResult): Promise<boolean> {
  const temporary = join(folder, `${key}.${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    const body = serialize(result);
    await writeFile(temporary, Buffer.concat([sha256(body), body]));
    await rename(temporary, join(folder, key));
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
    return false;
  }
}
