/** Moving pixels through a {@link Perspective}: bilinear, outside of the source is grey. */
import { PAD_GREY, type Rectangle, type RgbImage } from '../images/image.js';
import { pixelKernels } from '../images/pixel-kernels.js';
import { invert, type Perspective } from './perspective.js';

/** Positions are sums of a column's and a row's part, each rounded to 1/1024 px first; the sum then to 1/32 px. */
const PART_ONE = 1 << 10;
const PART_HALF = 1 << 4;
/** Neighbours of a position, and what rounding may move it. */
const MARGIN_PX = 2;

/** A rectangle of a picture on the thread's heap. What lies outside of the rectangle is grey. */
export interface HeapPicture {
  readonly address: number;
  /** Bytes from row to row. */
  readonly stride: number;
  /** Where the rectangle lies in the picture. */
  readonly part: Rectangle;
}

/**
 * The part of a picture that a transformation shows, and a little more. Nothing outside of it is looked up.
 * @param size of the picture, pixels
 */
export function visiblePart(p: Perspective, size: { readonly width: number; readonly height: number }): Rectangle {
  const inverse = invert(p.matrix);
  if (inverse === undefined) return { x: 0, y: 0, width: 0, height: 0 };
  const [right, bottom] = [p.outWidth - 1, p.outHeight - 1];
  const corners = [
    [0, 0],
    [right, 0],
    [0, bottom],
    [right, bottom],
  ].map(([x = 0, y = 0]) => {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = inverse;
    const w = p.projective ? g * x + h * y + i : 1;
    return { x: (a * x + b * y + c) / w, y: (d * x + e * y + f) / w, w };
  });
  const whole = { x: 0, y: 0, width: size.width, height: size.height };
  // Behind the horizon the corners say nothing about what lies between them.
  if (!corners.every(({ w }) => w > 0)) return whole;
  const xs = corners.map(({ x }) => x);
  const ys = corners.map(({ y }) => y);
  const left = Math.max(Math.floor(Math.min(...xs)) - MARGIN_PX, 0);
  const top = Math.max(Math.floor(Math.min(...ys)) - MARGIN_PX, 0);
  return {
    x: left,
    y: top,
    width: Math.max(Math.min(Math.ceil(Math.max(...xs)) + MARGIN_PX, size.width) - left, 0),
    height: Math.max(Math.min(Math.ceil(Math.max(...ys)) + MARGIN_PX, size.height) - top, 0),
  };
}

/**
 * Writes the transformed picture, `outWidth`×`outHeight`, to an address of the thread's heap. Each output pixel centre is
 * looked up in the source (integer coordinates are pixel centres) and blended from its four neighbours; neighbours outside
 * count as {@link PAD_GREY}.
 */
export function warpOnHeap({ address, stride, part }: HeapPicture, p: Perspective, target: number): void {
  const { heap, kernels } = pixelKernels();
  const { outWidth, outHeight } = p;
  const inverse = invert(p.matrix);
  // A singular matrix squeezes the picture to a line: nothing of it can be seen.
  if (inverse === undefined || part.width === 0 || part.height === 0) {
    kernels.fill(target, PAD_GREY, outWidth * outHeight * 3);
    return;
  }
  heap.frame(() => {
    const source = heap.allocate(24);
    heap.words(source, 6).set([address, stride, part.x, part.y, part.width, part.height]);
    const paddedWidth = Math.ceil(outWidth / 4) * 4;
    const positions = heap.allocate(8 * paddedWidth);
    if (p.projective) {
      const matrix = heap.allocate(72);
      heap.doubles(matrix, 9).set(inverse);
      kernels.warpPerspective(source, matrix, outWidth, outHeight, positions, target);
      return;
    }
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = inverse;
    const columns = heap.allocate(8 * paddedWidth);
    const columnParts = heap.words(columns, 2 * paddedWidth);
    for (let x = 0; x < outWidth; x++) {
      columnParts[x] = Math.round(a * x * PART_ONE);
      columnParts[paddedWidth + x] = Math.round(d * x * PART_ONE);
    }
    const rows = heap.allocate(8 * outHeight);
    const rowParts = heap.words(rows, 2 * outHeight);
    for (let y = 0; y < outHeight; y++) {
      rowParts[2 * y] = Math.round((b * y + c) * PART_ONE) + PART_HALF;
      rowParts[2 * y + 1] = Math.round((e * y + f) * PART_ONE) + PART_HALF;
    }
    kernels.warpAffine(source, columns, rows, outWidth, outHeight, positions, target);
  });
}

/** The transformed picture; see {@link warpOnHeap}. */
export function warp(source: RgbImage, p: Perspective): RgbImage {
  const { heap } = pixelKernels();
  return heap.frame(() => {
    const part = visiblePart(p, source);
    const stride = part.width * 3;
    const address = heap.allocate(stride * part.height);
    const rows = heap.bytes(address, stride * part.height);
    for (let row = 0; row < part.height; row++) {
      const at = ((part.y + row) * source.width + part.x) * 3;
      rows.set(source.data.subarray(at, at + stride), row * stride);
    }
    const numBytes = p.outWidth * p.outHeight * 3;
    const target = heap.allocate(numBytes);
    warpOnHeap({ address, stride, part }, p, target);
    return { data: new Uint8Array(heap.bytes(target, numBytes)), width: p.outWidth, height: p.outHeight };
  });
}
