/** Max-pooling and its gradient. */
import type { PoolAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { restoreNaN } from './nan.js';

type Shape4 = readonly [number, number, number, number];

export function maxPool(heap: Heap, x: HeapArray, shape: Shape, attrs: PoolAttrs): HeapArray {
  const { size, strides, padding } = attrs;
  const simd = size[0] * size[1] > 1 && strides[0] <= size[0] && strides[1] <= size[1];
  if (!simd) return maxPoolLoop(heap, x, shape, attrs);
  const { top, bottom, left, right } = padding;
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const settings = { filterSize: [...size], strides: [...strides], pad };
  return restoreNaN(heap, heap.kernel('MaxPool', { x }, settings, shape));
}

/** For windows that the kernel refuses: single cells, and strides that skip cells. */
function maxPoolLoop(heap: Heap, x: HeapArray, shape: Shape, attrs: PoolAttrs): HeapArray {
  const y = heap.allocate(shape);
  const [from, to] = [heap.floats(x), heap.floats(y).fill(Number.NEGATIVE_INFINITY)];
  const channels = shape[3]!;
  eachWindow(x.shape as Shape4, shape as Shape4, attrs, (t, cells, numCells) => {
    for (let i = 0; i < numCells; i++) {
      const f = cells[i]!;
      for (let c = 0; c < channels; c++) to[t + c] = Math.max(to[t + c]!, from[f + c]!);
    }
  });
  return y;
}

/** The first cell of a window, in row-major order, that holds the window's maximum takes the whole gradient. */
export function maxPoolGrad(heap: Heap, x: HeapArray, y: HeapArray, dy: HeapArray, attrs: PoolAttrs): HeapArray {
  const dx = heap.allocate(x.shape);
  const [xs, ys, dys, to] = [heap.floats(x), heap.floats(y), heap.floats(dy), heap.floats(dx).fill(0)];
  const channels = x.shape[3]!;
  const settled = new Uint8Array(channels);
  eachWindow(x.shape as Shape4, y.shape as Shape4, attrs, (o, cells, numCells) => {
    settled.fill(0);
    let open = channels;
    for (let i = 0; i < numCells && open > 0; i++) {
      const f = cells[i]!;
      for (let c = 0; c < channels; c++) {
        if (xs[f + c] !== ys[o + c] || settled[c] === 1) continue;
        settled[c] = 1;
        open--;
        to[f + c]! += dys[o + c]!;
      }
    }
  });
  return dx;
}

/** Visits each output pixel with the offsets of the input pixels in its window, row-major, padding left out. */
function eachWindow(
  [batch, height, width, channels]: Shape4,
  [, outputHeight, outputWidth]: Shape4,
  { size, strides, padding }: PoolAttrs,
  visit: (output: number, cells: Int32Array, numCells: number) => void,
): void {
  const cells = new Int32Array(size[0] * size[1]);
  let output = 0;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outputHeight; oy++) {
      const y0 = Math.max(oy * strides[0] - padding.top, 0);
      const y1 = Math.min(oy * strides[0] - padding.top + size[0], height);
      for (let ox = 0; ox < outputWidth; ox++) {
        const x0 = Math.max(ox * strides[1] - padding.left, 0);
        const x1 = Math.min(ox * strides[1] - padding.left + size[1], width);
        let numCells = 0;
        for (let iy = y0; iy < y1; iy++) {
          for (let ix = x0; ix < x1; ix++) cells[numCells++] = ((n * height + iy) * width + ix) * channels;
        }
        visit(output, cells, numCells);
        output += channels;
      }
    }
  }
}
