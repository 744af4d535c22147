/** The data set YAML: from its text to absolute paths that exist. */
import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { ConfigError, DataError, LockstepError } from '../proto/errors.js';
import { cacheRoot } from '../proto/paths.js';
import { type Download, downloadSchema, type FetchOptions, fetchDataset, readDownloads } from './download.js';
import type { DatasetConfig } from './run-config.js';
import { checkYaml, readYaml, type YamlSource } from './schema/yaml.js';
import { ensureShapes, type ShapesProgress } from './shapes/dataset.js';
import type { ShapesParams } from './shapes/params.js';
import { isUrl } from './store/index-name.js';

const sources = z.union([z.string(), z.array(z.string())]);

const generatorSchema = z.strictObject({
  /** The only kind there is: drawn scenes of simple shapes. */
  kind: z.literal('shapes'),
  train_images: z._default(z.int().check(z.minimum(1)), 400),
  val_images: z._default(z.int().check(z.minimum(1)), 100),
  /** Side of the square pictures, pixels. */
  imgsz: z._default(z.int().check(z.minimum(64), z.maximum(2048)), 160),
  seed: z._default(z.int(), 0),
});

const datasetSchema = z.strictObject({
  /** Root of relative paths; itself relative to this file's folder or to the working folder, or an address (http, https, s3). */
  path: z.optional(z.nullable(z.string())),
  train: z.optional(z.nullable(sources)),
  val: z.optional(z.nullable(sources)),
  test: z.optional(z.nullable(sources)),
  nc: z.optional(z.int().check(z.minimum(1))),
  names: z.optional(z.union([z.array(z.string()), z.record(z.string(), z.string())])),
  /** Zip archives to fetch when the data is missing. Scripts are refused, never executed. */
  download: z.optional(z.nullable(downloadSchema)),
  generator: z.optional(generatorSchema),
});

type DatasetYaml = z.infer<typeof datasetSchema>;

const KNOWN_KEYS = ['url', 'sha256', ...Object.keys(datasetSchema.shape), ...Object.keys(generatorSchema.shape)];

export interface ReadDatasetOptions {
  /** What relative paths may also be relative to. @defaultValue the working folder */
  readonly cwd?: string;
  /** Stands for `path`, whatever the YAML says: the folder of an archive's YAML. */
  readonly root?: string;
  /** The cache that generated data sets lie in. @defaultValue the user's */
  readonly cacheDir?: string;
  /** Called while pictures are drawn; never for a data set that exists. */
  readonly onProgress?: ShapesProgress;
  /** Whether all classes count as one: a list of one name will do then, whatever `nc` is. @defaultValue false */
  readonly singleCls?: boolean;
  /** Fetch what is missing and can be downloaded. @defaultValue false: only say so */
  readonly fetchMissing?: boolean;
  /** Called once before anything is downloaded. */
  readonly onPlan?: FetchOptions['onPlan'];
  /** Called while an archive is downloaded. */
  readonly onDownload?: FetchOptions['onDownload'];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a data set YAML, generates the data set where the YAML says so, and returns absolute paths that exist.
 * A relative `path`, and without it every source, is looked up beside the YAML first, in the working folder second, and
 * among the downloaded data sets last; what is missing is downloaded there on request.
 * @throws ConfigError `CONFIG_FILE_NOT_FOUND`, `CONFIG_YAML_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID_VALUE`,
 *   `CONFIG_DOWNLOAD`
 * @throws DataError `DATA_NOT_FOUND` naming everything that is missing, where it was looked for, and why it could not be
 *   downloaded; `DATA_CHECKSUM`, `DATA_ARCHIVE_DAMAGED`, `DATA_ARCHIVE_UNSAFE`, `DATA_DISK_FULL`
 */
export async function readDatasetYaml(yamlPath: string, options: ReadDatasetOptions = {}): Promise<DatasetConfig> {
  const yaml = resolve(options.cwd ?? process.cwd(), yamlPath);
  const source = readYaml(yaml);
  const value = checkYaml<DatasetYaml>(source, datasetSchema, KNOWN_KEYS);
  const { nc, names } = classNames(value, source, options.singleCls === true);
  if (value.generator !== undefined) {
    const generator = value.generator;
    const params: ShapesParams = {
      trainImages: generator.train_images,
      valImages: generator.val_images,
      imgsz: generator.imgsz,
      seed: generator.seed,
    };
    const shapes = await ensureShapes(params, options);
    if (nc !== shapes.names.length) {
      throw new ConfigError(
        'CONFIG_INVALID_VALUE',
        `${source.at(['nc'])}: nc is ${nc}; the generator draws ${shapes.names.length} classes`,
        {
          hint: `leave nc and names out, or say names: [${shapes.names.join(', ')}]`,
        },
      );
    }
    return { yaml, train: [shapes.train], val: [shapes.val], test: [], nc, names };
  }
  return { yaml, ...(await findSources(value, source, options)), nc, names };
}

function classNames(value: DatasetYaml, source: YamlSource, singleCls: boolean): { nc: number; names: string[] } {
  const given = Array.isArray(value.names) ? value.names : namesByIndex(value.names, source);
  if (given === undefined && value.nc === undefined) {
    if (value.generator !== undefined) return { nc: 3, names: ['circle', 'rectangle', 'triangle'] };
    throw new ConfigError('CONFIG_INVALID_VALUE', `${source.path}: neither nc nor names is given`, {
      hint: 'add nc (the number of classes) or names (the list of their names)',
    });
  }
  const nc = value.nc ?? given?.length ?? 0;
  const names = given ?? Array.from({ length: nc }, (_, i) => `class${i}`);
  if (names.length !== nc && !(singleCls && names.length === 1)) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `${source.at(['names'])}: ${names.length} names for nc: ${nc}`, {
      hint: 'names must list exactly nc names (or one, with --single-cls); without names they become class0, class1, …',
      details: { nc, names: names.length },
    });
  }
  return { nc, names };
}

