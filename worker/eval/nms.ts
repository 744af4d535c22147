/** Non-maximum suppression of one image's predictions: reference.md's rules without its time budget and class offset. */
import { ConfigError } from '../../proto/errors.js';
import { boxIou, xywhToXyxy } from './boxes.js';
import { argsortDescending } from './sort.js';

const { fround } = Math;

/** What suppression left of one image, best score first. */
export interface Detections {
  readonly numDetections: number;
  /** `numDetections` rows (x1, y1, x2, y2, score, class) in the frame of the predictions. */
  readonly rows: Float32Array;
}

/** Columns of a row of {@link Detections}. */
export const DETECTION_COLUMNS = 6;

export interface NmsOptions {
  /** Number of classes; a prediction row has 5 + nc numbers. */
  readonly nc: number;
  /** Scores must lie above it, 0–1. */
  readonly confThres: number;
  /** Boxes of a class that overlap more than this are dropped, 0–1. */
  readonly iouThres: number;
  /** One row per class whose score passes, instead of the best class only; without effect for one class. @defaultValue false */
  readonly multiLabel?: boolean;
  /** Boxes suppress each other across classes. @defaultValue false */
  readonly agnostic?: boolean;
  /** Rows kept. @defaultValue 300 */
  readonly maxDet?: number;
  /** Only these classes; undefined: all. */
  readonly classes?: readonly number[] | undefined;
  /** Known labels (class, cx, cy, w, h in pixels) that join as certain predictions ("hybrid"). */
  readonly labels?: Float32Array | undefined;
  /** Candidates that take part, best first. @defaultValue 30000 */
  readonly maxCandidates?: number;
  /**
   * Keeps classes apart by shifting boxes by this many pixels per class in float32, as the reference does with 4096.
   * Its rounding moves corners of high classes by up to 1/64 px and now and then a decision; for comparisons only.
   * @defaultValue undefined: boxes of different classes are not compared at all
   */
  readonly classOffsetPx?: number | undefined;
}

/**
 * Returns the detections of one image after suppression.
 *
 * Scores are objectness × class. Classes are kept apart by comparing only boxes of one class: the same as the
 * reference's shift by 4096 px per class, but without its rounding and its mixing in large images (Q19). There is no
 * time budget (Q18). Equal scores keep the order of the predictions.
 * @param prediction rows (cx, cy, w, h, objectness, classes …), pixels and probabilities
 * @throws ConfigError `CONFIG_INVALID_VALUE` when a threshold leaves 0–1 or the array is no whole number of rows
 */
export function nonMaxSuppression(prediction: Float32Array, options: NmsOptions): Detections {
  const { maxDet = 300, maxCandidates = 30_000, agnostic = false } = options;
  checkOptions(prediction, options);
  const candidates = collectCandidates(prediction, options);
  const order = argsortDescending(candidates.scores.subarray(0, candidates.count));
  const numRanked = Math.min(order.length, maxCandidates);

  const rows = new Float32Array(Math.min(numRanked, Math.max(maxDet, 0)) * DETECTION_COLUMNS);
  const { classOffsetPx } = options;
  const kept = classOffsetPx === undefined || agnostic ? new KeptByClass() : new KeptByOffset(classOffsetPx);
  const box = new Float32Array(4);
  let numKept = 0;
  for (let rank = 0; rank < numRanked && numKept < maxDet; rank++) {
    const candidate = order[rank]!;
    candidates.writeBox(candidate, box);
    const classId = candidates.classes[candidate]!;
    if (!kept.keep(box, agnostic ? 0 : classId, options.iouThres)) continue;
    const at = numKept++ * DETECTION_COLUMNS;
    rows.set(box, at);
    rows[at + 4] = candidates.scores[candidate]!;
    rows[at + 5] = classId;
  }
  return { numDetections: numKept, rows: rows.slice(0, numKept * DETECTION_COLUMNS) };
}

/** The boxes kept so far, by class. */
class KeptByClass {
  readonly #boxesOf = new Map<number, number[]>();

  /** Keeps the box unless it overlaps one of its class by more than the threshold. */
  keep(box: Float32Array, classId: number, iouThres: number): boolean {
    const boxes = this.#boxesOf.get(classId);
    if (boxes === undefined) {
      this.#boxesOf.set(classId, [...box]);
      return true;
    }
    for (let at = 0; at < boxes.length; at += 4) if (boxIou(boxes, at, box, 0) > iouThres) return false;
    boxes.push(box[0]!, box[1]!, box[2]!, box[3]!);
    return true;
  }
}

/** The boxes kept so far, all in one plane, classes shifted apart; every step in float32. */
class KeptByOffset {
  readonly #boxes: number[] = [];
  readonly #offsetPx: number;

  constructor(offsetPx: number) {
    this.#offsetPx = offsetPx;
  }

