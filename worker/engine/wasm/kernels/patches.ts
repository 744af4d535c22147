import type { ConvAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';

type Shape4 = readonly [number, number, number, number];

/**
 * The patches of x that the output pixels of rows [firstRow, endRow) see, one patch per column: [1, kH·kW·I, pixels].
 * Rows count over the whole batch (image · output height + y). Cells in the padding are zero.
 */
export function patchesTransposed(
  heap: Heap,
  x: HeapArray,
  outputShape: Shape,
  [kernelHeight, kernelWidth]: readonly [number, number],
  { strides, padding }: ConvAttrs,
  firstRow: number,
  endRow: number,
): HeapArray {
  const [, height, width, channels] = x.shape as Shape4;
  const [, outputHeight, outputWidth] = outputShape as Shape4;
  const numPixels = (endRow - firstRow) * outputWidth;
  const patches = heap.allocate([1, kernelHeight * kernelWidth * channels, numPixels]);
  const [from, to] = [heap.floats(x), heap.floats(patches)];
  const step = strides[1] * channels;
  for (let row = firstRow; row < endRow; row++) {
    const image = Math.floor(row / outputHeight);
    const column = (row - firstRow) * outputWidth;
    for (let ky = 0; ky < kernelHeight; ky++) {
      const iy = (row % outputHeight) * strides[0] + ky - padding.top;
      const inside = iy >= 0 && iy < height;
      for (let kx = 0; kx < kernelWidth; kx++) {
        // Output pixels [begin, end) of this row find the tap inside the image.
        const shift = kx - padding.left;
        const begin = inside ? Math.min(outputWidth, Math.max(0, Math.ceil(-shift / strides[1]))) : outputWidth;
        const end = Math.max(begin, Math.min(outputWidth, Math.ceil((width - shift) / strides[1])));
        const source = ((image * height + iy) * width + shift) * channels;
        const tap = (ky * kernelWidth + kx) * channels;
        for (let c = 0; c < channels; c++) {
          const target = (tap + c) * numPixels + column;
          for (let ox = 0; ox < begin; ox++) to[target + ox] = 0;
          for (let ox = begin, f = source + begin * step + c; ox < end; ox++, f += step) to[target + ox] = from[f]!;
          for (let ox = end; ox < outputWidth; ox++) to[target + ox] = 0;
        }
      }
    }
  }
  return patches;
}
