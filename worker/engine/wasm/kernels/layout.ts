/** Operators that move elements without computing: concat, slice, transpose, borders, upsampling. */
import type { Padding, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { copyBox, stridesOf } from './strided.js';

export function concat(heap: Heap, parts: readonly HeapArray[], axis: number): HeapArray {
  const first = parts[0]!;
  const joined = parts.reduce((total, part) => total + part.shape[axis]!, 0);
  const shape = first.shape.map((size, i) => (i === axis ? joined : size));
  const y = heap.allocate(shape, first.dtype);
  const strides = stridesOf(shape);
  const data = heap.view(y);
  let offset = 0;
  for (const part of parts) {
    const from = { data: heap.view(part), offset: 0, strides: stridesOf(part.shape) };
    copyBox({ data, offset, strides }, from, part.shape);
    offset += part.shape[axis]! * strides[axis]!;
  }
  return y;
}

export function slice(heap: Heap, x: HeapArray, begin: readonly number[], size: readonly number[]): HeapArray {
  const shape = size.map((wanted, axis) => (wanted < 0 ? x.shape[axis]! - begin[axis]! : wanted));
  const y = heap.allocate(shape, x.dtype);
  const strides = stridesOf(x.shape);
  const offset = begin.reduce((sum, position, axis) => sum + position * strides[axis]!, 0);
  const to = { data: heap.view(y), offset: 0, strides: stridesOf(shape) };
  copyBox(to, { data: heap.view(x), offset, strides }, shape);
  return y;
}

export function transpose(heap: Heap, x: HeapArray, perm: readonly number[]): HeapArray {
  const shape = perm.map((axis) => x.shape[axis]!);
  const y = heap.allocate(shape, x.dtype);
  const own = stridesOf(x.shape);
  const strides = perm.map((axis) => own[axis]!);
  copyBox(
    { data: heap.view(y), offset: 0, strides: stridesOf(shape) },
    { data: heap.view(x), offset: 0, strides },
    shape,
  );
  return y;
}

function bordered(shape: Shape, { top, bottom, left, right }: Padding, sign: 1 | -1): number[] {
  const [b, h, w, c] = shape as [number, number, number, number];
  return [b, h + sign * (top + bottom), w + sign * (left + right), c];
}

export function pad2d(heap: Heap, x: HeapArray, padding: Padding): HeapArray {
  const shape = bordered(x.shape, padding, 1);
  const y = heap.allocate(shape);
  const strides = stridesOf(shape);
  const offset = padding.top * strides[1]! + padding.left * strides[2]!;
  const data = heap.floats(y).fill(0);
  copyBox({ data, offset, strides }, { data: heap.view(x), offset: 0, strides: stridesOf(x.shape) }, x.shape);
  return y;
}

export function unpad2d(heap: Heap, x: HeapArray, padding: Padding): HeapArray {
  const { top, left } = padding;
  return slice(heap, x, [0, top, left, 0], bordered(x.shape, padding, -1));
}

export function upsample2x(heap: Heap, x: HeapArray): HeapArray {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const y = heap.allocate([batch, height * 2, width * 2, channels]);
  const [from, to] = [heap.floats(x), heap.floats(y)];
  const rowLength = width * 2 * channels;
  for (let row = 0; row < batch * height; row++) {
    const start = row * 2 * rowLength;
    for (let column = 0; column < width; column++) {
      const f = (row * width + column) * channels;
      const t = start + column * 2 * channels;
      for (let c = 0; c < channels; c++) {
        const value = from[f + c]!;
        to[t + c] = value;
        to[t + channels + c] = value;
      }
    }
    to.copyWithin(start + rowLength, start, start + rowLength);
  }
  return y;
}

export function upsample2xGrad(heap: Heap, dy: HeapArray): HeapArray {
  const [batch, doubleHeight, doubleWidth, channels] = dy.shape as [number, number, number, number];
  const [height, width] = [doubleHeight / 2, doubleWidth / 2];
  const dx = heap.allocate([batch, height, width, channels]);
  const [from, to] = [heap.floats(dy), heap.floats(dx)];
  const below = doubleWidth * channels;
  for (let row = 0; row < batch * height; row++) {
    for (let column = 0; column < width; column++) {
      const t = (row * width + column) * channels;
      const f = row * 2 * below + column * 2 * channels;
      for (let c = f; c < f + channels; c++) {
        to[t + c - f] = from[c]! + from[c + channels]! + (from[c + below]! + from[c + below + channels]!);
      }
    }
  }
  return dx;
}
