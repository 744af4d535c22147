/** The filter gradient of a convolution: products of channels of x with channels of dy, summed over the output pixels. */
import type { ConvAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { PANEL_COLUMNS, type Shape4 } from './convolution.js';
import { hasWinograd, winogradFilterGrad } from './winograd.js';

const FLOAT = 4;
/** Channels of x that the SIMD kernel takes at a time. */
const PANEL_CHANNELS = 4;
/** Panels of x are made for as many images at a time as fit into this. */
const PART_BYTES = 2 ** 22;
/** Pixels that one tile sums in registers: their panels of x and dy stay in the first-level cache. */
const BLOCK_PIXELS = 512;
/**
 * Columns of dy that are packed at a time and meet each tile of x in turn: rows of dw are then written in long runs. The
 * panels fit into the second-level cache.
 */
const GROUP_COLUMNS = 32 * PANEL_COLUMNS;

export function conv2dFilterGrad(heap: Heap, x: HeapArray, dy: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const [batch, height, width, inputs] = x.shape as Shape4;
  const [kernelHeight, kernelWidth, , outputs] = shape as Shape4;
  const [, outputHeight, outputWidth] = dy.shape as Shape4;
  const { top, bottom, left, right } = attrs.padding;
  if (hasWinograd(shape as Shape4, dy.shape, attrs)) return winogradFilterGrad(heap, x, dy, shape, attrs);
  const kernels = heap.simd.convolution;
  const dw = heap.allocate(shape);
  if (batch * outputHeight * outputWidth === 0) heap.floats(dw).fill(0);
  if (batch * outputHeight * outputWidth === 0 || inputs * outputs === 0) return dw;

  const rowBytes = (left + width + right) * PANEL_CHANNELS * FLOAT;
  const imageBytes = (top + height + bottom) * rowBytes;
  const numPanels = Math.ceil(inputs / PANEL_CHANNELS);
  const imagesPerPart = Math.min(batch, Math.max(1, Math.floor(PART_BYTES / (imageBytes * numPanels))));
  const rowsPerBlock = Math.max(1, Math.floor(BLOCK_PIXELS / outputWidth));
  const scratch = [
    imagesPerPart * imageBytes * numPanels,
    (imagesPerPart * outputHeight + 3) * FLOAT,
    rowsPerBlock * outputWidth * Math.min(GROUP_COLUMNS, Math.ceil(outputs / PANEL_COLUMNS) * PANEL_COLUMNS) * FLOAT,
  ];
  heap.withScratch(scratch, (channels, rowOffsets, panels) => {
    const [to, gradients] = [heap.address(dw), heap.address(dy)];
    for (let image = 0; image < batch; image += imagesPerPart) {
      const numImages = Math.min(imagesPerPart, batch - image);
      const from = heap.address(x) + image * height * width * inputs * FLOAT;
      kernels.packChannels(from, channels!, numImages, height, width, inputs, top, bottom, left, right);
      kernels.pixelOffsets(rowOffsets!, numImages, outputHeight, 1, imageBytes, attrs.strides[0] * rowBytes, 0);
      const numRows = numImages * outputHeight;
      for (let row = 0; row < numRows; row += rowsPerBlock) {
        const blockRows = Math.min(rowsPerBlock, numRows - row);
        const block = gradients + (image * outputHeight + row) * outputWidth * outputs * FLOAT;
        for (let output = 0; output < outputs; output += GROUP_COLUMNS) {
          const columns = Math.min(GROUP_COLUMNS, outputs - output);
          kernels.packPanels(block + output * FLOAT, panels!, blockRows * outputWidth, outputs * FLOAT, columns);
          kernels.multiplyPixels(
            channels!,
            numImages * imageBytes,
            inputs,
            rowOffsets! + row * FLOAT,
            blockRows,
            outputWidth,
            attrs.strides[1] * PANEL_CHANNELS * FLOAT,
            kernelHeight,
            kernelWidth,
            rowBytes,
            panels!,
            to + output * FLOAT,
            outputs * FLOAT,
            columns,
            image + row > 0,
          );
        }
      }
    }
  });
  return dw;
}
