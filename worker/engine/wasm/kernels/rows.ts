/** Operators that address parts of an array: gather, scatter, sums over axes, and reshape. */
import { EngineError } from '../../../../proto/errors.js';
import { numElements, type Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { stridesOf } from './strided.js';

/** Shares the memory; at most one size may be unknown unless the shape says "as it was". */
export function reshape(heap: Heap, x: HeapArray, wanted: Shape): HeapArray {
  if (wanted.filter((size) => size < 0).length > 1) return heap.alias(x);
  const known = wanted.reduce((product, size) => (size < 0 ? product : product * size), 1);
  const count = numElements(x.shape);
  const rest = known === 0 ? 0 : count / known;
  const shape = wanted.map((size) => (size < 0 ? rest : size));
  if (numElements(shape) !== count || !Number.isInteger(rest)) {
    throw new EngineError('ENGINE_RUN_FAILED', `${count} elements do not fill [${wanted.join(', ')}]`);
  }
  return heap.alias(x, shape);
}

/** Offsets, in elements, of the parts of an array of `shape` that the rows of `indices` point at. */
function partOffsets(indices: Int32Array, depth: number, shape: Shape): Int32Array {
  const strides = stridesOf(shape);
  const offsets = new Int32Array(depth === 0 ? 0 : indices.length / depth);
  for (let row = 0; row < offsets.length; row++) {
    let offset = 0;
    for (let axis = 0; axis < depth; axis++) {
      const position = indices[row * depth + axis]!;
      if (position < 0 || position >= shape[axis]!) {
        const at = indices.subarray(row * depth, row * depth + depth).join(', ');
        throw new EngineError('ENGINE_RUN_FAILED', `row ${row} points at [${at}], outside [${shape.join(', ')}]`);
      }
      offset += position * strides[axis]!;
    }
    offsets[row] = offset;
  }
  return offsets;
}

function indicesOf(heap: Heap, indices: HeapArray): Int32Array {
  const view = heap.view(indices);
  if (view instanceof Int32Array) return view;
  throw new EngineError('ENGINE_RUN_FAILED', `indices must be int32, got ${indices.dtype}`);
}

export function gatherNd(heap: Heap, x: HeapArray, indices: HeapArray): HeapArray {
  const [rows, depth] = indices.shape as [number, number];
  const rest = x.shape.slice(depth);
  const offsets = partOffsets(indicesOf(heap, indices), depth, x.shape);
  const y = heap.allocate([rows, ...rest], x.dtype);
  const [from, to] = [heap.view(x), heap.view(y)];
  const length = numElements(rest);
  for (const [row, offset] of offsets.entries()) {
    for (let i = 0; i < length; i++) to[row * length + i] = from[offset + i]!;
  }
  return y;
}

export function scatterNd(heap: Heap, indices: HeapArray, updates: HeapArray, shape: Shape): HeapArray {
  const depth = indices.shape[1]!;
  const offsets = partOffsets(indicesOf(heap, indices), depth, shape);
  const y = heap.allocate(shape);
  const [from, to] = [heap.floats(updates), heap.floats(y).fill(0)];
  const length = numElements(shape.slice(depth));
  for (const [row, offset] of offsets.entries()) {
    for (let i = 0; i < length; i++) to[offset + i]! += from[row * length + i]!;
  }
  return y;
}

/** Sums over `axes`, accumulated in double precision in row-major order. */
export function sum(heap: Heap, x: HeapArray, axes: readonly number[], keepDims: boolean): HeapArray {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const y = heap.allocate(shape);
  const from = heap.floats(x);
  const sums = new Float64Array(numElements(shape));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  let next = 0;
  const last = x.shape.length - 1;
  const walk = (axis: number, to: number): void => {
    if (axis < last) {
      for (let i = 0; i < x.shape[axis]!; i++) walk(axis + 1, to + i * strides[axis]!);
      return;
    }
    const length = x.shape[last] ?? 1;
    if (axes.includes(last)) {
      let total = 0;
      for (let i = 0; i < length; i++) total += from[next + i]!;
      sums[to]! += total;
    } else {
      for (let i = 0; i < length; i++) sums[to + i]! += from[next + i]!;
    }
    next += length;
  };
  walk(0, 0);
  heap.floats(y).set(sums);
  return y;
}
