/** Precision, recall, F1 and average precision per class, as the reference's native mAP defines them. */
import { argsortDescending } from './sort.js';

const NUM_RECALL_POINTS = 101;
const NUM_CONFIDENCE_POINTS = 1000;
/** Keeps a class without labels from dividing by zero; too small to move any other value. */
const TINY = 1e-16;

/** `count` evenly spaced numbers from 0 to 1, the last exactly 1. */
function unitGrid(count: number): Float64Array {
  const step = 1 / (count - 1);
  const grid = Float64Array.from({ length: count }, (_, i) => i * step);
  grid[count - 1] = 1;
  return grid;
}

const RECALL_GRID = unitGrid(NUM_RECALL_POINTS);
/** The confidences at which the curves are sampled: 0 … 1 in 1000 points. */
export const CONFIDENCE_GRID: Readonly<Float64Array> = unitGrid(NUM_CONFIDENCE_POINTS);

/** A precision-recall curve, closed at recall 0 (precision 1) and recall 1 (precision 0), precision never rising. */
export interface PrecisionEnvelope {
  readonly recall: Float64Array;
  readonly precision: Float64Array;
}

/** Everything that was detected and labelled, flat; row i of `hits`, `scores` and `classes` is one detection. */
export interface ApInput {
  /** Bit t: true positive at threshold t. */
  readonly hits: Uint16Array;
  readonly scores: Float32Array;
  readonly classes: ArrayLike<number>;
  readonly labelClasses: ArrayLike<number>;
  /** @defaultValue 10 */
  readonly numThresholds?: number;
}

/** Figures of one class that has labels. */
export interface ClassAp {
  readonly classId: number;
  readonly numLabels: number;
  readonly numDetections: number;
  /** At the confidence of the best mean F1 and IoU .5. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Per IoU threshold. */
  readonly ap: Float64Array;
  /** Over {@link CONFIDENCE_GRID}, at the lowest IoU threshold. */
  readonly curves: { readonly precision: Float64Array; readonly recall: Float64Array; readonly f1: Float64Array };
  /** Precision at 1000 recalls 0 … 1, at the lowest IoU threshold. */
  readonly precisionByRecall: Float64Array;
}

export interface ApResult {
  /** Classes with labels, ascending. */
  readonly classes: readonly ClassAp[];
  /** The confidence at which precision, recall and F1 are given: the first that maximises the mean F1. */
  readonly bestConfidence: number;
}

/** Returns the curve through the given points, closed at both ends and made monotone from the right. */
export function precisionEnvelope(recall: ArrayLike<number>, precision: ArrayLike<number>): PrecisionEnvelope {
  const n = recall.length;
  const closedRecall = new Float64Array(n + 2);
  const closedPrecision = new Float64Array(n + 2);
  closedRecall[n + 1] = 1;
  for (let i = n - 1; i >= 0; i--) {
    closedRecall[i + 1] = recall[i]!;
    closedPrecision[i + 1] = Math.max(precision[i]!, closedPrecision[i + 2]!);
  }
  closedPrecision[0] = Math.max(1, closedPrecision[1]!);
  return { recall: closedRecall, precision: closedPrecision };
}

/**
 * Returns the area under the envelope: linear interpolation at 101 recalls, trapezoid rule. Because the curve is closed
 * at (1, 0) a perfect detector reaches .995, and precision 1 up to recall .5 gives .75 (Q15, as in the reference).
 */
export function averagePrecision(recall: ArrayLike<number>, precision: ArrayLike<number>): number {
  const envelope = precisionEnvelope(recall, precision);
  let area = 0;
  let previous = 0;
  for (let i = 0; i < NUM_RECALL_POINTS; i++) {
    const value = interpolate(RECALL_GRID[i]!, envelope.recall, envelope.precision, 0);
    if (i > 0) area += ((value + previous) / 2) * (RECALL_GRID[i]! - RECALL_GRID[i - 1]!);
    previous = value;
  }
  return area;
}