  keep(box: Float32Array, classId: number, iouThres: number): boolean {
    const shift = fround(classId * this.#offsetPx);
    const x1 = fround(box[0]! + shift);
    const y1 = fround(box[1]! + shift);
    const x2 = fround(box[2]! + shift);
    const y2 = fround(box[3]! + shift);
    const area = fround(fround(x2 - x1) * fround(y2 - y1));
    for (let at = 0; at < this.#boxes.length; at += 5) {
      const w = fround(Math.min(x2, this.#boxes[at + 2]!) - Math.max(x1, this.#boxes[at]!));
      const h = fround(Math.min(y2, this.#boxes[at + 3]!) - Math.max(y1, this.#boxes[at + 1]!));
      const inter = w > 0 && h > 0 ? fround(w * h) : 0;
      if (fround(inter / fround(fround(this.#boxes[at + 4]! + area) - inter)) > iouThres) return false;
    }
    this.#boxes.push(x1, y1, x2, y2, area);
    return true;
  }
}

function checkOptions(prediction: Float32Array, { nc, confThres, iouThres, labels }: NmsOptions): void {
  for (const [name, value] of [
    ['conf-thres', confThres],
    ['iou-thres', iouThres],
  ] as const) {
    if (!(value >= 0 && value <= 1)) {
      throw new ConfigError('CONFIG_INVALID_VALUE', `--${name} is ${value}, but must lie in 0–1`, {
        hint: `Give --${name} a number from 0 to 1.`,
      });
    }
  }
  if (prediction.length % (5 + nc) !== 0 || (labels !== undefined && labels.length % 5 !== 0)) {
    throw new ConfigError(
      'CONFIG_INVALID_VALUE',
      `predictions of ${prediction.length} numbers (labels: ${labels?.length ?? 0}) are no rows of ${5 + nc} (labels: 5)`,
      { hint: 'The number of classes must be that of the model.' },
    );
  }
}

/** Pairs of box and class that pass the threshold, in the order of the predictions. */
class Candidates {
  count = 0;
  scores = new Float32Array(1024);
  classes = new Uint16Array(1024);
  #rows = new Uint32Array(1024);
  readonly #sources: readonly { readonly data: Float32Array; readonly stride: number; readonly offset: number }[];
  /** Rows below this number are predictions, those from it on are labels. */
  readonly #numPredictions: number;

  constructor(prediction: Float32Array, options: NmsOptions) {
    const labels = options.labels ?? new Float32Array(0);
    this.#numPredictions = prediction.length / (5 + options.nc);
    this.#sources = [
      { data: prediction, stride: 5 + options.nc, offset: 0 },
      { data: labels, stride: 5, offset: 1 },
    ];
  }

  add(row: number, classId: number, score: number): void {
    if (this.count === this.scores.length) this.#grow();
    this.#rows[this.count] = row;
    this.classes[this.count] = classId;
    this.scores[this.count++] = score;
  }

  /** Writes the corners of a candidate's box. */
  writeBox(candidate: number, target: Float32Array): void {
    const row = this.#rows[candidate]!;
    const isLabel = row >= this.#numPredictions;
    const { data, stride, offset } = this.#sources[isLabel ? 1 : 0]!;
    xywhToXyxy(data, (isLabel ? row - this.#numPredictions : row) * stride + offset, target, 0);
  }

  #grow(): void {
    const capacity = this.scores.length * 2;
    const scores = new Float32Array(capacity);
    const classes = new Uint16Array(capacity);
    const rows = new Uint32Array(capacity);
    scores.set(this.scores);
    classes.set(this.classes);
    rows.set(this.#rows);
    this.scores = scores;
    this.classes = classes;
    this.#rows = rows;
  }
}

function collectCandidates(prediction: Float32Array, options: NmsOptions): Candidates {
  const { nc, multiLabel = false, labels } = options;
  const stride = 5 + nc;
  // The reference compares float32 tensors, which rounds the threshold too.
  const confThres = fround(options.confThres);
  const allowed = options.classes && new Set(options.classes);
  const candidates = new Candidates(prediction, options);
  const numPredictions = prediction.length / stride;
  for (let row = 0; row < numPredictions; row++) {
    const at = row * stride;
    const objectness = prediction[at + 4]!;
    if (!(objectness > confThres)) continue;
    if (multiLabel && nc > 1) {
      for (let c = 0; c < nc; c++) {
        const score = fround(prediction[at + 5 + c]! * objectness);
        if (score > confThres && (allowed === undefined || allowed.has(c))) candidates.add(row, c, score);
      }
    } else {
      let best = 0;
      let bestScore = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < nc; c++) {
        const score = fround(prediction[at + 5 + c]! * objectness);
        if (score > bestScore) {
          bestScore = score;
          best = c;
        }
      }
      if (bestScore > confThres && (allowed === undefined || allowed.has(best))) candidates.add(row, best, bestScore);
    }
  }
  const numLabels = (labels?.length ?? 0) / 5;
  for (let i = 0; i < numLabels; i++) {
    const classId = labels![i * 5]!;
    if (1 > confThres && (allowed === undefined || allowed.has(classId)))
      candidates.add(numPredictions + i, classId, 1);
  }
  return candidates;
}