/** Names given as `0: person`, `1: bicycle`, …; every number from 0 on must be there. */
function namesByIndex(names: Record<string, string> | undefined, source: YamlSource): string[] | undefined {
  if (names === undefined) return undefined;
  const count = Object.keys(names).length;
  return Array.from({ length: count }, (_, i) => {
    const name = names[String(i)];
    if (name === undefined) {
      throw new ConfigError(
        'CONFIG_INVALID_VALUE',
        `${source.at(['names'])}: ${count} names, but none for class ${i}`,
        {
          hint: 'number the names from 0 without gaps',
        },
      );
    }
    return name;
  });
}

type Split = 'train' | 'val' | 'test';

type Sources = Record<Split, readonly string[]>;

/** Where a downloaded data set lies. */
function downloadRoot(value: DatasetYaml, source: YamlSource, options: ReadDatasetOptions): string {
  const name = basename(value.path ?? '') || basename(source.path, extname(source.path));
  return join(options.cacheDir ?? cacheRoot(), 'datasets', name);
}

async function findSources(value: DatasetYaml, source: YamlSource, options: ReadDatasetOptions): Promise<Sources> {
  const downloads = readDownloads(value.download, source);
  const { located, missing, root } = locateSources(value, source, options);
  if (missing.length === 0) return located;
  const target = downloadRoot(value, source, options);
  if (options.fetchMissing !== true || downloads.length === 0 || existsSync(target)) {
    throw notFound(missing, root, downloads, source);
  }
  try {
    await fetchDataset(downloads, target, options);
  } catch (error) {
    if (!(error instanceof LockstepError) || error.code !== 'DATA_DOWNLOAD_FAILED') throw error;
    throw notFound(missing, root, downloads, source, error);
  }
  const again = locateSources(value, source, options);
  if (again.missing.length > 0) throw notFound(again.missing, root, [], source);
  return again.located;
}

function locateSources(
  value: DatasetYaml,
  source: YamlSource,
  options: ReadDatasetOptions,
): { located: Sources; missing: string[]; root: string } {
  const bases = [dirname(source.path), options.cwd ?? process.cwd()];
  const path = options.root ?? value.path ?? '';
  const rooted = [...bases.map((base) => resolve(base, path)), downloadRoot(value, source, options)];
  // With a `path` its folder decides for all sources; without one each source may lie in any of the places.
  const existing = rooted.filter((root) => existsSync(root));
  const roots = path !== '' && existing.length > 0 ? existing.slice(0, 1) : rooted;
  const missing: string[] = [];
  const locate = (split: Split): string[] => {
    const given = value[split] ?? [];
    return [given].flat().map((entry) => {
      // An index of tar files in a store; whether it is there shows when it is read.
      if (isUrl(entry)) return entry;
      if (isUrl(path)) return new URL(entry, path.endsWith('/') ? path : `${path}/`).href;
      const candidates = [...new Set(roots.map((root) => resolve(root, entry)))];
      const found = candidates.find((candidate) => existsSync(candidate));
      // A test split is used on request only; most people do not have it.
      if (found === undefined && split !== 'test') missing.push(`${split}: ${candidates.join(' or ')}`);
      return found ?? candidates[0]!;
    });
  };
  for (const split of ['train', 'val'] as const) {
    if (value[split] == null) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `${source.path}: ${split} is missing`, {
        hint: `add ${split}: a folder of images, a list file, or a COCO instances JSON file`,
      });
    }
  }
  const located = { train: locate('train'), val: locate('val'), test: locate('test') };
  return { located, missing, root: roots[0]! };
}

function notFound(
  missing: readonly string[],
  root: string,
  downloads: readonly Download[],
  source: YamlSource,
  failure?: LockstepError,
): DataError {
  const urls = downloads.map(({ url }) => url);
  const why = failure === undefined ? '' : `; ${failure.message}`;
  return new DataError('DATA_NOT_FOUND', `${source.path}: the data set is not there (${missing.join('; ')})${why}`, {
    hint:
      urls.length > 0
        ? `download ${urls.join(' and ')} and unpack to ${root}`
        : `put the data there, or correct path, train and val in ${source.path}`,
    details: { missing, root, download: urls },
    cause: failure,
  });
}
