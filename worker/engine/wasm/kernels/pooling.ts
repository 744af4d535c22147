/** Max-pooling and its gradient. */
import { numElements, type PoolAttrs, type Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';

type Shape4 = readonly [number, number, number, number];

/** The arguments that both kernels end with. */
function geometry(x: Shape, y: Shape, { size, strides, padding }: PoolAttrs) {
  const [, outputHeight, outputWidth] = y as Shape4;
  const windows = [outputHeight, outputWidth, ...size, ...strides, padding.top, padding.left] as const;
  return [...(x as Shape4), ...windows] as const;
}

export function maxPool(heap: Heap, x: HeapArray, shape: Shape, attrs: PoolAttrs): HeapArray {
  const y = heap.allocate(shape);
  if (numElements(shape) > 0) {
    heap.simd.pooling.maxPool(heap.address(x), heap.address(y), ...geometry(x.shape, shape, attrs));
  }
  return y;
}

/** The first cell of a window, in row-major order, that holds the window's maximum takes the whole gradient. */
export function maxPoolGrad(heap: Heap, x: HeapArray, y: HeapArray, dy: HeapArray, attrs: PoolAttrs): HeapArray {
  const dx = heap.allocate(x.shape);
  const planes = [heap.address(x), heap.address(y), heap.address(dy), heap.address(dx)] as const;
  heap.simd.pooling.maxPoolGrad(...planes, ...geometry(x.shape, y.shape, attrs));
  return dx;
}
