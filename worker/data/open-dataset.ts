import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { RunConfig } from '../../configs/run-config.js';
import { isShardIndex } from '../../configs/store/index-name.js';
import { DataError } from '../../proto/errors.js';
import { cacheRoot } from '../../proto/paths.js';
import { Dataset, joinTables, type ScanReport, withoutPolygons } from './dataset.js';
import { type CocoImage, readCocoInstances } from './labels/coco-json.js';
import { cacheKey, fingerprint, readCache, writeCache } from './labels/label-cache.js';
import { byCodeUnits, labelPath, listImages } from './scan/image-list.js';
import { openScanTask, type ScanOptions, type ScanResult, scanCoco, scanYolo } from './scan/scan.js';
import { numHelpers, ScanCrew } from './scan/scan-crew.js';
import type { ScanTask } from './scan/scan-part.js';
import { numStrings } from './string-table.js';

export interface OpenDatasetOptions extends ScanOptions {
  /** Training insists on labels; validation does not. */
  readonly split: 'train' | 'val';
  /** Treat every object as class 0. @defaultValue false */
  readonly singleCls?: boolean;
  /** What to do about images that cannot be used. @defaultValue 'skip' */
  readonly onBadSample?: RunConfig['onBadSample'];
  /** @defaultValue `<cache root>/labels` */
  readonly cacheDir?: string;
}

/** The scan of a task's images, from the label cache where its files have not changed. */
async function scanOrRecall(
  task: ScanTask,
  rules: { readonly salt: readonly string[]; readonly extra?: readonly string[] },
  options: ScanOptions & { readonly cacheDir?: string },
  scan: (crew: ScanCrew) => Promise<ScanResult>,
): Promise<ScanResult> {
  const cacheDir = options.cacheDir ?? join(cacheRoot(), 'labels');
  await using crew = new ScanCrew(numHelpers(numStrings(task.paths)));
  await crew.stat(task, options);
  const key = cacheKey(task, rules.salt);
  const files = fingerprint(task, rules.extra);
  const kept = await readCache(cacheDir, key, files);
  if (kept !== undefined) return kept;
  const result = await scan(crew);
  await writeCache(cacheDir, key, files, result);
  return result;
}

/** Lists and scans sources of any kind, or takes the scan from the label cache. */
export async function scanSources(
  sources: readonly string[],
  names: readonly string[],
  options: ScanOptions & { readonly cacheDir?: string },
): Promise<ScanResult[]> {
  const results: ScanResult[] = [];
  const shards = sources.filter(isShardIndex);
  const plain = sources.filter((source) => !isShardIndex(source) && extname(source).toLowerCase() !== '.json');
  if (plain.length > 0) {
    const paths = await listImages(plain);
    const task = openScanTask(paths, true);
    const scan = (crew: ScanCrew): Promise<ScanResult> => scanYolo(crew, task, paths, options);
    results.push(await scanOrRecall(task, { salt: ['yolo'] }, options, scan));
  }
  for (const source of sources.filter((s) => !plain.includes(s) && !shards.includes(s))) {
    const images = sortedByPath(await readCocoInstances(source, names));
    const { size, mtimeMs } = await stat(source);
    const task = openScanTask(
      images.flatMap((image) => image.path ?? []),
      false,
    );
    const rules = { salt: ['coco', source, ...names], extra: [`${size}:${mtimeMs}`] };
    results.push(await scanOrRecall(task, rules, options, (crew) => scanCoco(crew, task, images, options)));
  }
  if (shards.length === 0) return results;
  // Its schema takes a start 0.1 s of processor time to load, and most data sets are not packed.
  const { indexEntries, readIndex } = await import('./shards/shard-index.js');
  // The index of a packed split holds what a scan would find.
  for (const source of shards) results.push(indexEntries(await readIndex(source, options), source));
  return results;
}

function sortedByPath(images: readonly CocoImage[]): CocoImage[] {
  return images.toSorted((a, b) => byCodeUnits(a.path ?? a.fileName, b.path ?? b.fileName));
}

