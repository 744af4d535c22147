/**
 * Downloading a data set that its YAML names: zip archives over http(s), with an optional checksum, unpacked below the
 * user's cache folder. Nothing of a YAML file is ever executed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join, normalize, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod/mini';
import { ConfigError, DataError, LockstepError } from '../proto/errors.js';
import { type ZipEntry, ZipReader } from '../proto/zip-reader.js';
import type { YamlSource } from './schema/yaml.js';

/** One archive. */
export interface Download {
  readonly url: string;
  /** Of the archive, in hex. */
  readonly sha256?: string | undefined;
}

const oneDownload = z.union([
  z.string(),
  z.strictObject({ url: z.string(), sha256: z.optional(z.string().check(z.regex(/^[0-9a-fA-F]{64}$/))) }),
]);
/** The key `download` of a data set YAML: a URL, a mapping with `url` and `sha256`, or a list of either. */
export const downloadSchema = z.union([oneDownload, z.array(oneDownload)]);

/** A server that does not tell a size within so long is not asked again. */
const SIZE_TIMEOUT_MS = 10_000;
/** Without a byte for so long a download is given up. */
const IDLE_TIMEOUT_MS = 60_000;

/**
 * The archives that a YAML names.
 * @throws ConfigError `CONFIG_DOWNLOAD` for anything but http(s) URLs of zip files, such as the scripts that the
 *   reference would run
 */
export function readDownloads(
  value: z.infer<typeof downloadSchema> | null | undefined,
  source: YamlSource,
): Download[] {
  return [value ?? []].flat().map((entry) => {
    const download = typeof entry === 'string' ? { url: entry.trim() } : entry;
    const url = URL.canParse(download.url) ? new URL(download.url) : undefined;
    if (/^https?:$/.test(url?.protocol ?? '') && url?.pathname.toLowerCase().endsWith('.zip')) return download;
    const shown = download.url.split('\n')[0]!.slice(0, 60);
    throw new ConfigError('CONFIG_DOWNLOAD', `${source.at(['download'])}: '${shown}' is not the URL of a zip file`, {
      hint: 'scripts in data set files are never run; run it yourself, and name zip URLs or nothing here',
      details: { path: source.path },
    });
  });
}

/** What is about to be downloaded. */
export interface DownloadPlan {
  readonly archives: readonly {
    readonly url: string /** Undefined where the server does not tell. */;
    readonly bytes: number | undefined;
  }[];
  /** The folder that will hold what they contain. */
  readonly root: string;
  /** On the disk of that folder. */
  readonly freeBytes: number;
}

