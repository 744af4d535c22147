/** What there is to know about one scanned split: findings by kind, classes, sizes. Pure. */
import { buildTable, Dataset, type SampleEntry, tableEntries } from '../data/dataset.js';
import type { ScanResult } from '../data/scan/scan.js';
import { numStrings, stringAt } from '../data/string-table.js';

/** Why an image is left out, or what is odd about one that is used. */
export type FindingKind =
  | 'unreadable'
  | 'format'
  | 'too large'
  | 'too small'
  | 'labels out of range'
  | 'labels malformed'
  | 'class out of range'
  | 'cut off'
  | 'duplicate labels'
  | 'other';

export interface Finding {
  readonly kind: FindingKind;
  /** `path: what`, or `path:line: what` for a label file. */
  readonly message: string;
  /** The image is not used. */
  readonly leftOut: boolean;
}

/** Box sides in pixels at the training size: upper limits of the histogram's classes, the last one open. */
export const SIDE_LIMITS_PX = [4, 8, 16, 32, 64, 128, 256, 512] as const;
/** COCO's area limits in native pixels. */
const SMALL_AREA_PX = 32 ** 2;
const LARGE_AREA_PX = 96 ** 2;
/** Boxes with a side below this at the training size can hardly be learnt. */
const TINY_PX = 3;

export interface SplitFigures {
  readonly split: string;
  /** Images that were found by name. */
  readonly total: number;
  /** Images that training would use. */
  readonly usable: number;
  readonly leftOut: number;
  /** Without a label file; used as background. */
  readonly missing: number;
  /** With a label file that says that nothing is there. */
  readonly empty: number;
  readonly labels: number;
  /** Boxes with a side below 3 px at the training size. */
  readonly tiny: number;
  readonly areas: { readonly small: number; readonly medium: number; readonly large: number };
  /** Boxes by the geometric mean of their sides at the training size; one count per limit and one above. */
  readonly sides: readonly number[];
  readonly classes: readonly {
    readonly id: number;
    readonly name: string;
    readonly labels: number;
    readonly images: number;
  }[];
  readonly findings: readonly Finding[];
}

const KINDS: readonly (readonly [RegExp, FindingKind])[] = [
  [/is too small/, 'too small'],
  [/is too large/, 'too large'],
  [/is not supported/, 'format'],
  [/cannot be read as an image|image not found/, 'unreadable'],
  [/negative value|coordinate above 1|outside/, 'labels out of range'],
  [/label file/, 'labels malformed'],
  [/cut off/, 'cut off'],
  [/duplicate label/, 'duplicate labels'],
];

function kindOf(message: string): FindingKind {
  return KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}

/** A scan's messages, sorted into those about images that are used and those about images that are not. */
function findingsOf({ table: { paths }, report }: ScanResult): Finding[] {
  const used = new Set(Array.from({ length: numStrings(paths) }, (_, i) => stringAt(paths, i)));
  return report.messages.map((message) => {
    const colon = message.indexOf(': ');
    return { kind: kindOf(message), message, leftOut: !used.has(message.slice(0, colon)) };
  });
}

/** The labels of an entry whose classes are below `nc`, and findings about the others. */
function withoutForeignClasses(entry: SampleEntry, nc: number): { entry: SampleEntry; findings: Finding[] } {
  const rows = Array.from({ length: entry.labels.length / 5 }, (_, i) => entry.labels.subarray(5 * i, 5 * i + 5));
  const foreign = rows.filter((row) => row[0]! >= nc);
  if (foreign.length === 0) return { entry, findings: [] };
  const classes = [...new Set(foreign.map((row) => row[0]!))].join(', ');
  const message = `${entry.path}: class ${classes}, but classes run from 0 to ${nc - 1}`;
  const kept = rows.flatMap((row, i) => (row[0]! < nc ? [i] : []));
  return {
    entry: {
      ...entry,
      labels: Float32Array.from(kept.flatMap((i) => [...rows[i]!])),
      polygons: entry.polygons.length === 0 ? [] : kept.map((i) => entry.polygons[i]!),
    },
    findings: [{ kind: 'class out of range', message, leftOut: false }],
  };
}

/**
 * Sums up a split.
 * @param results of its scans
 * @param imgsz long side of the training images, pixels
 * @returns the figures, and the data set without labels of unknown classes
 */
export function describeSplit(
  split: string,
  results: readonly ScanResult[],
  names: readonly string[],
  imgsz: number,
): { figures: SplitFigures; dataset: Dataset } {
  const sum = (key: 'found' | 'missing' | 'empty' | 'corrupt' | 'total'): number =>
    results.reduce((total, { report }) => total + report[key], 0);
  const cleaned = results.flatMap(({ table }) =>
    [...tableEntries(table)].map((entry) => withoutForeignClasses(entry, names.length)),
  );
  const dataset = new Dataset(buildTable(cleaned.map(({ entry }) => entry)), {
    ...{
      found: sum('found'),
      missing: sum('missing'),
      empty: sum('empty'),
      corrupt: sum('corrupt'),
      total: sum('total'),
    },
    messages: results.flatMap(({ report }) => report.messages),
    fromCache: results.every(({ report }) => report.fromCache),
  });
  const figures = {
    split,
    total: sum('total'),
    usable: dataset.numImages,
    leftOut: sum('total') - dataset.numImages,
    missing: sum('missing'),
    empty: sum('empty'),
    ...boxFigures(dataset, imgsz),
    classes: classFigures(dataset, names),
    findings: [...results.flatMap(findingsOf), ...cleaned.flatMap(({ findings }) => findings)],
  };
  return { figures, dataset };
}

function boxFigures(dataset: Dataset, imgsz: number): Pick<SplitFigures, 'labels' | 'tiny' | 'areas' | 'sides'> {
  const areas = { small: 0, medium: 0, large: 0 };
  const sides = new Array<number>(SIDE_LIMITS_PX.length + 1).fill(0);
  let tiny = 0;
  for (let index = 0; index < dataset.numImages; index++) {
    const [width, height] = dataset.size(index);
    const scale = imgsz / Math.max(width, height);
    const labels = dataset.labels(index);
    for (let at = 0; at < labels.length; at += 5) {
      const boxWidth = labels[at + 3]! * width;
      const boxHeight = labels[at + 4]! * height;
      const area = boxWidth * boxHeight;
      areas[area < SMALL_AREA_PX ? 'small' : area < LARGE_AREA_PX ? 'medium' : 'large'] += 1;
      if (Math.min(boxWidth, boxHeight) * scale < TINY_PX) tiny++;
      const side = Math.sqrt(area) * scale;
      const bin = SIDE_LIMITS_PX.findIndex((limit) => side < limit);
      sides[bin < 0 ? SIDE_LIMITS_PX.length : bin]! += 1;
    }
  }
  return { labels: dataset.table.labels.length / 5, tiny, areas, sides };
}

function classFigures(dataset: Dataset, names: readonly string[]): SplitFigures['classes'] {
  const labels = dataset.classCounts(names.length);
  const images = new Int32Array(names.length);
  for (let index = 0; index < dataset.numImages; index++) {
    const rows = dataset.labels(index);
    const present = new Set(Array.from({ length: rows.length / 5 }, (_, i) => rows[5 * i]!));
    for (const id of present) images[id]! += 1;
  }
  return names.map((name, id) => ({ id, name, labels: labels[id]!, images: images[id]! }));
}
