/**
 * Element-wise operators. Sigmoids and SiLU have SIMD kernels of ours, large additions and products those of tfjs; the rest
 * are loops in double precision whose results round once, which gives the same bits for + − × ÷.
 */
import { EngineError } from '../../../../proto/errors.js';
import { type BinaryFunction, numElements, type Shape, type UnaryFunction } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { broadcastShape, broadcastStrides } from './strided.js';

const UNARY: Readonly<Record<Exclude<UnaryFunction, 'sigmoid'>, (v: number) => number>> = {
  neg: (v) => -v,
  sqrt: Math.sqrt,
  square: (v) => v * v,
  exp: Math.exp,
  log: Math.log,
  // log(1 + eᵛ), written so that large v does not overflow.
  softplus: (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))),
  atan: Math.atan,
  abs: Math.abs,
  reciprocal: (v) => 1 / v,
};

const BINARY: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  pow: (a, b) => a ** b,
};

/** tfjs's max and min drop NaN and its pow differs from the standard's, so only these four are taken from it. */
const SIMD: Readonly<Partial<Record<BinaryFunction, string>>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Multiply',
  div: 'RealDiv',
};

/** Below this number of elements a call into wasm costs more than the loop. */
const SMALL = 512;
/** Axes that the SIMD kernels can broadcast over. */
const MAX_SIMD_RANK = 5;

function sigmoid(heap: Heap, x: HeapArray): HeapArray {
  const y = heap.allocate(x.shape);
  heap.simd.layers.sigmoid(heap.address(x), heap.address(y), numElements(x.shape));
  return y;
}

export function unary(heap: Heap, fn: UnaryFunction, x: HeapArray): HeapArray {
  if (fn === 'sigmoid') return sigmoid(heap, x);
  const y = heap.allocate(x.shape);
  const f = UNARY[fn];
  const [from, to] = [heap.floats(x), heap.floats(y)];
  for (let i = 0; i < to.length; i++) to[i] = f(from[i]!);
  return y;
}

export function binary(heap: Heap, fn: BinaryFunction, a: HeapArray, b: HeapArray): HeapArray {
  const shape = broadcastShape(a.shape, b.shape);
  const name = SIMD[fn];
  if (name !== undefined && shape.length <= MAX_SIMD_RANK && numElements(shape) >= SMALL) {
    return heap.kernel(name, { a, b }, shape);
  }
  const y = heap.allocate(shape);
  const [p, q, to] = [heap.floats(a), heap.floats(b), heap.floats(y)];
  const f = BINARY[fn];
  if (p.length === to.length && q.length === to.length) {
    for (let i = 0; i < to.length; i++) to[i] = f(p[i]!, q[i]!);
  } else if (q.length === 1 && p.length === to.length) {
    for (let i = 0; i < to.length; i++) to[i] = f(p[i]!, q[0]!);
  } else {
    broadcastLoop(shape, [p, broadcastStrides(a.shape, shape)], [q, broadcastStrides(b.shape, shape)], to, f);
  }
  return y;
}

function broadcastLoop(
  shape: Shape,
  [p, pStrides]: readonly [Float32Array, readonly number[]],
  [q, qStrides]: readonly [Float32Array, readonly number[]],
  to: Float32Array,
  f: (a: number, b: number) => number,
): void {
  const last = shape.length - 1;
  const [length, pStep, qStep] = [shape[last] ?? 1, pStrides[last] ?? 0, qStrides[last] ?? 0];
  let next = 0;
  const walk = (axis: number, i: number, j: number): void => {
    if (axis < last) {
      for (let k = 0; k < shape[axis]!; k++) walk(axis + 1, i + k * pStrides[axis]!, j + k * qStrides[axis]!);
      return;
    }
    for (let k = 0; k < length; k++) to[next++] = f(p[i + k * pStep]!, q[j + k * qStep]!);
  };
  walk(0, 0, 0);
}

export function select(heap: Heap, mask: HeapArray, a: HeapArray, b: HeapArray): HeapArray {
  const y = heap.allocate(a.shape);
  const [m, p, q, to] = [heap.view(mask), heap.floats(a), heap.floats(b), heap.floats(y)];
  if (m.length !== to.length || q.length !== to.length) {
    throw new EngineError('ENGINE_RUN_FAILED', `mask, a and b have ${m.length}, ${p.length} and ${q.length} elements`);
  }
  for (let i = 0; i < to.length; i++) to[i] = m[i] !== 0 ? p[i]! : q[i]!;
  return y;
}

export function cast(heap: Heap, x: HeapArray): HeapArray {
  const y = heap.allocate(x.shape);
  heap.floats(y).set(heap.view(x));
  return y;
}

export function silu(heap: Heap, x: HeapArray): HeapArray {
  const y = heap.allocate(x.shape);
  heap.simd.layers.silu(heap.address(x), heap.address(y), numElements(x.shape));
  return y;
}

export function siluGrad(heap: Heap, x: HeapArray, dy: HeapArray): HeapArray {
  const dx = heap.allocate(x.shape);
  heap.simd.layers.siluGrad(heap.address(x), heap.address(dy), heap.address(dx), numElements(x.shape));
  return dx;
}