export interface FetchOptions {
  /** Called once, before the first byte is downloaded. */
  readonly onPlan?: ((plan: DownloadPlan) => void) | undefined;
  /** Called with the bytes so far, of all archives, and the whole number where the server tells it. */
  readonly onDownload?: ((doneBytes: number, totalBytes: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue 60 s */
  readonly idleTimeoutMs?: number;
}

/**
 * Downloads and unpacks archives so that `root` exists afterwards. A top folder of the archives that is named as `root`
 * becomes it; otherwise `root` holds what the archives hold. Appears as a whole or not at all.
 * @throws DataError `DATA_DOWNLOAD_FAILED`, `DATA_CHECKSUM`, `DATA_ARCHIVE_DAMAGED`, `DATA_ARCHIVE_UNSAFE`, `DATA_DISK_FULL`
 */
export async function fetchDataset(
  downloads: readonly Download[],
  root: string,
  options: FetchOptions = {},
): Promise<void> {
  await assemble(root, async (work, unpacked) => {
    await planDownload(downloads, root, options);
    for (const [i, download] of downloads.entries()) {
      const archive = join(work, `${i}.zip`);
      await fetchArchive(download, archive, options);
      await unpack(archive, unpacked, download.url, options.signal);
      await rm(archive);
    }
  });
}

/**
 * Unpacks a zip file on this machine so that `root` exists afterwards, as {@link fetchDataset} does.
 * @throws DataError `DATA_ARCHIVE_DAMAGED`, `DATA_ARCHIVE_UNSAFE`, `DATA_DISK_FULL`
 */
export async function unpackDataset(archive: string, root: string, signal?: AbortSignal): Promise<void> {
  await assemble(root, (_work, unpacked) => unpack(archive, unpacked, archive, signal));
}

/** Lets a folder be filled beside `root`, and puts it there when it is whole. */
async function assemble(root: string, fill: (work: string, unpacked: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  const work = `${root}.${randomUUID()}.part`;
  const unpacked = join(work, 'unpacked');
  try {
    await mkdir(unpacked, { recursive: true });
    await fill(work, unpacked);
    const top = await readdir(unpacked);
    const isWrapped = top.includes(basename(root));
    await rename(isWrapped ? join(unpacked, basename(root)) : unpacked, root).catch((cause: unknown) => {
      // Somebody else has put it there in the meantime; theirs is as good.
      if (!existsSync(root)) throw cause;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Tells the plan, and refuses what the disk has no room for before hours are spent on it. */
async function planDownload(
  downloads: readonly Download[],
  root: string,
  { onPlan, signal }: FetchOptions,
): Promise<void> {
  const sizes = await Promise.all(downloads.map(({ url }) => sizeOf(url, signal)));
  const known = sizes.map((bytes) => bytes ?? 0);
  const { bavail, bsize } = await statfs(dirname(root));
  const archives = downloads.map(({ url }, i) => ({ url, bytes: sizes[i] }));
  onPlan?.({ archives, root, freeBytes: bavail * bsize });
  // Pictures hardly shrink in an archive, and an archive goes as soon as it is unpacked.
  const needed = known.reduce((sum, bytes) => sum + bytes, 0) + Math.max(...known);
  await requireSpace(dirname(root), needed, downloads.map(({ url }) => url).join(', '));
}

/** Bytes behind an address; undefined where its server does not tell. */
async function sizeOf(url: string, signal: AbortSignal | undefined): Promise<number | undefined> {
  const timeout = AbortSignal.timeout(SIZE_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      method: 'HEAD',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return response.ok ? Number(response.headers.get('content-length')) || undefined : undefined;
  } catch {
    signal?.throwIfAborted();
    // The download itself says what is wrong.
    return undefined;
  }
}

function failed(url: string, why: string, cause?: unknown): DataError {
  return new DataError('DATA_DOWNLOAD_FAILED', `${url} cannot be downloaded: ${why}`, {
    hint: 'check the network, or download and unpack it by hand',
    details: { url },
    cause,
  });
}

/** The reason of a failed fetch is its cause's cause. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

async function fetchArchive({ url, sha256 }: Download, target: string, options: FetchOptions): Promise<void> {
  const { onDownload, signal, idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  const idle = new AbortController();
  const giveUp = (): void => idle.abort(failed(url, `no data for ${idleTimeoutMs / 1000} s`));
  let timer = setTimeout(giveUp, idleTimeoutMs);
  const hash = createHash('sha256');
  try {
    const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, idle.signal]) : idle.signal });
    if (!response.ok || response.body === null) throw failed(url, `the server answers ${response.status}`);
    const length = Number(response.headers.get('content-length')) || undefined;
    await requireSpace(dirname(target), length ?? 0, url);
    let done = 0;
    const watch = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, idleTimeoutMs);
        hash.update(chunk);
        done += chunk.length;
        onDownload?.(done, length);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(response.body), watch, createWriteStream(target));
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof LockstepError) throw error;
    throw idle.signal.aborted ? (idle.signal.reason as DataError) : failed(url, reason(error), error);
  } finally {
    clearTimeout(timer);
  }
  const digest = hash.digest('hex');
  if (sha256 !== undefined && digest !== sha256.toLowerCase()) {
    throw new DataError('DATA_CHECKSUM', `${url} has SHA-256 ${digest}, expected ${sha256}`, {
      hint: 'the file was changed or damaged on its way; correct download in the data set YAML only if you trust it',
      details: { url, sha256: digest },
    });
  }
}

async function unpack(archive: string, folder: string, url: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await using zip = await ZipReader.open(archive);
    const files = zip.entries.filter(({ name }) => !name.endsWith('/'));
    await requireSpace(
      folder,
      files.reduce((sum, { bytes }) => sum + bytes, 0),
      url,
    );
    for (const entry of files) await zip.extract(entry, join(folder, safePath(entry, url)), { signal });
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'ENGINE_ARCHIVE_DAMAGED') throw error;
    throw new DataError('DATA_ARCHIVE_DAMAGED', `${url}: ${error.message}`, {
      hint: 'download it again, or unpack it by hand',
      details: { url },
      cause: error,
    });
  }
}

/** The entry's path below the folder; one that points elsewhere is an attack. */
function safePath({ name }: ZipEntry, url: string): string {
  const path = normalize(name);
  const parts = path.split(sep);
  if (!path.startsWith(sep) && !parts.includes('..') && !name.includes('\\') && !/^[A-Za-z]:/.test(name)) return path;
  throw new DataError('DATA_ARCHIVE_UNSAFE', `${url}: the archive wants to write to ${name}`, {
    hint: 'do not use this archive',
    details: { url, name },
  });
}

async function requireSpace(folder: string, bytes: number, url: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bytes <= bavail * bsize) return;
  const gigabytes = (value: number): string => (value / 1e9).toFixed(1);
  throw new DataError(
    'DATA_DISK_FULL',
    `${url} needs ${gigabytes(bytes)} GB in ${folder}, ${gigabytes(bavail * bsize)} GB are free`,
    { hint: 'free some space, or set LOCKSTEP_CACHE to a folder on a larger disk', details: { bytes } },
  );
}
