/**
 * Convolution and its input gradient: products of windows of padded planes with panels of eight filter columns, which the
 * SIMD kernel sums in registers. The planes are copied between zeros first, so that no window is a special case.
 */
import type { ConvAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';
import { hasWinograd, winogradConv2d, winogradInputGrad } from './winograd.js';

export type Shape4 = readonly [number, number, number, number];

/** Bytes of a float32. */
const FLOAT = 4;
/** Columns that the SIMD kernels compute at a time. */
export const PANEL_COLUMNS = 8;
/** Panels that are packed at a time: two cache lines of each row of a filter. */
const GROUP_PANELS = 4;
/** Padded planes are made for as many images at a time as fit into this, so that all columns find them in the cache. */
const PART_BYTES = 2 ** 21;

/** One axis of a convolution: `padding` may be negative where windows begin inside the plane. */
interface Axis {
  readonly before: number;
  readonly after: number;
  readonly stride: number;
  /** Taps of the filter along this axis. */
  readonly numTaps: number;
  /** Output pixels along this axis. */
  readonly numPixels: number;
}

/** Where the outputs go: an array or a grid of pixels in it. */
interface Target {
  readonly address: number;
  readonly channels: number;
  readonly imageBytes: number;
  readonly rowBytes: number;
  readonly pixelBytes: number;
}

/** Writes some of the filter's columns, from `first` on, as panels [taps · channels, 8] to an address. */
type PanelWriter = (to: number, first: number, columns: number) => void;

export function conv2d(heap: Heap, x: HeapArray, w: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const [kernelHeight, kernelWidth, inputs, outputs] = w.shape as Shape4;
  const [, outputHeight, outputWidth] = shape as Shape4;
  const { strides, padding } = attrs;
  if (hasWinograd(w.shape as Shape4, shape, attrs)) return winogradConv2d(heap, x, w, shape, attrs);
  const y = heap.allocate(shape);
  const numRows = kernelHeight * kernelWidth * inputs;
  const rowBytes = outputs * FLOAT;
  const pack: PanelWriter = (to, first, columns) => {
    heap.simd.convolution.packPanels(heap.address(w) + first * FLOAT, to, numRows, rowBytes, columns);
  };
  convolve(
    heap,
    x,
    {
      before: padding.top,
      after: padding.bottom,
      stride: strides[0],
      numTaps: kernelHeight,
      numPixels: outputHeight,
    },
    { before: padding.left, after: padding.right, stride: strides[1], numTaps: kernelWidth, numPixels: outputWidth },
    pack,
    {
      address: heap.address(y),
      channels: outputs,
      imageBytes: outputHeight * outputWidth * rowBytes,
      rowBytes: outputWidth * rowBytes,
      pixelBytes: rowBytes,
    },
  );
  return y;
}

function convolve(heap: Heap, x: HeapArray, rows: Axis, columns: Axis, pack: PanelWriter, target: Target): void {
  const [batch, height, width, inputs] = x.shape as Shape4;
  const kernels = heap.simd.convolution;
  const runLength = columns.numTaps * inputs;
  const numPixels = rows.numPixels * columns.numPixels;
  if (batch === 0 || numPixels === 0 || target.channels === 0) return;
  const [top, bottom] = [Math.max(0, rows.before), Math.max(0, rows.after)];
  const [left, right] = [Math.max(0, columns.before), Math.max(0, columns.after)];
  const padded = top + bottom + left + right > 0;
  const pixelBytes = inputs * FLOAT;
  const rowBytes = (left + width + right) * pixelBytes;
  const imageBytes = (top + height + bottom) * rowBytes;
  const firstPixel = Math.max(0, -rows.before) * rowBytes + Math.max(0, -columns.before) * pixelBytes;
  const imagesPerPart = Math.min(batch, Math.max(1, Math.floor(PART_BYTES / Math.max(1, imageBytes))));
  const tableBytes = (imagesPerPart * numPixels + 3) * FLOAT;
  const panelBytes = rows.numTaps * runLength * PANEL_COLUMNS * FLOAT;
  const columnsPerGroup = PANEL_COLUMNS * Math.min(GROUP_PANELS, Math.ceil(target.channels / PANEL_COLUMNS));
  const scratch = [
    padded ? imagesPerPart * imageBytes : 0,
    tableBytes,
    tableBytes,
    panelBytes * (columnsPerGroup / PANEL_COLUMNS),
  ];
  heap.withScratch(scratch, (planes, xOffsets, yOffsets, panels) => {
    for (let image = 0; image < batch; image += imagesPerPart) {
      const numImages = Math.min(imagesPerPart, batch - image);
      const from = heap.address(x) + image * height * width * pixelBytes;
      if (padded) {
        const sides = [top, bottom, left * pixelBytes, right * pixelBytes] as const;
        kernels.padPlanes(from, planes!, numImages, height, width * pixelBytes, ...sides);
      }
      if (image === 0 || numImages < imagesPerPart) {
        const size = [numImages, rows.numPixels, columns.numPixels] as const;
        kernels.pixelOffsets(xOffsets!, ...size, imageBytes, rows.stride * rowBytes, columns.stride * pixelBytes);
        kernels.pixelOffsets(yOffsets!, ...size, target.imageBytes, target.rowBytes, target.pixelBytes);
      }
      const source = (padded ? planes! : from) + firstPixel;
      const to = target.address + image * target.imageBytes;
      for (let first = 0; first < target.channels; first += columnsPerGroup) {
        const end = Math.min(first + columnsPerGroup, target.channels);
        pack(panels!, first, end - first);
        for (let channel = first; channel < end; channel += PANEL_COLUMNS) {
          kernels.multiplyWindows(
            source,
            xOffsets!,
            to + channel * FLOAT,
            yOffsets!,
            numImages * numPixels,
            panels! + ((channel - first) / PANEL_COLUMNS) * panelBytes,
            runLength,
            rows.numTaps,
            rowBytes,
            Math.min(PANEL_COLUMNS, end - channel),
          );
        }
      }
    }
  });
}

/** The part of one axis of the input gradient whose pixels meet the same filter taps. */
interface Phase extends Axis {
  /** First input pixel of the phase; the next ones follow `stride` of the forward convolution apart. */
  readonly first: number;
  /** Taps of the phase in the order in which the forward convolution reads them. */
  readonly taps: readonly number[];
}

/**
 * Along an axis, input pixel i meets tap k of output o where i + padding = o · stride + k. So pixels with the same
 * (i + padding) mod stride meet the same taps, and their gradients are one stride-1 convolution of dy with these taps
 * reversed: no zeros are multiplied, as they would be if dy were spread out.
 */
function phases(inputSize: number, outputSize: number, kernel: number, stride: number, padding: number): Phase[] {
  return Array.from({ length: stride }, (_, residue) => {
    const first = (((residue - padding) % stride) + stride) % stride;
    const numPixels = Math.max(0, Math.ceil((inputSize - first) / stride));
    const taps: number[] = [];
    for (let tap = residue; tap < kernel; tap += stride) taps.unshift(tap);
    // The output whose first tap lies on the first pixel; the window reaches back from it.
    const output = (first + padding - residue) / stride;
    const before = taps.length - 1 - output;
    return { first, numPixels, taps, numTaps: taps.length, stride: 1, before, after: output + numPixels - outputSize };
  }).filter((phase) => phase.numPixels > 0);
}

export function conv2dInputGrad(heap: Heap, w: HeapArray, dy: HeapArray, shape: Shape, attrs: ConvAttrs): HeapArray {
  const [, height, width, inputs] = shape as Shape4;
  const [kernelHeight, kernelWidth, , outputs] = w.shape as Shape4;
  const [, outputHeight, outputWidth] = dy.shape as Shape4;
  const { strides, padding } = attrs;
  if (hasWinograd(w.shape as Shape4, dy.shape, attrs)) return winogradInputGrad(heap, w, dy, shape, attrs);
  const rows = phases(height, outputHeight, kernelHeight, strides[0], padding.top);
  const columns = phases(width, outputWidth, kernelWidth, strides[1], padding.left);
  const dx = heap.allocate(shape);
  if ([...rows, ...columns].some(({ taps }) => taps.length === 0)) heap.floats(dx).fill(0);
  const pixelBytes = inputs * FLOAT;
  for (const row of rows) {
    for (const column of columns) {
      if (row.taps.length === 0 || column.taps.length === 0) continue;
      const pack: PanelWriter = (to, first, numColumns) => {
        let next = to;
        for (let input = first; input < first + numColumns; input += PANEL_COLUMNS) {
          const wanted = Math.min(PANEL_COLUMNS, first + numColumns - input);
          for (const ky of row.taps) {
            for (const kx of column.taps) {
              const from = heap.address(w) + ((ky * kernelWidth + kx) * inputs + input) * outputs * FLOAT;
              heap.simd.convolution.packPanelTransposed(from, next, outputs, outputs * FLOAT, wanted);
              next += outputs * PANEL_COLUMNS * FLOAT;
            }
          }
        }
      };
      convolve(heap, dy, row, column, pack, {
        address: heap.address(dx) + (row.first * width + column.first) * pixelBytes,
        channels: inputs,
        imageBytes: height * width * pixelBytes,
        rowBytes: strides[0] * width * pixelBytes,
        pixelBytes: strides[1] * pixelBytes,
      });
    }
  }
  return dx;
}
