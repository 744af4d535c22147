/** Intersection over union, and the parts that its descendants go on with. */
import type { ProgramBuilder } from '../../engine/builder.js';
import type { Value } from '../../engine/program.js';
import { type BoxSimilarity, type CornerBoxes, EPSILON, overlap } from './corners.js';

/** IoU and its ingredients, [n] each. */
export interface IouParts {
  readonly iou: Value;
  readonly union: Value;
  /** Sizes as the reference takes them: epsilon is added to heights and not to widths. */
  readonly predictionWidth: Value;
  readonly predictionHeight: Value;
  readonly targetWidth: Value;
  readonly targetHeight: Value;
}

export function iouParts(b: ProgramBuilder, p: CornerBoxes, t: CornerBoxes): IouParts {
  const { width, height } = overlap(b, p, t);
  const intersection = b.mul(positivePart(b, width), positivePart(b, height));
  const predictionWidth = b.sub(p.x2, p.x1);
  const predictionHeight = b.add(b.sub(p.y2, p.y1), EPSILON);
  const targetWidth = b.sub(t.x2, t.x1);
  const targetHeight = b.add(b.sub(t.y2, t.y1), EPSILON);
  const areas = b.add(b.mul(predictionWidth, predictionHeight), b.mul(targetWidth, targetHeight));
  const union = b.add(b.sub(areas, intersection), EPSILON);
  return { iou: b.div(intersection, union), union, predictionWidth, predictionHeight, targetWidth, targetHeight };
}

/** max(0, x) whose gradient at exactly 0 is 0, as of PyTorch's clamp; `max` would pass half of it. */
function positivePart(b: ProgramBuilder, x: Value): Value {
  return b.mul(x, b.binary('greater', x, 0));
}

export const iou: BoxSimilarity = (b, prediction, target) => iouParts(b, prediction, target).iou;
