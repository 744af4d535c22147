/** Shape arithmetic of the program builder, and its one error. */
import { EngineError } from '../../proto/errors.js';
import type { ConvAttrs, Shape } from './program.js';

/** A shape as messages show it: `[2, -1, 3]`. */
export function listed(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The fault of a program whose shapes do not go together. */
export function shapeError(op: string, message: string): EngineError {
  return new EngineError('ENGINE_SHAPE_MISMATCH', `${op}: ${message}`, {
    hint: 'this is a fault in a model definition or in Lockstep itself; please report it with the model YAML',
  });
}

/** Broadcasts two shapes as NumPy does; an unknown size (−1) meets 1 or itself. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const p = a[a.length - rank + axis] ?? 1;
    const q = b[b.length - rank + axis] ?? 1;
    if (p === q || q === 1) return p;
    if (p === 1) return q;
    throw shapeError(op, `${listed(a)} and ${listed(b)} do not broadcast`);
  });
}

/** Height and width after a window has been moved over a padded plane. */
export function windowedPlane(
  op: string,
  [height, width]: readonly [number, number],
  window: readonly [number, number],
  { strides, padding: p }: ConvAttrs,
): [number, number] {
  const rows = Math.floor((height + p.top + p.bottom - window[0]) / strides[0]) + 1;
  const columns = Math.floor((width + p.left + p.right - window[1]) / strides[1]) + 1;
  if (rows >= 1 && columns >= 1) return [rows, columns];
  throw shapeError(op, `a window of ${window.join('×')} does not fit a plane of ${height}×${width}`);
}

/** Whether two shapes can be equal when the program runs. */
export function agree(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis] || size < 0 || b[axis]! < 0);
}
