/** `launch dataset check`: everything that can be found out about a data set before a device is taken. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CheckRequest } from '../../configs/dataset-request.js';
import { isShardIndex, isUrl } from '../../configs/store/index-name.js';
import { labelSizes } from '../anchors/auto-anchor.js';
import { anchorFit } from '../anchors/fit.js';
import type { Dataset } from '../data/dataset.js';
import { openLoader } from '../data/loader/loader.js';
import { scanSources } from '../data/open-dataset.js';
import { readIndex } from '../data/shards/shard-index.js';
import { describeDamage, verifyShards } from '../data/shards/verify.js';
import { resolveModel } from '../model/resolve.js';
import { parseModelYaml } from '../model/spec.js';
import { RunPictures } from '../pictures/run-pictures.js';
import { type DuplicateGroup, findDuplicates } from './duplicates.js';
import { describeSplit, type SplitFigures } from './split-figures.js';

const PICTURE_BATCH = 16;
const NUM_PICTURES = 3;

/** What is written as `dataset-report.json`. */
export interface CheckReport {
  readonly data: string;
  readonly imgsz: number;
  readonly splits: readonly SplitFigures[];
  readonly duplicates: readonly DuplicateGroup[];
  /** How the model's anchors fit the training labels; absent without labels. */
  readonly anchors?: {
    readonly model: string;
    readonly threshold: number;
    readonly bestPossibleRecall: number;
    readonly anchorsAboveThreshold: number;
  };
  /** Training would start. */
  readonly ok: boolean;
  /** Why it would not. */
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Called now and then while work goes on. */
export type ToolProgress = (what: string, done: number, total: number) => void;

/** A split after its scan. */
export interface ScannedSplit {
  readonly split: 'train' | 'val' | 'test';
  readonly figures: SplitFigures;
  readonly dataset: Dataset;
}

/** Scans all splits that the YAML names and whose files are there. */
export async function scanSplits(
  request: Pick<CheckRequest, 'data' | 'imgsz'>,
  progress: ToolProgress,
): Promise<ScannedSplit[]> {
  const { data, imgsz } = request;
  const scanned: ScannedSplit[] = [];
  for (const split of ['train', 'val', 'test'] as const) {
    if (data[split].length === 0) continue;
    const results = await scanSources(data[split], data.names, {
      onProgress: (done, total) => progress(`scan ${split}`, done, total),
    });
    scanned.push({ split, ...describeSplit(split, results, data.names, imgsz) });
  }
  return scanned;
}

/**
 * Checks a data set and writes the report and the pictures.
 * @throws DataError where a source is missing or has no image; ModelError for the model YAML
 */
export async function checkDataset(request: CheckRequest, progress: ToolProgress): Promise<CheckReport> {
  const started = performance.now();
  const { data, imgsz, out } = request;
  const splits = await scanSplits(request, progress);
  const duplicates = await findDuplicates(splits);
  const train = splits.find(({ split }) => split === 'train')!;
  await mkdir(out, { recursive: true });
  await drawPictures(request, train.dataset, progress);
  const problems = [...splits.flatMap((scanned) => problemsOf(scanned, request)), ...(await damagedShards(data))];
  const fit = await anchorFigures(request, train.dataset);
  const report: CheckReport = {
    data: data.yaml,
    imgsz,
    splits: splits.map(({ figures }) => figures),
    duplicates,
    ...(fit !== undefined && { anchors: fit }),
    ok: problems.length === 0,
    problems,
    seconds: (performance.now() - started) / 1000,
  };
  await writeFile(join(out, 'dataset-report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  return report;
}

/** Why training would refuse this split. */
function problemsOf({ split, figures }: ScannedSplit, { onBadSample }: CheckRequest): string[] {
  const foreign = figures.findings.filter(({ kind }) => kind === 'class out of range').length;
  return [
    ...(figures.usable === 0 ? [`${split}: none of ${figures.total} images can be used`] : []),
    ...(foreign > 0 ? [`${split}: ${foreign} images with labels of unknown classes`] : []),
    ...(split === 'train' && figures.labels === 0 ? ['train: no labels'] : []),
    ...(onBadSample === 'fail' && figures.leftOut > 0 ? [`${split}: ${figures.leftOut} images cannot be used`] : []),
  ];
}

/** Damage to tar files on disk. Those in a store are left to `launch dataset verify`, which fetches them whole. */
async function damagedShards(data: CheckRequest['data']): Promise<string[]> {
  const sources = [...data.train, ...data.val, ...data.test].filter((source) => isShardIndex(source) && !isUrl(source));
  if (sources.length === 0) return [];
  const problems: string[] = [];
  for (const source of new Set(sources)) {
    const verdicts = await verifyShards(await readIndex(source), source);
    problems.push(...verdicts.filter(({ isIntact }) => !isIntact).map(describeDamage));
  }
  return problems;
}

async function anchorFigures(request: CheckRequest, dataset: Dataset): Promise<CheckReport['anchors']> {
  const { cfg, data, hyp, imgsz } = request;
  if (dataset.table.labels.length === 0) return undefined;
  const model = resolveModel(parseModelYaml(await readFile(cfg, 'utf8'), cfg), { nc: data.nc });
  const threshold = hyp.anchor_t;
  const fit = anchorFit(labelSizes(dataset, imgsz), model.anchorsPx.flat(2), threshold);
  return { model: basename(cfg), threshold, ...fit };
}

async function drawPictures(request: CheckRequest, dataset: Dataset, progress: ToolProgress): Promise<void> {
  const { data, hyp, imgsz, seed, out } = request;
  if (dataset.numImages === 0) return;
  const pictures = new RunPictures(out, data.names);
  pictures.addLabels(dataset.table.labels);
  // libuv's threads decode; augmentation of 48 samples is not worth threads of its own.
  await using loader = openLoader(dataset, { numThreads: 0, capacityBatches: 1, hyp, augment: true, seed, imgsz });
  for (let k = 0; k < NUM_PICTURES; k++) {
    const count = Math.min(PICTURE_BATCH, dataset.numImages - k * PICTURE_BATCH);
    if (count <= 0) break;
    const indices = Int32Array.from({ length: count }, (_, i) => k * PICTURE_BATCH + i);
    loader.submit({ epoch: 0, indices, height: imgsz, width: imgsz });
    const batch = await loader.next();
    pictures.addBatch(batch);
    batch.release();
    progress('pictures', k + 1, NUM_PICTURES);
  }
  await pictures.finished();
}
