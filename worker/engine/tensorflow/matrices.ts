/** Matrices, and what makes a tensor one. */
import type { Shape } from '../program.js';
import { afterNode, attr, type GraphWriter, type Ref, T_FLOAT } from './graph.js';

/** a·b. @param transposed which of both is turned first */
export function matMul(g: GraphWriter, a: Ref, b: Ref, transposed?: 'a' | 'b'): Ref {
  return g.node('MatMul', [a, b], {
    ...T_FLOAT,
    transpose_a: attr.bool(transposed === 'a'),
    transpose_b: attr.bool(transposed === 'b'),
  });
}

/** @param after a tensor that must be there first */
export function reshape(g: GraphWriter, x: Ref, shape: Shape, after?: Ref): Ref {
  const controls = after === undefined ? [] : [afterNode(after)];
  return g.node('Reshape', [x, g.ints(shape), ...controls], { ...T_FLOAT, Tshape: attr.dtype('int32') });
}
