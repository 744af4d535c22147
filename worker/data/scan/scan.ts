/** Looks at every image and label file once and says which can be used. Reads only; nothing is ever repaired in place. */

import {
  buildTable,
  type DatasetTable,
  type SampleEntry,
  type ScanReport,
  sharedFloat32,
  sharedInt32,
} from '../dataset.js';
import { buildIds, idFromPath } from '../image-ids.js';
import type { CocoImage } from '../labels/coco-json.js';
import { buildStrings, numStrings } from '../string-table.js';
import type { CrewOptions, ScanCrew } from './scan-crew.js';
import { type ScanPart, type ScanTask, STATS, STATUS } from './scan-part.js';

export type ScanOptions = CrewOptions;

/** What a scan returns and the cache keeps: the images that can be used, and what was found. */
export interface ScanResult {
  readonly table: DatasetTable;
  readonly report: ScanReport;
}

/** A task over these images, with room for the sizes and times of their files. */
export function openScanTask(paths: readonly string[], hasLabelFiles: boolean): ScanTask {
  const stats = new Float64Array(new SharedArrayBuffer(paths.length * STATS * 8));
  return { paths: buildStrings(paths), hasLabelFiles, stats };
}

function countStatuses(parts: readonly ScanPart[]): Record<keyof typeof STATUS, number> {
  const counts = new Int32Array(Object.keys(STATUS).length);
  for (const { statuses } of parts) for (const status of statuses) counts[status]! += 1;
  return {
    found: counts[STATUS.found]!,
    missing: counts[STATUS.missing]!,
    empty: counts[STATUS.empty]!,
    corrupt: counts[STATUS.corrupt]!,
  };
}

/**
 * Scans images with YOLO label files.
 * @param task of `paths`, its stats filled in
 */
export async function scanYolo(
  crew: ScanCrew,
  task: ScanTask,
  paths: readonly string[],
  options: ScanOptions = {},
): Promise<ScanResult> {
  const parts = await crew.scan(task, options);
  const { found, missing, empty, corrupt } = countStatuses(parts);
  const report: ScanReport = {
    // An empty label file is a label file, as the reference counts.
    found: found + empty,
    ...{ missing, empty, corrupt, total: paths.length },
    messages: parts.flatMap(({ messages }) => messages.map(([, text]) => text)),
    fromCache: false,
  };
  return { table: joinParts(parts, task, paths, paths.length - corrupt), report };
}

/** One table of all parts, without the corrupt images. */
function joinParts(
  parts: readonly ScanPart[],
  task: ScanTask,
  paths: readonly string[],
  numImages: number,
): DatasetTable {
  const numLabels = parts.reduce((sum, { labels }) => sum + labels.length / 5, 0);
  const numNumbers = parts.reduce((sum, { points }) => sum + points.length, 0);
  const kept: string[] = [];
  const sizes = sharedInt32(2 * numImages);
  const labels = sharedFloat32(5 * numLabels);
  const labelStarts = sharedInt32(numImages + 1);
  const points = sharedFloat32(numNumbers);
  const pointStarts = sharedInt32(numNumbers > 0 ? numLabels + 1 : 0);
  let label = 0;
  let point = 0;
  for (const part of parts) {
    labels.set(part.labels, 5 * label);
    points.set(part.points, point);
    for (let k = 0; numNumbers > 0 && k < part.labels.length / 5; k++) {
      point += part.pointCounts[k] ?? 0;
      pointStarts[label + k + 1] = point;
    }
    for (let i = 0; i < part.statuses.length; i++) {
      if (part.statuses[i] === STATUS.corrupt) continue;
      label += part.labelCounts[i]!;
      sizes[2 * kept.length] = part.sizes[2 * i]!;
      sizes[2 * kept.length + 1] = part.sizes[2 * i + 1]!;
      labelStarts[kept.length + 1] = label;
      kept.push(paths[part.begin + i]!);
    }
  }
  return {
    paths: kept.length === numStrings(task.paths) ? task.paths : buildStrings(kept),
    ids: buildIds(kept.map(idFromPath)),
    ...{ sizes, labels, labelStarts, points, pointStarts },
  };
}

/**
 * Scans the images of a COCO instances file.
 * @param task of the images that were found, in their order, its stats filled in
 */
export async function scanCoco(
  crew: ScanCrew,
  task: ScanTask,
  images: readonly CocoImage[],
  options: ScanOptions = {},
): Promise<ScanResult> {
  const parts = await crew.scan(task, options);
  const statuses = parts.flatMap((part) => [...part.statuses]);
  const sizes = parts.flatMap((part) => [...part.sizes]);
  const entries: SampleEntry[] = [];
  const messages: string[] = [];
  const said = messagesByImage(parts);
  let empty = 0;
  let located = 0;
  for (const { path, fileName, imageId, labels, polygons, warnings } of images) {
    if (path === undefined) {
      messages.push(`${fileName}: image not found`);
      continue;
    }
    const i = located++;
    messages.push(...(said.get(i) ?? []));
    if (statuses[i] === STATUS.corrupt) continue;
    if (warnings.length > 0) messages.push(`${path}: ${warnings.join('; ')}`);
    if (labels.length === 0) empty++;
    entries.push({ path, imageId, width: sizes[2 * i]!, height: sizes[2 * i + 1]!, labels, polygons });
  }
  const corrupt = images.length - entries.length;
  const report: ScanReport = {
    found: entries.length,
    ...{ missing: 0, empty, corrupt, total: images.length, messages },
    fromCache: false,
  };
  return { table: buildTable(entries), report };
}

function messagesByImage(parts: readonly ScanPart[]): Map<number, string[]> {
  const byImage = new Map<number, string[]>();
  for (const [image, text] of parts.flatMap(({ messages }) => messages)) {
    byImage.set(image, [...(byImage.get(image) ?? []), text]);
  }
  return byImage;
}
