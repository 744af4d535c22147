/** Index arithmetic on row-major arrays: strides, broadcasting, and copies of boxes from one array to another. */
import { EngineError } from '../../../../proto/errors.js';
import type { TypedArray } from '../../engine.js';
import type { Shape } from '../../program.js';

/** Elements between neighbours along each axis. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Strides with which an array of `shape` is read as if it had shape `wide`: 0 along stretched axes. */
export function broadcastStrides(shape: Shape, wide: Shape): number[] {
  const own = stridesOf(shape);
  const extra = wide.length - shape.length;
  return wide.map((_, axis) => (axis < extra || shape[axis - extra] === 1 ? 0 : own[axis - extra]!));
}

/** The shape that two arrays broadcast to. */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[axis - rank + a.length] ?? 1;
    const q = b[axis - rank + b.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      throw new EngineError('ENGINE_RUN_FAILED', `[${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    }
    return p === 1 ? q : p;
  });
}

/** A place in an array from which boxes are read or into which they are written. */
export interface Box {
  readonly data: TypedArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Runs shorter than this are copied by a loop: a call of `set` costs as much as that many elements. */
const SHORT_RUN = 24;

/** Copies a box of `shape` elements from one array into another. */
export function copyBox(to: Box, from: Box, shape: Shape): void {
  // Trailing axes that lie without gaps in both arrays are one long run.
  let axes = shape.length;
  let run = 1;
  while (axes > 0 && to.strides[axes - 1] === run && from.strides[axes - 1] === run) {
    axes--;
    run *= shape[axes]!;
  }
  if (run === 0 || shape.includes(0)) return;
  if (run === 1 && axes > 0) {
    const last = axes - 1;
    eachRow(to, from, shape, last, (t, f) => {
      const [length, stepTo, stepFrom] = [shape[last]!, to.strides[last]!, from.strides[last]!];
      for (let i = 0; i < length; i++) to.data[t + i * stepTo] = from.data[f + i * stepFrom]!;
    });
  } else if (run < SHORT_RUN) {
    eachRow(to, from, shape, axes, (t, f) => {
      for (let i = 0; i < run; i++) to.data[t + i] = from.data[f + i]!;
    });
  } else {
    eachRow(to, from, shape, axes, (t, f) => {
      to.data.set(from.data.subarray(f, f + run), t);
    });
  }
}

/** Visits all positions along the first `axes` axes, in row-major order. */
function eachRow(to: Box, from: Box, shape: Shape, axes: number, visit: (to: number, from: number) => void): void {
  const walk = (axis: number, t: number, f: number): void => {
    if (axis === axes) {
      visit(t, f);
      return;
    }
    for (let i = 0; i < shape[axis]!; i++) walk(axis + 1, t + i * to.strides[axis]!, f + i * from.strides[axis]!);
  };
  walk(0, to.offset, from.offset);
}

/** Copies a matrix transposed: `to[c, r] = from[r, c]`, tile by tile so that both sides stay in the cache. */
export function transposeMatrix(
  to: Float32Array,
  toOffset: number,
  from: Float32Array,
  fromOffset: number,
  rows: number,
  columns: number,
): void {
  const tile = 16;
  for (let r0 = 0; r0 < rows; r0 += tile) {
    const r1 = Math.min(r0 + tile, rows);
    for (let c0 = 0; c0 < columns; c0 += tile) {
      const c1 = Math.min(c0 + tile, columns);
      for (let c = c0; c < c1; c++) {
        const row = toOffset + c * rows;
        for (let r = r0; r < r1; r++) to[row + r] = from[fromOffset + r * columns + c]!;
      }
    }
  }
}
