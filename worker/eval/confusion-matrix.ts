/** Which class was taken for which: counts of predicted against true classes, background included. */
import { boxIou } from './boxes.js';
import { DETECTION_COLUMNS, type Detections } from './nms.js';
import { argsortDescending } from './sort.js';

export interface ConfusionMatrixOptions {
  readonly nc: number;
  /** Detections count above this score. @defaultValue 0.25 */
  readonly confThres?: number;
  /** Pairs count above this IoU, whatever their classes. @defaultValue 0.45 */
  readonly iouThres?: number;
  /**
   * Leaves false alarms out of images in which nothing matches, as the reference does (Q17).
   * @defaultValue false
   */
  readonly asReference?: boolean;
}

/**
 * A matrix (nc + 1)² of counts: row = predicted class, column = true class; the last row counts missed labels, the
 * last column false alarms. Counts add up over images in any order.
 */
export class ConfusionMatrix {
  readonly nc: number;
  /** Row-major, (nc + 1)². */
  readonly counts: Float64Array;
  readonly #confThres: number;
  readonly #iouThres: number;
  readonly #asReference: boolean;

  constructor(options: ConfusionMatrixOptions) {
    this.nc = options.nc;
    this.counts = new Float64Array((options.nc + 1) ** 2);
    this.#confThres = Math.fround(options.confThres ?? 0.25);
    this.#iouThres = Math.fround(options.iouThres ?? 0.45);
    this.#asReference = options.asReference ?? false;
  }

  /**
   * Counts one image.
   * @param detections and `labels` (class, x1, y1, x2, y2) in one frame
   */
  addImage(detections: Detections, labels: Float32Array): void {
    const kept: number[] = [];
    for (let d = 0; d < detections.numDetections; d++) {
      if (detections.rows[d * DETECTION_COLUMNS + 4]! > this.#confThres) kept.push(d * DETECTION_COLUMNS);
    }
    const numLabels = labels.length / 5;
    const { detectionOfLabel, numMatches } = this.#match(detections.rows, kept, labels);
    const isMatched = new Set(detectionOfLabel);
    for (let l = 0; l < numLabels; l++) {
      const detection = detectionOfLabel[l]!;
      this.#count(detection < 0 ? this.nc : detections.rows[kept[detection]! + 5]!, labels[l * 5]!);
    }
    if (this.#asReference && numMatches === 0) return;
    for (let d = 0; d < kept.length; d++) {
      if (!isMatched.has(d)) this.#count(detections.rows[kept[d]! + 5]!, this.nc);
    }
  }

  /** Adds the counts of another matrix of the same size. */
  addCounts(counts: Float64Array): void {
    for (let i = 0; i < counts.length; i++) this.counts[i] = this.counts[i]! + counts[i]!;
  }

  #count(predicted: number, actual: number): void {
    const at = predicted * (this.nc + 1) + actual;
    this.counts[at] = this.counts[at]! + 1;
  }

  /** Best label per detection, then best detection per label; -1: none. */
  #match(rows: Float32Array, kept: readonly number[], labels: Float32Array) {
    const numLabels = labels.length / 5;
    const labelOf = new Int32Array(kept.length).fill(-1);
    const iouOf = new Float32Array(kept.length);
    for (let d = 0; d < kept.length; d++) {
      for (let l = 0; l < numLabels; l++) {
        const iou = Math.fround(boxIou(labels, l * 5 + 1, rows, kept[d]!));
        if (iou > this.#iouThres && iou >= iouOf[d]!) {
          iouOf[d] = iou;
          labelOf[d] = l;
        }
      }
    }
    const detectionOfLabel = new Int32Array(numLabels).fill(-1);
    let numMatches = 0;
    for (const d of argsortDescending(iouOf)) {
      const label = labelOf[d]!;
      if (label < 0 || detectionOfLabel[label]! >= 0) continue;
      detectionOfLabel[label] = d;
      numMatches++;
    }
    return { detectionOfLabel, numMatches };
  }
}
