/** Generalized IoU (Rezatofighi et al., CVPR 2019, algorithm 1): IoU − (A − union)/A, A the area of the enclosing box. */
import { type BoxSimilarity, EPSILON, enclosing } from './corners.js';
import { iouParts } from './iou.js';

export const giou: BoxSimilarity = (b, prediction, target) => {
  const { iou, union } = iouParts(b, prediction, target);
  const { width, height } = enclosing(b, prediction, target);
  const area = b.add(b.mul(width, height), EPSILON);
  return b.sub(iou, b.div(b.sub(area, union), area));
};
