/**
 * Cutting columns out of rows. A two-dimensional unpadding does it without naming the number of rows, and its gradient
 * is a padding with zeros; the gradient of a slice would want zeros of a known shape.
 */
import type { ProgramBuilder } from '../engine/builder.js';
import type { Value } from '../engine/program.js';

/** Columns begin … begin+count−1 of rows [n, K]: [n, count]. */
export function columns(b: ProgramBuilder, rows: Value, begin: number, count: number): Value {
  const [n, width] = rows.shape as [number, number];
  const plane = b.reshape(rows, [n, 1, width, 1]);
  const cut = b.unpad2d(plane, { top: 0, bottom: 0, left: begin, right: width - begin - count });
  return b.reshape(cut, [n, count]);
}

/** One column of rows [n, K]: [n]. */
export function column(b: ProgramBuilder, rows: Value, index: number): Value {
  const cut = columns(b, rows, index, 1);
  return b.reshape(cut, [cut.shape[0]!]);
}
