/** `--data set.zip`: a data set that comes as one archive, its YAML inside. Unpacked once, into the user's cache folder. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '../proto/errors.js';
import { cacheRoot } from '../proto/paths.js';
import { type FetchOptions, fetchDataset, unpackDataset } from './download.js';
import { isUrl } from './store/index-name.js';

/** Digits of the checksum in the folder's name, which tell archives of equal names apart. */
const NAME_DIGITS = 12;

export interface ArchiveOptions extends FetchOptions {
  /** The cache folder. @defaultValue the user's */
  readonly cacheDir?: string;
}

/** Whether `--data` names an archive: a zip file, or the address of one. */
export function isDatasetArchive(given: string): boolean {
  if (isArchiveAddress(given)) return /\.zip$/i.test(new URL(given).pathname);
  return /\.zip$/i.test(given) && !isUrl(given);
}

/** Whether an archive is to be downloaded. */
export function isArchiveAddress(given: string): boolean {
  return /^https?:\/\//i.test(given) && URL.canParse(given);
}

/**
 * Unpacks an archive, which is downloaded first if it is an address, and returns the path of its first YAML file: the one
 * nearest to the top, by name. The folder of that file is the data set's root, whatever its `path` says. An archive that has
 * changed is unpacked anew.
 * @throws DataError `DATA_ARCHIVE_NO_YAML`, and what downloading and unpacking throw
 */
export async function openDatasetArchive(given: string, options: ArchiveOptions = {}): Promise<string> {
  const root = join(options.cacheDir ?? cacheRoot(), 'datasets', await folderName(given));
  if (!existsSync(root)) {
    if (isArchiveAddress(given)) await fetchDataset([{ url: given }], root, options);
    else await unpackDataset(given, root, options.signal);
  }
  const files = await readdir(root, { recursive: true });
  const depth = (file: string): number => file.split('/').length;
  const [yaml] = files.filter((file) => /\.ya?ml$/i.test(file)).sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  if (yaml !== undefined) return join(root, yaml);
  throw new DataError('DATA_ARCHIVE_NO_YAML', `${given} holds no data set YAML among its ${files.length} entries`, {
    hint: 'put one into the archive, or unpack it and name a YAML with --data',
    details: { archive: given, root },
  });
}

async function folderName(given: string): Promise<string> {
  const isAddress = isArchiveAddress(given);
  const info = isAddress ? undefined : await stat(given);
  const identity = JSON.stringify([given, info?.size, info?.mtimeMs]);
  const digits = createHash('sha256').update(identity).digest('hex').slice(0, NAME_DIGITS);
  const stem = basename(isAddress ? new URL(given).pathname : given).replace(/\.zip$/i, '');
  return `${stem}-${digits}`;
}
