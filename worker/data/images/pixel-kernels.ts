/** The kernels of `simd/assembly/pixels.ts` on the calling thread's heap. */
import { type PixelHeap, pixelHeap } from './pixel-heap.js';

/** Addresses and lengths are as `simd/assembly/pixels.ts` says. */
export interface PixelKernels {
  warpAffine(source: number, columns: number, rows: number, ...target: WarpTarget): void;
  warpPerspective(source: number, inverse: number, ...target: WarpTarget): void;
  jitterByTables(pixels: number, count: number, tables: number, work: number): void;
  jitterByFactors(pixels: number, count: number, ...factors: JitterFactors): void;
  fill(address: number, value: number, length: number): void;
  mirrorRows(pixels: number, width: number, height: number, spare: number): void;
  resizeRows(source: number, columnTaps: number, rowTaps: number, ...target: ResizeTarget): void;
}

type WarpTarget = [width: number, height: number, positions: number, target: number];
type JitterFactors = [hue: number, saturation: number, value: number, work: number];
type ResizeTarget = [width: number, height: number, stretched: number, target: number, targetStride: number];

let ofThisThread: PixelKernels | undefined;

/** The kernels, and the heap that they work on. */
export function pixelKernels(): { readonly heap: PixelHeap; readonly kernels: PixelKernels } {
  const heap = pixelHeap();
  ofThisThread ??= heap.open<PixelKernels>('pixels');
  return { heap, kernels: ofThisThread };
}
