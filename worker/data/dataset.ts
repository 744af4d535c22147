/** A data set after its scan: paths, sizes and labels in flat arrays that threads can share. */
import { buildLocations, type ShardLocations } from './shards/locations.js';
import type { SampleLocation } from './shards/shard-reader.js';

/** What a scan found; the counts and messages that the user sees. */
export interface ScanReport {
  /** Images with a label file (or annotations), of which `empty` say that nothing is there. */
  readonly found: number;
  /** Images without a label file; kept as background. */
  readonly missing: number;
  readonly empty: number;
  /** Images that were left out. */
  readonly corrupt: number;
  readonly total: number;
  /** One line per finding, `path: what`, in image order; both reasons for leaving out and mere warnings. */
  readonly messages: readonly string[];
  /** Whether the result came from the label cache. */
  readonly fromCache: boolean;
}

/** The part of a data set that crosses threads. All arrays are in shared memory. */
export interface DatasetTable {
  readonly paths: readonly string[];
  readonly imageIds: readonly (number | string)[];
  /** [n, 2] native width and height, EXIF rotation applied. */
  readonly sizes: Int32Array;
  /** [numLabels, 5] rows (class, cx, cy, w, h), normalised. */
  readonly labels: Float32Array;
  /** [n + 1] label rows of image i: labelStarts[i] … labelStarts[i + 1]. */
  readonly labelStarts: Int32Array;
  /** x, y, … normalised, of all polygons. */
  readonly points: Float32Array;
  /** [numLabels + 1] in numbers (not points); no numbers: the label has no polygon. */
  readonly pointStarts: Int32Array;
  /** Where images lie that are packed in tar files. @defaultValue all are files of their own */
  readonly locations?: ShardLocations | undefined;
}

/** One image's entry while a table is being built. */
export interface SampleEntry {
  readonly path: string;
  readonly imageId: number | string;
  readonly width: number;
  readonly height: number;
  /** [k, 5] as in {@link DatasetTable}. */
  readonly labels: Float32Array;
  /** One per label, empty where the label is a plain box; or none at all. */
  readonly polygons: readonly Float32Array[];
  /** Set for an image inside a tar file; `path` is only a name then. */
  readonly location?: SampleLocation | undefined;
}

function sharedFloat32(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

function sharedInt32(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

/** Packs entries into a table. */
export function buildTable(entries: readonly SampleEntry[]): DatasetTable {
  const numLabels = entries.reduce((sum, e) => sum + e.labels.length / 5, 0);
  const numNumbers = entries.reduce((sum, e) => sum + e.polygons.reduce((s, p) => s + p.length, 0), 0);
  const table = {
    paths: entries.map((e) => e.path),
    imageIds: entries.map((e) => e.imageId),
    sizes: sharedInt32(entries.length * 2),
    labels: sharedFloat32(numLabels * 5),
    labelStarts: sharedInt32(entries.length + 1),
    points: sharedFloat32(numNumbers),
    pointStarts: sharedInt32(numLabels + 1),
    locations: buildLocations(entries),
  };
  let label = 0;
  let point = 0;
  entries.forEach((entry, i) => {
    table.sizes[2 * i] = entry.width;
    table.sizes[2 * i + 1] = entry.height;
    table.labels.set(entry.labels, label * 5);
    for (let k = 0; k < entry.labels.length / 5; k++) {
      const polygon = entry.polygons[k] ?? new Float32Array(0);
      table.points.set(polygon, point);
      point += polygon.length;
      table.pointStarts[label + k + 1] = point;
    }
    label += entry.labels.length / 5;
    table.labelStarts[i + 1] = label;
  });
  return table;
}

/** A scanned data set. Image numbers run from 0 in the order of the sorted paths and never change. */
export class Dataset {
  readonly table: DatasetTable;
  readonly report: ScanReport;

  constructor(table: DatasetTable, report: ScanReport) {
    this.table = table;
    this.report = report;
  }

  get numImages(): number {
    return this.table.paths.length;
  }

  imagePath(index: number): string {
    return this.table.paths[index]!;
  }

  /** The file's stem as a number where it is one, else as text; for COCO JSON the image's id. */
  imageId(index: number): number | string {
    return this.table.imageIds[index]!;
  }

  /** Native width and height in pixels, EXIF rotation applied. */
  size(index: number): [width: number, height: number] {
    return [this.table.sizes[2 * index]!, this.table.sizes[2 * index + 1]!];
  }

  /** All sizes, as {@link size} gives them. */
  sizes(): [width: number, height: number][] {
    return Array.from({ length: this.numImages }, (_, i) => this.size(i));
  }

  /** Rows (class, cx, cy, w, h), normalised to the native picture, [k, 5]; a view that must not be written to. */
  labels(index: number): Float32Array {
    const { labels, labelStarts } = this.table;
    return labels.subarray(labelStarts[index]! * 5, labelStarts[index + 1]! * 5);
  }

  /** Per label its polygon x, y, … normalised, empty for plain boxes; no entry at all if the image has no polygon. */
  polygons(index: number): Float32Array[] {
    const { points, pointStarts, labelStarts } = this.table;
    const first = labelStarts[index]!;
    const last = labelStarts[index + 1]!;
    if (pointStarts[first] === pointStarts[last]) return [];
    return Array.from({ length: last - first }, (_, k) =>
      points.subarray(pointStarts[first + k]!, pointStarts[first + k + 1]!),
    );
  }

  /** Objects per class, [nc]. */
  classCounts(nc: number): Int32Array {
    const counts = new Int32Array(nc);
    for (let i = 0; i < this.table.labels.length; i += 5) counts[this.table.labels[i]!]! += 1;
    return counts;
  }
}
