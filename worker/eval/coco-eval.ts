/**
 * COCO's detection metrics for boxes, equal to those of pycocotools: the twelve of its summary, and AP at each IoU.
 *
 * It differs from the native mAP (average-precision.ts) in four ways: a detection takes the best free object, where the
 * native one lets the first detection of an object win; precision is sampled at 101 recalls as a step, without the
 * tail to recall 1; at most 100 detections per image and category count; crowds and areas are taken into account.
 */
import { DataError } from '../../proto/errors.js';
import {
  COCO_AREA_RANGES,
  COCO_IOU_THRESHOLDS,
  COCO_MAX_DETECTIONS,
  type CocoBoxes,
  CocoMatcher,
  type CocoOutcome,
  emptyOutcome,
} from './coco-match.js';
import { argsortDescending } from './sort.js';

/** Detections per image and category at which recall is given. */
const MAX_DETECTIONS = [1, 10, COCO_MAX_DETECTIONS] as const;
const RECALLS = Float64Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));
/** Keeps precision finite where nothing was found; pycocotools adds the spacing of doubles at 1. */
const SPACING_AT_1 = 2 ** -52;

type ImageId = number | string;

/** The part of an instances JSON that matters. */
export interface CocoGroundTruth {
  readonly images: readonly { readonly id: ImageId }[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly { readonly id: number; readonly name?: string }[];
}

export interface CocoAnnotation {
  readonly image_id: ImageId;
  readonly category_id: number;
  /** x, y of the top left corner, width, height in px. */
  readonly bbox: readonly number[];
  /** px²; @defaultValue the area of the box */
  readonly area?: number;
  readonly iscrowd?: number | boolean;
}

/** One record of a results file. */
export interface CocoDetection {
  readonly image_id: ImageId;
  readonly category_id: number;
  readonly bbox: readonly number[];
  readonly score: number;
}

export interface CocoCategoryResult {
  readonly id: number;
  readonly name: string | undefined;
  /** Objects that count (no crowds). */
  readonly numObjects: number;
  readonly ap: number;
  readonly ap50: number;
}

/** The figures; -1 where there is nothing to measure, as in pycocotools. All at 100 detections unless the name says so. */
export interface CocoResultSummary {
  readonly ap: number;
  readonly ap50: number;
  readonly ap75: number;
  readonly apSmall: number;
  readonly apMedium: number;
  readonly apLarge: number;
  readonly arMax1: number;
  readonly arMax10: number;
  readonly arMax100: number;
  readonly arSmall: number;
  readonly arMedium: number;
  readonly arLarge: number;
  readonly ap65: number;
  readonly ap80: number;
  readonly ap90: number;
  /** At IoU .50, .55 … .95. */
  readonly apPerIou: readonly number[];
  /** Categories that have objects, by id. */
  readonly perCategory: readonly CocoCategoryResult[];
}

/** AP [area][threshold] and recall [area][limit][threshold] of one category; undefined where it has no objects. */
interface CategoryFigures {
  readonly numObjects: readonly number[];
  readonly ap: readonly (Float64Array | undefined)[];
  readonly recall: readonly (readonly Float64Array[] | undefined)[];
}

/**
 * Returns COCO's figures for a list of detections.
 * @param options.imageIds evaluate only these images. @defaultValue all of the ground truth
 * @throws DataError `DATA_UNKNOWN_IMAGE` for a detection in an image that the ground truth does not list
 */
export function evaluateCoco(
  truth: CocoGroundTruth,
  detections: readonly CocoDetection[],
  options: { readonly imageIds?: readonly ImageId[] | undefined } = {},
): CocoResultSummary {
  const known = new Set(truth.images.map(({ id }) => id));
  const imageIds = [...new Set(options.imageIds ?? known)].sort(compareIds);
  const imageIndex = new Map(imageIds.map((id, i) => [id, i]));
  const categories = [...truth.categories].sort((a, b) => a.id - b.id);
  const categoryIndex = new Map(categories.map(({ id }, i) => [id, i]));
  for (const { image_id: id } of detections) {
    if (known.has(id)) continue;
    throw new DataError('DATA_UNKNOWN_IMAGE', `a detection is in image ${id}, which the ground truth does not list`, {
      hint: 'The predictions belong to another data set than the annotations.',
      details: { image: id },
    });
  }

  const cellOf = ({ image_id, category_id }: { image_id: ImageId; category_id: number }) => {
    const image = imageIndex.get(image_id);
    const category = categoryIndex.get(category_id);
    return image === undefined || category === undefined ? -1 : category * imageIds.length + image;
  };
  const numCells = imageIds.length * categories.length;
  const gts = sortByCell(truth.annotations, cellOf, numCells);
  const dets = sortByCell(detections, cellOf, numCells, (detection) => detection.score);
  const outcome = emptyOutcome(dets.items.length);
  const matcher = new CocoMatcher(toBoxes(dets.items), toBoxes(gts.items), outcome);

  const figures = categories.map((_, category) => {
    const first = category * imageIds.length;
    for (let cell = first; cell < first + imageIds.length; cell++) {
      const begin = dets.starts[cell]!;
      const end = Math.min(dets.starts[cell + 1]!, begin + COCO_MAX_DETECTIONS);
      const firstGt = gts.starts[cell]!;
      const endGt = gts.starts[cell + 1]!;
      if (begin < end || firstGt < endGt) matcher.matchCell(begin, end, firstGt, endGt);
    }
    return categoryFigures(dets, first, imageIds.length, outcome, matcher.takeCounts());
  });
  return summarize(figures, categories);
}

function compareIds(a: ImageId, b: ImageId): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Items in the order of their cells; those of cell c are starts[c] … starts[c + 1]. */
interface CellSorted<T> {
  readonly items: readonly T[];
  readonly starts: Uint32Array;
  /** Empty without scores. */
  readonly scores: Float64Array;
}

/** Sorts by cell and within it by descending score; items of equal score, or without one, keep their order. */
function sortByCell<T>(
  all: readonly T[],
  cellOf: (item: T) => number,
  numCells: number,
  scoreOf?: (item: T) => number,
): CellSorted<T> {
  const cells = Int32Array.from(all, cellOf);
  const order = scoreOf === undefined ? undefined : argsortDescending(Float64Array.from(all, scoreOf));
  const starts = new Uint32Array(numCells + 1);
  for (const cell of cells) if (cell >= 0) starts[cell + 1]!++;
  for (let cell = 0; cell < numCells; cell++) starts[cell + 1]! += starts[cell]!;
  const next = starts.slice();
  const items = new Array<T>(starts[numCells]!);
  for (let i = 0; i < all.length; i++) {
    const from = order === undefined ? i : order[i]!;
    const cell = cells[from]!;
    if (cell >= 0) items[next[cell]!++] = all[from]!;
  }
  return { items, starts, scores: scoreOf === undefined ? new Float64Array(0) : Float64Array.from(items, scoreOf) };
}

function toBoxes(items: readonly (CocoAnnotation | CocoDetection)[]): CocoBoxes {
  const boxes = new Float64Array(items.length * 4);
  const areas = new Float64Array(items.length);
  const isCrowd = new Uint8Array(items.length);
  items.forEach((item, i) => {
    for (let k = 0; k < 4; k++) boxes[i * 4 + k] = item.bbox[k]!;
    const boxArea = item.bbox[2]! * item.bbox[3]!;
    areas[i] = 'score' in item ? boxArea : (item.area ?? boxArea);
    isCrowd[i] = !('score' in item) && item.iscrowd ? 1 : 0;
  });
  return { length: items.length, boxes, areas, isCrowd };
}

function categoryFigures(
  dets: CellSorted<CocoDetection>,
  firstCell: number,
  numImages: number,
  outcome: CocoOutcome,
  numObjects: readonly number[],
): CategoryFigures {
  // Numbers of the detections that take part, in the order of images, and their ranks within their image.
  const members: number[] = [];
  const ranks: number[] = [];
  for (let cell = firstCell; cell < firstCell + numImages; cell++) {
    const begin = dets.starts[cell]!;
    const end = Math.min(dets.starts[cell + 1]!, begin + COCO_MAX_DETECTIONS);
    for (let d = begin; d < end; d++) {
      members.push(d);
      ranks.push(d - begin);
    }
  }
  const byScore = argsortDescending(Float64Array.from(members, (d) => dets.scores[d]!));
  const ranked = Uint32Array.from(byScore, (i) => members[i]!);
  const rankInImage = Uint8Array.from(byScore, (i) => ranks[i]!);

  const ap: (Float64Array | undefined)[] = [];
  const recall: (Float64Array[] | undefined)[] = [];
  COCO_AREA_RANGES.forEach((_, a) => {
    const count = numObjects[a]!;
    if (count === 0) {
      ap.push(undefined);
      recall.push(undefined);
      return;
    }
    const apPerIou = new Float64Array(COCO_IOU_THRESHOLDS.length);
    const recalls = MAX_DETECTIONS.map(() => new Float64Array(COCO_IOU_THRESHOLDS.length));
    for (let t = 0; t < apPerIou.length; t++) {
      const found = countAt(ranked, rankInImage, outcome.matched[a]!, outcome.ignored[a]!, 1 << t);
      apPerIou[t] = stepwiseAp(found.precisions, count);
      MAX_DETECTIONS.forEach((_limit, m) => {
        recalls[m]![t] = found.numFound[m]! / count;
      });
    }
    ap.push(apPerIou);
    recall.push(recalls);
  });
  return { numObjects, ap, recall };
}

/** Walks down the scores: precision at each true positive, and the true positives within each limit per image. */
function countAt(
  ranked: Uint32Array,
  rankInImage: Uint8Array,
  matched: Uint16Array,
  ignored: Uint16Array,
  bit: number,
): { precisions: number[]; numFound: number[] } {
  const precisions: number[] = [];
  const numFound = MAX_DETECTIONS.map(() => 0);
  let falsePositives = 0;
  for (let i = 0; i < ranked.length; i++) {
    const d = ranked[i]!;
    if ((ignored[d]! & bit) !== 0) continue;
    if ((matched[d]! & bit) === 0) {
      falsePositives++;
      continue;
    }
    const truePositives = precisions.length + 1;
    precisions.push(truePositives / (falsePositives + truePositives + SPACING_AT_1));
    for (let m = 0; m < MAX_DETECTIONS.length; m++) if (rankInImage[i]! < MAX_DETECTIONS[m]!) numFound[m]!++;
  }
  return { precisions, numFound };
}

/**
 * Mean over 101 recalls of the best precision at that recall or more. Only true positives need looking at: between two
 * of them recall stands still and precision falls.
 */
function stepwiseAp(precisions: number[], numObjects: number): number {
  for (let k = precisions.length - 2; k >= 0; k--) precisions[k] = Math.max(precisions[k]!, precisions[k + 1]!);
  let sum = 0;
  let k = 0;
  for (const recall of RECALLS) {
    while (k < precisions.length && (k + 1) / numObjects < recall) k++;
    if (k === precisions.length) break;
    sum += precisions[k]!;
  }
  return sum / RECALLS.length;
}

function summarize(figures: readonly CategoryFigures[], categories: CocoGroundTruth['categories']): CocoResultSummary {
  const apOf = (area: number) =>
    meanOrNone(figures.flatMap((f) => (f.ap[area] === undefined ? [] : [mean(f.ap[area])])));
  const arOf = (area: number, limit: number) =>
    meanOrNone(figures.flatMap((f) => (f.recall[area] === undefined ? [] : [mean(f.recall[area][limit]!)])));
  const apPerIou = COCO_IOU_THRESHOLDS.map((_, t) =>
    meanOrNone(figures.flatMap((f) => (f.ap[0] === undefined ? [] : [f.ap[0][t]!]))),
  );
  return {
    ap: apOf(0),
    ap50: apPerIou[0]!,
    ap75: apPerIou[5]!,
    apSmall: apOf(1),
    apMedium: apOf(2),
    apLarge: apOf(3),
    arMax1: arOf(0, 0),
    arMax10: arOf(0, 1),
    arMax100: arOf(0, 2),
    arSmall: arOf(1, 2),
    arMedium: arOf(2, 2),
    arLarge: arOf(3, 2),
    ap65: apPerIou[3]!,
    ap80: apPerIou[6]!,
    ap90: apPerIou[8]!,
    apPerIou,
    perCategory: categories.flatMap(({ id, name }, i) => {
      const { ap, numObjects } = figures[i]!;
      return ap[0] === undefined ? [] : [{ id, name, numObjects: numObjects[0]!, ap: mean(ap[0]), ap50: ap[0][0]! }];
    }),
  };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function meanOrNone(values: readonly number[]): number {
  return values.length === 0 ? -1 : mean(values);
}
