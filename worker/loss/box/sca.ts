/**
 * SCA, side and corner aligned: SO − CD − 1. The side overlap SO is the sum over both axes of intersection length over
 * enclosing length, unclamped; the corner distance CD sums the distances of the two corner pairs over the enclosing
 * diagonal. Everything carries gradient.
 */
import type { ProgramBuilder } from '../../engine/builder.js';
import type { Value } from '../../engine/program.js';
import { type BoxSimilarity, EPSILON, enclosing, overlap } from './corners.js';

export const sca: BoxSimilarity = (b, p, t, { scaAlpha = 1 }) => {
  const inner = overlap(b, p, t);
  const outer = enclosing(b, p, t);
  const sideOverlap = b.add(lengthRatio(b, inner.width, outer.width), lengthRatio(b, inner.height, outer.height));
  const diagonal = b.add(hypotenuse(b, outer.width, outer.height), EPSILON);
  const leftTop = hypotenuse(b, b.sub(p.x1, t.x1), b.sub(p.y1, t.y1));
  const rightBottom = hypotenuse(b, b.sub(p.x2, t.x2), b.sub(p.y2, t.y2));
  const cornerDistance = b.add(b.div(leftTop, diagonal), b.div(rightBottom, diagonal));
  return b.sub(b.sub(sideOverlap, b.mul(cornerDistance, scaAlpha)), 1);
};

/**
 * inner/outer; 1 where both boxes shrink to the same line, for which the reference has 0/0. Adding an epsilon instead
 * would change all other values.
 */
function lengthRatio(b: ProgramBuilder, inner: Value, outer: Value): Value {
  const degenerate = b.binary('equal', outer, 0);
  return b.div(b.add(inner, degenerate), b.add(outer, degenerate));
}

/** √((dx + ε)² + (dy + ε)²): the reference adds its epsilon before squaring, which leaves a gradient at the optimum. */
function hypotenuse(b: ProgramBuilder, dx: Value, dy: Value): Value {
  return b.unary('sqrt', b.add(b.unary('square', b.add(dx, EPSILON)), b.unary('square', b.add(dy, EPSILON))));
}