function mergeReports(reports: readonly ScanReport[]): ScanReport {
  const sum = (pick: (report: ScanReport) => number): number => reports.reduce((total, r) => total + pick(r), 0);
  return {
    found: sum((r) => r.found),
    missing: sum((r) => r.missing),
    empty: sum((r) => r.empty),
    corrupt: sum((r) => r.corrupt),
    total: sum((r) => r.total),
    messages: reports.flatMap((r) => r.messages),
    fromCache: reports.every((r) => r.fromCache),
  };
}

/** Where in the label file the class stands, for the message; the parsed rows may be in another order. */
async function lineOfClass(imagePath: string, classId: number): Promise<string> {
  const file = labelPath(imagePath);
  const text = await readFile(file, 'utf8').catch(() => '');
  const line = text.split('\n').findIndex((l) => l.trim() !== '' && Number(l.trim().split(/\s+/)[0]) === classId);
  return line < 0 ? imagePath : `${file}:${line + 1}`;
}

async function checkClasses(dataset: Dataset, data: RunConfig['data']): Promise<void> {
  const { labels, labelStarts } = dataset.table;
  for (let at = 0; at < labels.length; at += 5) {
    const classId = labels[at]!;
    if (classId < data.nc) continue;
    const image = labelStarts.findIndex((start) => start > at / 5) - 1;
    const where = await lineOfClass(dataset.imagePath(image), classId);
    throw new DataError(
      'DATA_CLASS_OUT_OF_RANGE',
      `${where}: class ${classId}, but ${data.yaml} has nc: ${data.nc}, so classes run from 0 to ${data.nc - 1}`,
      { hint: 'correct the label, or nc and names in the data set YAML', details: { where, classId, nc: data.nc } },
    );
  }
}

function checkPolicy(report: ScanReport, numEntries: number, sources: readonly string[], options: OpenDatasetOptions) {
  const examples = report.messages.slice(0, 5);
  if (numEntries === 0) {
    throw new DataError(
      'DATA_ALL_UNREADABLE',
      `none of the ${report.total} images in ${sources.join(', ')} can be used; first: ${examples[0] ?? '-'}`,
      { hint: 'check the files named here; they may be incomplete downloads', details: { messages: examples } },
    );
  }
  if (report.corrupt > 0 && options.onBadSample === 'fail') {
    throw new DataError(
      'DATA_BAD_SAMPLE',
      `${report.corrupt} of ${report.total} images cannot be used: ${examples.join('; ')}`,
      { hint: 'repair them, or let them be skipped with --on-bad-sample skip', details: { messages: examples } },
    );
  }
  if (options.split === 'train' && report.found === 0) {
    const example = labelPath(join(sources[0] ?? '', 'image.jpg'));
    throw new DataError('DATA_NO_LABELS', `no labels found for the ${report.total} training images`, {
      hint: `labels lie beside images/ in labels/, one text file per image, such as ${example}`,
      details: { sources },
    });
  }
}

/**
 * Opens the images and labels of one split: lists, scans (or takes the scan from the label cache) and checks them.
 * @param sources folders, list files or COCO instances JSON files, absolute
 * @throws DataError `DATA_NOT_FOUND`, `DATA_NO_IMAGES`, `DATA_ALL_UNREADABLE`, `DATA_NO_LABELS` (training only),
 *   `DATA_BAD_SAMPLE` (policy `fail`), `DATA_CLASS_OUT_OF_RANGE`, `DATA_BAD_COCO_JSON`
 */
export async function openDataset(
  sources: readonly string[],
  data: RunConfig['data'],
  options: OpenDatasetOptions,
): Promise<Dataset> {
  options.signal?.throwIfAborted();
  const results = await scanSources(sources, data.names, options);
  const joined = joinTables(results.map(({ table }) => table));
  // Outlines serve augmentation only, and they are most of the memory.
  const table = options.split === 'train' ? joined : withoutPolygons(joined);
  const report = mergeReports(results.map((result) => result.report));
  const dataset = new Dataset(table, report);
  checkPolicy(report, dataset.numImages, sources, options);
  if (options.singleCls) for (let i = 0; i < table.labels.length; i += 5) table.labels[i] = 0;
  else await checkClasses(dataset, data);
  return dataset;
}
