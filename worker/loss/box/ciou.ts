/**
 * Complete IoU (Zheng et al., AAAI 2020, equations 8 to 11): DIoU − v·a with the aspect ratios' disagreement v. The
 * trade-off weight a is a constant for the gradient.
 */
import { type BoxSimilarity, EPSILON } from './corners.js';
import { centreDistance } from './diou.js';
import { iouParts } from './iou.js';

export const ciou: BoxSimilarity = (b, prediction, target) => {
  const { iou, ...sizes } = iouParts(b, prediction, target);
  const targetAngle = b.unary('atan', b.div(sizes.targetWidth, sizes.targetHeight));
  const predictionAngle = b.unary('atan', b.div(sizes.predictionWidth, sizes.predictionHeight));
  const v = b.mul(b.unary('square', b.sub(targetAngle, predictionAngle)), 4 / Math.PI ** 2);
  const a = b.stopGradient(b.div(v, b.add(b.sub(v, iou), 1 + EPSILON)));
  return b.sub(iou, b.add(centreDistance(b, prediction, target), b.mul(v, a)));
};