/** Piecewise linear value at `x`; of points with equal abscissa the last counts. `left` stands before the first. */
function interpolate(x: number, xs: Float64Array, ys: Float64Array, left: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (xs[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  const i = low - 1;
  if (i < 0) return left;
  if (i === xs.length - 1 || xs[i] === x) return ys[i]!;
  return ((ys[i + 1]! - ys[i]!) / (xs[i + 1]! - xs[i]!)) * (x - xs[i]!) + ys[i]!;
}

/**
 * Returns precision, recall, F1 and AP of each class that has labels. A class without detections stays at 0 and counts
 * in every mean (Q16). Detections of equal score keep their order, so give them in an order that means something.
 */
export function averagePrecisionPerClass(input: ApInput): ApResult {
  const numThresholds = input.numThresholds ?? 10;
  const labelCounts = new Map<number, number>();
  for (let i = 0; i < input.labelClasses.length; i++) {
    const c = input.labelClasses[i]!;
    labelCounts.set(c, (labelCounts.get(c) ?? 0) + 1);
  }
  const detectionsOf = new Map<number, number[]>([...labelCounts.keys()].sort((a, b) => a - b).map((c) => [c, []]));
  for (const i of argsortDescending(input.scores)) detectionsOf.get(input.classes[i]!)?.push(i);

  const drafts = [...detectionsOf].map(([classId, indices]) =>
    classCurves(classId, labelCounts.get(classId)!, indices, input, numThresholds),
  );
  const best = bestMeanF1(drafts.map((draft) => draft.curves.f1));
  return {
    classes: drafts.map((draft) => ({
      ...draft,
      precision: draft.curves.precision[best]!,
      recall: draft.curves.recall[best]!,
      f1: draft.curves.f1[best]!,
    })),
    bestConfidence: CONFIDENCE_GRID[best]!,
  };
}

function classCurves(
  classId: number,
  numLabels: number,
  indices: readonly number[],
  { hits, scores }: ApInput,
  numThresholds: number,
): Omit<ClassAp, 'precision' | 'recall' | 'f1'> {
  const n = indices.length;
  const curves = {
    precision: new Float64Array(NUM_CONFIDENCE_POINTS),
    recall: new Float64Array(NUM_CONFIDENCE_POINTS),
    f1: new Float64Array(NUM_CONFIDENCE_POINTS),
  };
  const ap = new Float64Array(numThresholds);
  const precisionByRecall = new Float64Array(NUM_CONFIDENCE_POINTS);
  const draft = { classId, numLabels, numDetections: n, ap, curves, precisionByRecall };
  if (n === 0) return draft;

  const recall = new Float64Array(n);
  const precision = new Float64Array(n);
  for (let t = 0; t < numThresholds; t++) {
    let truePositives = 0;
    for (let i = 0; i < n; i++) {
      truePositives += (hits[indices[i]!]! >>> t) & 1;
      recall[i] = truePositives / (numLabels + TINY);
      precision[i] = truePositives / (i + 1);
    }
    ap[t] = averagePrecision(recall, precision);
    if (t === 0) {
      sampleByConfidence(
        Float64Array.from(indices, (i) => -scores[i]!),
        recall,
        precision,
        curves,
      );
      const envelope = precisionEnvelope(recall, precision);
      for (let i = 0; i < NUM_CONFIDENCE_POINTS; i++) {
        precisionByRecall[i] = interpolate(CONFIDENCE_GRID[i]!, envelope.recall, envelope.precision, 0);
      }
    }
  }
  return draft;
}

/** Samples the curves at 1000 confidences; above the largest score recall is 0 and precision 1. */
function sampleByConfidence(
  negatedScores: Float64Array,
  recall: Float64Array,
  precision: Float64Array,
  curves: ClassAp['curves'],
): void {
  for (let i = 0; i < NUM_CONFIDENCE_POINTS; i++) {
    const r = interpolate(-CONFIDENCE_GRID[i]!, negatedScores, recall, 0);
    const p = interpolate(-CONFIDENCE_GRID[i]!, negatedScores, precision, 1);
    curves.recall[i] = r;
    curves.precision[i] = p;
    curves.f1[i] = (2 * p * r) / (p + r + TINY);
  }
}

function bestMeanF1(curves: readonly Float64Array[]): number {
  let best = 0;
  let bestMean = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < NUM_CONFIDENCE_POINTS; i++) {
    let sum = 0;
    for (const curve of curves) sum += curve[i]!;
    const mean = curves.length === 0 ? 0 : sum / curves.length;
    if (mean > bestMean) {
      bestMean = mean;
      best = i;
    }
  }
  return best;
}
