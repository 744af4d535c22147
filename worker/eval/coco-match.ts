/** Matching of detections with ground truth, image by image and category by category, under COCO's rules. */

/** IoU thresholds .50, .55 … .95, with the rounding of NumPy's `linspace`: overlaps may lie exactly on one. */
export const COCO_IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
);
/** Object areas in px²: all, small, medium, large. */
export const COCO_AREA_RANGES: readonly (readonly [low: number, high: number])[] = [
  [0, 1e5 ** 2],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e5 ** 2],
];
/** Detections per image and category that take part, best first. */
export const COCO_MAX_DETECTIONS = 100;
const ALL_THRESHOLDS = (1 << COCO_IOU_THRESHOLDS.length) - 1;

/** Boxes as columns; those of one cell (one category in one image) lie together. */
export interface CocoBoxes {
  readonly length: number;
  /** x, y of the top left corner, width, height in px; four numbers a box. */
  readonly boxes: Float64Array;
  /** px²; of an object its annotated area, which may be that of a mask. */
  readonly areas: Float64Array;
  /** Regions of many objects: detections on them count neither for nor against. */
  readonly isCrowd: Uint8Array;
}

/** What became of each detection: bit t stands for IoU threshold t, one array per area range. */
export interface CocoOutcome {
  readonly matched: readonly Uint16Array[];
  readonly ignored: readonly Uint16Array[];
}

/** Returns an outcome of `numDetections` without any bit set. */
export function emptyOutcome(numDetections: number): CocoOutcome {
  const perArea = () => COCO_AREA_RANGES.map(() => new Uint16Array(numDetections));
  return { matched: perArea(), ignored: perArea() };
}

function isOutside(area: number, [low, high]: readonly [number, number]): boolean {
  return area < low || area > high;
}

/** Matches cell after cell; holds the scratch memory. */
export class CocoMatcher {
  readonly #detections: CocoBoxes;
  readonly #truth: CocoBoxes;
  readonly #outcome: CocoOutcome;
  /** Objects that count, per area range, of the cells matched since the last {@link takeCounts}. */
  #counts = COCO_AREA_RANGES.map(() => 0);
  #iou = new Float64Array(1024);
  #isIgnored = new Uint8Array(16);
  #isTaken = new Uint8Array(16);

  constructor(detections: CocoBoxes, truth: CocoBoxes, outcome: CocoOutcome) {
    this.#detections = detections;
    this.#truth = truth;
    this.#outcome = outcome;
  }

  /** Returns the number of objects per area range since the last call, and starts again at 0. */
  takeCounts(): number[] {
    const counts = this.#counts;
    this.#counts = COCO_AREA_RANGES.map(() => 0);
    return counts;
  }

  /** Matches detections [firstDet, endDet), best first and at most 100, with objects [firstGt, endGt) of the same cell. */
  matchCell(firstDet: number, endDet: number, firstGt: number, endGt: number): void {
    const numTruth = endGt - firstGt;
    const overlapping = numTruth === 0 ? [] : this.#overlaps(firstDet, endDet, firstGt, endGt);
    COCO_AREA_RANGES.forEach((range, a) => {
      const ignored = this.#outcome.ignored[a]!;
      for (let d = firstDet; d < endDet; d++) {
        ignored[d] = isOutside(this.#detections.areas[d]!, range) ? ALL_THRESHOLDS : 0;
      }
      if (numTruth === 0) return;
      const order = this.#countingFirst(firstGt, endGt, range);
      for (const g of order) if (this.#isIgnored[g] === 0) this.#counts[a]!++;
      if (overlapping.length === 0) return;
      for (let t = 0; t < COCO_IOU_THRESHOLDS.length; t++) this.#matchAt(t, a, overlapping, order, firstDet, firstGt);
    });
  }

  /** Fills the IoU matrix and returns the detections that reach the lowest threshold with any object. */
  #overlaps(firstDet: number, endDet: number, firstGt: number, endGt: number): number[] {
    const numTruth = endGt - firstGt;
    if (numTruth > this.#isTaken.length) {
      this.#isTaken = new Uint8Array(numTruth * 2);
      this.#isIgnored = new Uint8Array(numTruth * 2);
    }
    if ((endDet - firstDet) * numTruth > this.#iou.length)
      this.#iou = new Float64Array((endDet - firstDet) * numTruth * 2);
    const overlapping: number[] = [];
    for (let d = firstDet; d < endDet; d++) {
      let best = 0;
      for (let g = firstGt; g < endGt; g++) {
        const iou = cocoIou(this.#detections.boxes, d * 4, this.#truth.boxes, g * 4, this.#truth.isCrowd[g] === 1);
        this.#iou[(d - firstDet) * numTruth + g - firstGt] = iou;
        if (iou > best) best = iou;
      }
      if (best >= COCO_IOU_THRESHOLDS[0]!) overlapping.push(d);
    }
    return overlapping;
  }

  /** Object numbers within the cell: those that count first, then crowds and those outside the area range. */
  #countingFirst(firstGt: number, endGt: number, range: readonly [number, number]): number[] {
    const counting: number[] = [];
    const ignored: number[] = [];
    for (let g = 0; g < endGt - firstGt; g++) {
      const isIgnored = this.#truth.isCrowd[firstGt + g] === 1 || isOutside(this.#truth.areas[firstGt + g]!, range);
      this.#isIgnored[g] = isIgnored ? 1 : 0;
      (isIgnored ? ignored : counting).push(g);
    }
    return counting.concat(ignored);
  }

  #matchAt(
    t: number,
    a: number,
    overlapping: readonly number[],
    order: readonly number[],
    firstDet: number,
    firstGt: number,
  ): void {
    const bit = 1 << t;
    const matched = this.#outcome.matched[a]!;
    const ignored = this.#outcome.ignored[a]!;
    this.#isTaken.fill(0, 0, order.length);
    for (const d of overlapping) {
      const row = (d - firstDet) * order.length;
      let bestIou = COCO_IOU_THRESHOLDS[t]!;
      let best = -1;
      for (const g of order) {
        const isCrowd = this.#truth.isCrowd[firstGt + g] === 1;
        if (this.#isTaken[g] === 1 && !isCrowd) continue;
        // An object that counts is never given up for one that does not, however well that one fits.
        if (best >= 0 && this.#isIgnored[best] === 0 && this.#isIgnored[g] === 1) break;
        const iou = this.#iou[row + g]!;
        if (iou < bestIou) continue;
        bestIou = iou;
        best = g;
      }
      if (best < 0) continue;
      this.#isTaken[best] = 1;
      matched[d] = matched[d]! | bit;
      // A match decides by its object alone; the detection's own area no longer matters.
      ignored[d] = this.#isIgnored[best] === 1 ? ignored[d]! | bit : ignored[d]! & ~bit;
    }
  }
}

/** Intersection over union; over the detection's own area where the object is a crowd. */
function cocoIou(d: Float64Array, at: number, g: Float64Array, gAt: number, isCrowd: boolean): number {
  const dx = d[at]!;
  const dy = d[at + 1]!;
  const dw = d[at + 2]!;
  const dh = d[at + 3]!;
  const gx = g[gAt]!;
  const gy = g[gAt + 1]!;
  const gw = g[gAt + 2]!;
  const gh = g[gAt + 3]!;
  const w = Math.min(dx + dw, gx + gw) - Math.max(dx, gx);
  if (w <= 0) return 0;
  const h = Math.min(dy + dh, gy + gh) - Math.max(dy, gy);
  if (h <= 0) return 0;
  const inter = w * h;
  return inter / (isCrowd ? dw * dh : dw * dh + gw * gh - inter);
}
