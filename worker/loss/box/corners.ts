/** Boxes as columns of values, [n] each, and what the similarities have in common. */
import type { ProgramBuilder } from '../../engine/builder.js';
import type { Value } from '../../engine/program.js';

/** Centre and size, in any one unit. */
export interface CentreBoxes {
  readonly x: Value;
  readonly y: Value;
  readonly w: Value;
  readonly h: Value;
}

/** Upper left and lower right corner. */
export interface CornerBoxes {
  readonly x1: Value;
  readonly y1: Value;
  readonly x2: Value;
  readonly y2: Value;
}

/** Settings of a similarity. */
export interface SimilarityOptions {
  /** Weight of SCA's corner term. @defaultValue 1 */
  readonly scaAlpha?: number | undefined;
}

/**
 * Writes how alike the boxes of each row are: 1 for equal boxes. The box loss is 1 minus that.
 * @returns float32 [n]
 */
export type BoxSimilarity = (
  b: ProgramBuilder,
  prediction: CornerBoxes,
  target: CornerBoxes,
  options: SimilarityOptions,
) => Value;

/** The reference's epsilon, which every similarity adds in places of its own. */
export const EPSILON = 1e-7;

/** Corners of boxes given by centre and size. */
export function toCorners(b: ProgramBuilder, { x, y, w, h }: CentreBoxes): CornerBoxes {
  const halfWidth = b.div(w, 2);
  const halfHeight = b.div(h, 2);
  return {
    x1: b.sub(x, halfWidth),
    y1: b.sub(y, halfHeight),
    x2: b.add(x, halfWidth),
    y2: b.add(y, halfHeight),
  };
}

/** Widths and heights of the smallest boxes around each pair. */
export function enclosing(b: ProgramBuilder, p: CornerBoxes, t: CornerBoxes): { width: Value; height: Value } {
  return {
    width: b.sub(b.max(p.x2, t.x2), b.min(p.x1, t.x1)),
    height: b.sub(b.max(p.y2, t.y2), b.min(p.y1, t.y1)),
  };
}

/** Signed lengths of the intersections: negative where the boxes lie apart. */
export function overlap(b: ProgramBuilder, p: CornerBoxes, t: CornerBoxes): { width: Value; height: Value } {
  return {
    width: b.sub(b.min(p.x2, t.x2), b.max(p.x1, t.x1)),
    height: b.sub(b.min(p.y2, t.y2), b.max(p.y1, t.y1)),
  };
}
