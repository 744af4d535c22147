/** Distance IoU (Zheng et al., AAAI 2020, equation 6): IoU − ρ²/c², centre distance over the enclosing diagonal. */
import type { ProgramBuilder } from '../../engine/builder.js';
import type { Value } from '../../engine/program.js';
import { type BoxSimilarity, type CornerBoxes, EPSILON, enclosing } from './corners.js';
import { iouParts } from './iou.js';

/** ρ²/c² of each pair, [n]. */
export function centreDistance(b: ProgramBuilder, p: CornerBoxes, t: CornerBoxes): Value {
  const { width, height } = enclosing(b, p, t);
  const diagonal = b.add(b.add(b.unary('square', width), b.unary('square', height)), EPSILON);
  const twiceX = b.sub(b.add(t.x1, t.x2), b.add(p.x1, p.x2));
  const twiceY = b.sub(b.add(t.y1, t.y2), b.add(p.y1, p.y2));
  const distance = b.div(b.add(b.unary('square', twiceX), b.unary('square', twiceY)), 4);
  return b.div(distance, diagonal);
}

export const diou: BoxSimilarity = (b, prediction, target) =>
  b.sub(iouParts(b, prediction, target).iou, centreDistance(b, prediction, target));
