/** `--data s3://bucket/prefix` or `--data https://host/path`: a packed data set in a store, named without a YAML file here. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { ConfigError, DataError } from '../proto/errors.js';
import { cacheRoot } from '../proto/paths.js';
import { parseYaml } from './schema/yaml.js';
import { isShardIndex, isUrl } from './store/index-name.js';
import { fetchWhole, shownUrl } from './store/remote.js';

/** What `launch dataset pack` writes beside the indexes. */
const PACKED_YAML = 'data.yaml';
/** Digits of the address's checksum in the folder's name, which tell sets of equal names apart. */
const NAME_DIGITS = 12;

export interface RemoteDatasetOptions {
  /** The cache folder. @defaultValue the user's */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where the YAML of a data set is: at the address if that names a YAML file, beside the index if it names one, and below it
 * otherwise.
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function datasetYamlAddress(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.host === '') {
    throw new ConfigError('CONFIG_INVALID_VALUE', `--data: '${given}' is not an address`, {
      hint: 'write s3://bucket/path or https://host/path, the place that holds data.yaml and the indexes',
    });
  }
  const { pathname } = url;
  if (/\.zip$/i.test(pathname)) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `--data: ${shownUrl(given)}: zip files come over http(s) only`, {
      hint: 'pack the data set with `launch dataset pack`, and put what it writes into the store',
    });
  }
  if (/\.ya?ml$/i.test(pathname)) return given;
  url.pathname = isShardIndex(given)
    ? `${pathname.slice(0, pathname.lastIndexOf('/'))}/${PACKED_YAML}`
    : `${pathname.replace(/\/+$/, '')}/${PACKED_YAML}`;
  return url.href;
}

/** Whether all sources that a YAML names are indexes of packed splits. */
function isPacked(value: unknown): boolean {
  const { train, val, test } = value as Readonly<Record<string, unknown>>;
  const sources = [train, val, test].flat().filter((source) => source != null);
  return sources.length > 0 && sources.every((source) => typeof source === 'string' && isShardIndex(source));
}

/**
 * Fetches the YAML of a data set and keeps it in the cache folder, its `path` made the address where it stands in for a packed
 * set, so that the copy says everything. A YAML whose sources are folders stays as it is: they are looked for on this machine.
 * @returns the copy's path
 * @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_YAML_SYNTAX`; DataError `DATA_REMOTE`
 */
export async function openRemoteDataset(given: string, options: RemoteDatasetOptions = {}): Promise<string> {
  const address = datasetYamlAddress(given);
  const text = Buffer.from(await fetchYaml(address, given, options)).toString('utf8');
  const { value } = parseYaml(text, shownUrl(address));
  const copy = parseDocument(text);
  if (typeof value === 'object' && value !== null && isPacked(value)) {
    const { path } = value as { readonly path?: unknown };
    const root = typeof path === 'string' && path !== '' ? path : '.';
    copy.set('path', isUrl(root) ? root : new URL(root.endsWith('/') ? root : `${root}/`, address).href);
  }
  const digits = createHash('sha256').update(address).digest('hex').slice(0, NAME_DIGITS);
  const { pathname, host } = new URL(address);
  const stem = basename(dirname(pathname)) || host;
  const folder = join(options.cacheDir ?? cacheRoot(), 'datasets', `${decodeURIComponent(stem)}-${digits}`);
  const file = join(folder, basename(pathname));
  await mkdir(folder, { recursive: true });
  // Whoever reads it meanwhile sees the old one or the new one.
  const part = `${file}.${randomUUID()}`;
  await writeFile(part, String(copy));
  await rename(part, file);
  return file;
}

async function fetchYaml(address: string, given: string, options: RemoteDatasetOptions): Promise<Uint8Array> {
  try {
    return await fetchWhole(address, options);
  } catch (cause) {
    if (!(cause instanceof DataError) || address === given) throw cause;
    throw new DataError('DATA_REMOTE', cause.message, {
      hint: `a packed data set has ${PACKED_YAML} beside its indexes, as \`launch dataset pack\` writes it; ${cause.hint ?? ''}`,
      details: cause.details ?? {},
      cause,
    });
  }
}
