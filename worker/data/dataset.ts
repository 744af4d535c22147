/** A data set after its scan: paths, sizes and labels in flat arrays that threads can share. */
import { basename } from 'node:path';
import { buildIds, type ImageIds, idAt } from './image-ids.js';
import { buildLocations, locationOf, type ShardLocations } from './shards/locations.js';
import type { SampleLocation } from './shards/sample-location.js';
import { buildStrings, numStrings, type StringTable, stringAt } from './string-table.js';

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

/** The part of a data set that crosses threads, and that the label cache keeps. All arrays are in shared memory. */
export interface DatasetTable {
  readonly paths: StringTable;
  readonly ids: ImageIds;
  /** [n, 2] native width and height, EXIF rotation applied. */
  readonly sizes: Int32Array;
  /** [numLabels, 5] rows (class, cx, cy, w, h), normalised. */
  readonly labels: Float32Array;
  /** [n + 1] label rows of image i: labelStarts[i] … labelStarts[i + 1]. */
  readonly labelStarts: Int32Array;
  /** x, y, … normalised, of all polygons. */
  readonly points: Float32Array;
  /** [numLabels + 1] in numbers (not points); no numbers: the label has no polygon. Empty if no label has one. */
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

/** Zeros in shared memory. */
export function sharedFloat32(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

/** Zeros in shared memory. */
export function sharedInt32(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

/** Packs entries into a table. */
export function buildTable(entries: readonly SampleEntry[]): DatasetTable {
  const numLabels = entries.reduce((sum, e) => sum + e.labels.length / 5, 0);
  const numNumbers = entries.reduce((sum, e) => sum + e.polygons.reduce((s, p) => s + p.length, 0), 0);
  const table = {
    paths: buildStrings(entries.map((e) => e.path)),
    ids: buildIds(entries.map((e) => e.imageId)),
    sizes: sharedInt32(entries.length * 2),
    labels: sharedFloat32(numLabels * 5),
    labelStarts: sharedInt32(entries.length + 1),
    points: sharedFloat32(numNumbers),
    pointStarts: sharedInt32(numNumbers > 0 ? numLabels + 1 : 0),
    locations: buildLocations(entries),
  };
  let label = 0;
  let point = 0;
  for (const [i, entry] of entries.entries()) {
    table.sizes[2 * i] = entry.width;
    table.sizes[2 * i + 1] = entry.height;
    table.labels.set(entry.labels, label * 5);
    const count = entry.labels.length / 5;
    for (let k = 0; numNumbers > 0 && k < count; k++) {
      const polygon = entry.polygons[k];
      if (polygon !== undefined) table.points.set(polygon, point);
      point += polygon?.length ?? 0;
      table.pointStarts[label + k + 1] = point;
    }
    label += count;
    table.labelStarts[i + 1] = label;
  }
  return table;
}

/** The entries of a table, one by one; their arrays are views of it. */
export function* tableEntries(table: DatasetTable): Generator<SampleEntry> {
  const dataset = new Dataset(table, EMPTY_REPORT);
  for (let i = 0; i < dataset.numImages; i++) {
    const [width, height] = dataset.size(i);
    yield {
      path: dataset.imagePath(i),
      imageId: dataset.imageId(i),
      width,
      height,
      labels: dataset.labels(i),
      polygons: dataset.polygons(i),
      location: locationOf(table, i),
    };
  }
}

/** Several tables as one, their images one after the other. */
export function joinTables(tables: readonly DatasetTable[]): DatasetTable {
  const [first] = tables;
  if (first !== undefined && tables.length === 1) return first;
  return buildTable(tables.flatMap((table) => [...tableEntries(table)]));
}

/** The same without outlines, which are most of the memory where there are any. */
export function withoutPolygons(table: DatasetTable): DatasetTable {
  return { ...table, points: sharedFloat32(0), pointStarts: sharedInt32(0) };
}

const EMPTY_REPORT: ScanReport = {
  ...{ found: 0, missing: 0, empty: 0, corrupt: 0, total: 0 },
  messages: [],
  fromCache: false,
};

/** A scanned data set. Image numbers run from 0 in the order of the sorted paths and never change. */
export class Dataset {
  readonly table: DatasetTable;
  readonly report: ScanReport;

  constructor(table: DatasetTable, report: ScanReport) {
    this.table = table;
    this.report = report;
  }

  get numImages(): number {
    return numStrings(this.table.paths);
  }

  imagePath(index: number): string {
    return stringAt(this.table.paths, index);
  }

  /** The file's name, of a packed sample without its tar file's. */
  imageName(index: number): string {
    return basename(this.imagePath(index)).replace(/^.*\.tar!/, '');
  }

  /** The file's stem as a number where it is one, else as text; for COCO JSON the image's id. */
  imageId(index: number): number | string {
    return idAt(this.table.ids, index);
  }

  /** All ids, by image number. */
  imageIds(): (number | string)[] {
    return Array.from({ length: this.numImages }, (_, i) => this.imageId(i));
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
    if (pointStarts.length === 0 || pointStarts[first] === pointStarts[last]) return [];
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
