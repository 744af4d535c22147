/**
 * 3×3 convolutions of stride 1 and their gradients by Winograd's minimal filtering, which multiplies 16 times for four outputs
 * where the definition does 36 times; `worker/simd/assembly/unshared/winograd.ts` has the formulas. Windows are taken in blocks
 * whose transforms stay in the second-level cache, and filters are transformed anew for each block.
 */
import type { ConvAttrs, Shape } from '../../program.js';
import type { Heap, HeapArray } from '../heap.js';

type Shape4 = readonly [number, number, number, number];

const FLOAT = 4;
const NUM_PLANES = 16;
/** Channels come in panels of eight. */
const PANEL = 8;
const PANEL_BYTES = PANEL * FLOAT;
/**
 * Added to the size of each plane: without it, planes of round sizes would keep what lies in the same place of all of them in
 * the same few lines of the first-level cache.
 */
const SKEW_BYTES = 64;
/** Bytes of transformed windows that a block should not exceed, unless it has the fewest windows allowed. */
const BLOCK_BYTES = 2 ** 20;
/** With fewer windows to a block the transforms of the filters would show. */
const MIN_BLOCK_WINDOWS = 128;
const MAX_BLOCK_WINDOWS = 256;
/** Bytes of transformed filters that a block should not use at a time, unless it has the fewest panels of them. */
const FILTER_BYTES = 2 ** 19;
const MIN_GROUP_PANELS = 4;
/** Taps of 16 × 8 filters. */
const TAPS_BYTES = 9 * 16 * PANEL_BYTES;
/** The filter gradient's blocks: bytes of both transformed sides, columns, and channels of x for which sums are kept. */
const GRADIENT_BLOCK_BYTES = 2 ** 22;
const GRADIENT_COLUMNS = 256;
const GRADIENT_SUMS = 2048;
/** Fewest channels on either side for which the transforms are worth their time. */
const MIN_CHANNELS = 16;
/** Most products, as a share of those by definition: squares of two by two waste some at odd borders. */
const MAX_SHARE = 0.65;

/**
 * Whether a convolution's products are computed this way. It depends on shapes alone, not on the number of images, so that a
 * run has the same bits however its images are dealt out.
 */
export function hasWinograd([kernelHeight, kernelWidth, inputs, outputs]: Shape4, y: Shape, attrs: ConvAttrs): boolean {
  const [, height, width] = y as Shape4;
  if (kernelHeight !== 3 || kernelWidth !== 3 || attrs.strides[0] !== 1 || attrs.strides[1] !== 1) return false;
  if (inputs % PANEL !== 0 || outputs % PANEL !== 0 || Math.min(inputs, outputs) < MIN_CHANNELS) return false;
  const share = (NUM_PLANES * Math.ceil(height / 2) * Math.ceil(width / 2)) / (9 * height * width);
  return share <= MAX_SHARE;
}

