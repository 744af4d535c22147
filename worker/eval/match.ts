/** Pairs detections with labels at the ten IoU thresholds of the native mAP. */
import { boxIou } from './boxes.js';
import { DETECTION_COLUMNS, type Detections } from './nms.js';

const { fround } = Math;

/** .50, .55 … .95 as float32, as the reference compares them. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) => fround((50 + 5 * i) / 100));

/**
 * Returns per detection a bit mask of the thresholds at which it is a true positive (bit t: threshold t).
 *
 * Pairs are formed once at the lowest threshold among boxes of equal class: each detection keeps the label it overlaps
 * most, then each label keeps the *first* such detection, which has the highest score, even where a later one overlaps
 * better (Q14, as in the reference). A kept pair counts at every threshold up to its IoU.
 * @param detections best score first, in the frame of the labels
 * @param labels rows (class, x1, y1, x2, y2)
 * @param thresholds ascending, at most 16
 */
export function matchDetections(
  detections: Detections,
  labels: Float32Array,
  thresholds: readonly number[] = IOU_THRESHOLDS,
): Uint16Array {
  const numLabels = labels.length / 5;
  const hits = new Uint16Array(detections.numDetections);
  const labelTaken = new Uint8Array(numLabels);
  const lowest = thresholds[0] ?? 1;
  for (let d = 0; d < detections.numDetections; d++) {
    const at = d * DETECTION_COLUMNS;
    const classId = detections.rows[at + 5]!;
    let best = -1;
    let bestIou = lowest;
    for (let l = 0; l < numLabels; l++) {
      if (labels[l * 5] !== classId) continue;
      const iou = fround(boxIou(labels, l * 5 + 1, detections.rows, at));
      if (iou >= bestIou) {
        bestIou = iou;
        best = l;
      }
    }
    if (best < 0 || labelTaken[best] === 1) continue;
    labelTaken[best] = 1;
    let mask = 0;
    for (let t = 0; t < thresholds.length; t++) if (bestIou >= thresholds[t]!) mask |= 1 << t;
    hits[d] = mask;
  }
  return hits;
}