/** Planes in memory. */
interface Planes {
  readonly address: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

function planesOf(heap: Heap, array: HeapArray): Planes {
  const [, height, width, channels] = array.shape as Shape4;
  return { address: heap.address(array), height, width, channels };
}

/** Cuts `count` windows into blocks of nearly equal size, whole fours as kernels take them. */
function blockSize(count: number, windowBytes: number, blockBytes: number, least: number, most: number): number {
  const largest = Math.min(most, Math.max(least, Math.floor(blockBytes / windowBytes)));
  const numBlocks = Math.ceil(count / largest);
  return Math.min(count, Math.ceil(count / numBlocks / 4) * 4);
}

/** Writes the planes of `numPanels` panels of filters, from column `first` on. */
type FilterWriter = (to: number, first: number, numPanels: number, planeBytes: number, scratch: number) => void;

function convolve(
  heap: Heap,
  batch: number,
  from: Planes,
  to: Planes,
  [top, left]: readonly [number, number],
  write: FilterWriter,
): void {
  const kernels = heap.simd.winograd;
  const [rows, columns] = [Math.ceil(to.height / 2), Math.ceil(to.width / 2)];
  const count = batch * rows * columns;
  if (count === 0) return;
  const windowBytes = from.channels * FLOAT;
  const size = blockSize(count, NUM_PLANES * windowBytes, BLOCK_BYTES, MIN_BLOCK_WINDOWS, MAX_BLOCK_WINDOWS);
  const fitting = Math.floor(FILTER_BYTES / (NUM_PLANES * from.channels * PANEL_BYTES));
  const groupPanels = Math.min(Math.max(MIN_GROUP_PANELS, fitting), to.channels / PANEL);
  const vPlane = size * windowBytes + SKEW_BYTES;
  const uPlane = groupPanels * from.channels * PANEL_BYTES + SKEW_BYTES;
  const mPlane = groupPanels * size * PANEL_BYTES + SKEW_BYTES;
  const tableBytes = (size + 3) * FLOAT;
  const scratch = [
    NUM_PLANES * vPlane,
    NUM_PLANES * uPlane,
    NUM_PLANES * mPlane,
    tableBytes,
    tableBytes,
    Math.max(NUM_PLANES * windowBytes, TAPS_BYTES),
  ] as const;
  heap.withScratch(scratch, (v, u, m, vOffsets, mOffsets, rest) => {
    for (let first = 0; first < count; first += size) {
      const numWindows = Math.min(size, count - first);
      if (first === 0 || numWindows < size) {
        kernels.pixelOffsets(vOffsets!, 1, 1, numWindows, 0, 0, windowBytes);
        kernels.pixelOffsets(mOffsets!, 1, 1, numWindows, 0, 0, PANEL_BYTES);
      }
      const plane = [from.height, from.width, from.channels, rows, columns, top, left] as const;
      const layout = [vPlane, windowBytes, PANEL_BYTES, PANEL_BYTES / 2] as const;
      kernels.transformWindows(from.address, v!, ...plane, first, numWindows, ...layout, rest!);
      for (let column = 0; column < to.channels; column += groupPanels * PANEL) {
        const numPanels = Math.min(groupPanels, (to.channels - column) / PANEL);
        // One group of all the filters serves every block.
        if (first === 0 || numPanels < to.channels / PANEL) write(u!, column, numPanels, uPlane, rest!);
        const product = [v!, vPlane, vOffsets!, u!, uPlane, m!, mPlane, mOffsets!] as const;
        kernels.multiplyPlanes(...product, numWindows, from.channels, numPanels);
        kernels.transformOutputs(
          m!,
          mPlane,
          to.address + column * FLOAT,
          to.height,
          to.width,
          to.channels,
          rows,
          columns,
          first,
          numWindows,
          numPanels,
        );
      }
    }
  });
}

/** The convolution of x with w, where {@link hasWinograd}. */
export function winogradConv2d(
  heap: Heap,
  x: HeapArray,
  w: HeapArray,
  shape: Shape,
  { padding }: ConvAttrs,
): HeapArray {
  const [, , inputs, outputs] = w.shape as Shape4;
  const y = heap.allocate(shape);
  const filters = heap.address(w);
  convolve(
    heap,
    x.shape[0]!,
    planesOf(heap, x),
    planesOf(heap, y),
    [padding.top, padding.left],
    (u, first, ...rest) => {
      const [numPanels, planeBytes] = rest;
      heap.simd.winograd.transformFilters(filters + first * FLOAT, u, inputs, outputs, numPanels, planeBytes);
    },
  );
  return y;
}

/** The gradient of x, where {@link hasWinograd}: dy convolved with the reversed filters. */
export function winogradInputGrad(
  heap: Heap,
  w: HeapArray,
  dy: HeapArray,
  shape: Shape,
  { padding }: ConvAttrs,
): HeapArray {
  const [, , inputs, outputs] = w.shape as Shape4;
  const dx = heap.allocate(shape);
  const filters = heap.address(w);
  const before = [2 - padding.top, 2 - padding.left] as const;
  convolve(heap, dy.shape[0]!, planesOf(heap, dy), planesOf(heap, dx), before, (u, first, ...rest) => {
    const row = filters + first * outputs * FLOAT;
    heap.simd.winograd.transformFiltersBack(row, u, inputs, outputs, ...rest);
  });
  return dx;
}

/** The gradient of the filters, where {@link hasWinograd}. */
export function winogradFilterGrad(
  heap: Heap,
  x: HeapArray,
  dy: HeapArray,
  shape: Shape,
  { padding }: ConvAttrs,
): HeapArray {
  const kernels = heap.simd.winograd;
  const dw = heap.allocate(shape);
  const [from, gradients] = [planesOf(heap, x), planesOf(heap, dy)];
  const [inputs, outputs] = [from.channels, gradients.channels];
  const [rows, columns] = [Math.ceil(gradients.height / 2), Math.ceil(gradients.width / 2)];
  const count = x.shape[0]! * rows * columns;
  if (count === 0) heap.floats(dw).fill(0);
  if (count === 0) return dw;

  const windowBytes = NUM_PLANES * (inputs + outputs) * FLOAT;
  const size = blockSize(count, windowBytes, GRADIENT_BLOCK_BYTES, MIN_BLOCK_WINDOWS, MAX_BLOCK_WINDOWS);
  const blockColumns = Math.min(GRADIENT_COLUMNS, outputs);
  const blockChannels = Math.min(inputs, Math.max(PANEL, Math.floor(GRADIENT_SUMS / blockColumns / PANEL) * PANEL));
  const vPlane = size * inputs * FLOAT + SKEW_BYTES;
  const zPlane = size * outputs * FLOAT + SKEW_BYTES;
  const duPlane = blockChannels * blockColumns * FLOAT + SKEW_BYTES;
  const scratch = [
    NUM_PLANES * vPlane,
    NUM_PLANES * zPlane,
    NUM_PLANES * duPlane,
    NUM_PLANES * Math.max(inputs, outputs) * FLOAT,
  ] as const;
  heap.withScratch(scratch, (v, z, du, window) => {
    const address = heap.address(dw);
    for (let first = 0; first < count; first += size) {
      const numWindows = Math.min(size, count - first);
      const vPanel = numWindows * (PANEL_BYTES / 2);
      const plane = [from.height, from.width, inputs, rows, columns, padding.top, padding.left] as const;
      const layout = [vPlane, PANEL_BYTES / 2, 2 * vPanel, vPanel] as const;
      kernels.transformWindows(from.address, v!, ...plane, first, numWindows, ...layout, window!);
      const squares = [gradients.height, gradients.width, outputs, rows, columns] as const;
      kernels.transformGradients(gradients.address, z!, ...squares, first, numWindows, zPlane, window!);
      for (let column = 0; column < outputs; column += blockColumns) {
        const numColumns = Math.min(blockColumns, outputs - column);
        for (let channel = 0; channel < inputs; channel += blockChannels) {
          const numChannels = Math.min(blockChannels, inputs - channel);
          kernels.multiplyPlanesTransposed(
            v! + channel * numWindows * FLOAT,
            vPlane,
            vPanel,
            z! + column * numWindows * FLOAT,
            zPlane,
            du!,
            duPlane,
            numWindows,
            numChannels,
            numColumns,
          );
          kernels.transformFilterGradients(
            du!,
            duPlane,
            address + (channel * outputs + column) * FLOAT,
            inputs * outputs * FLOAT,
            outputs * FLOAT,
            numChannels,
            numColumns,
            first > 0,
          );
        }
      }
    }
  });
  return dw;
}
