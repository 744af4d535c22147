/**
 * Decodes rectangles of baseline JPEG files with the kernels of `simd/assembly/jpeg.ts`, to the same bytes as libjpeg's
 * defaults (accurate integer transform, smooth chroma). What lies outside of the rectangle costs a fraction of its time.
 */
import type { Rectangle } from './image.js';
import { type JpegComponent, type JpegHeader, ZIGZAG } from './jpeg-header.js';
import { type PixelHeap, type PixelTarget, pixelHeap } from './pixel-heap.js';
import { type Reduction, reducedSize } from './reduction.js';

interface JpegKernels {
  huffmanBytes(): number;
  buildHuffman(table: number, definition: number, isAc: boolean): number;
  cleanScan(source: number, length: number, top: number, restarts: number, maxRestarts: number, info: number): void;
  decodeScan(scan: number): number;
  colourRows(
    ...[y, cb, cr, stride, target, targetStride, width, height, work]: [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
  ): void;
  colourFromHalf(
    ...[y, near, far, toCr, count, isVertical, skipped, target, width, rows, work]: [
      number,
      number,
      number,
      number,
      number,
      boolean,
      number,
      number,
      number,
      number,
      number,
    ]
  ): void;
}

const WORK_BYTES = 1024;
const BLOCK = 8;
/** Room on both sides of a chroma row, for the samples that repeat its ends. */
const MARGIN = 16;
/** 32-bit fields of the kernel's `Scan` and `Component`. */
const SCAN_WORDS = 14;
const COMPONENT_WORDS = 10;
/** More pixels than this are left to libvips, which streams: three planes and RGB would take 200 MB. */
const MAX_RECTANGLE_PIXELS = 2 ** 25;

let kernelsOfThisThread: JpegKernels | undefined;

/** MCUs of a rectangle, and the chroma or luma plane that they fill. */
interface McuRange {
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstColumn: number;
  readonly endColumn: number;
}

interface Plane {
  /** Of the first sample. */
  readonly address: number;
  readonly stride: number;
}

/** How often the sides of a component's blocks are halved. */
interface Folds {
  readonly foldX: number;
  readonly foldY: number;
}

/**
 * Luma's blocks shrink by the reduction. Chroma of half the resolution shrinks once less: in a reduced picture, all planes have
 * the same size.
 */
function foldsOf({ components }: JpegHeader, component: JpegComponent, reduction: Reduction): Folds {
  if (reduction === 1) return { foldX: 0, foldY: 0 };
  const luma = components[0]!;
  const fold = Math.log2(reduction);
  return {
    foldX: fold - Math.log2(luma.horizontal / component.horizontal),
    foldY: fold - Math.log2(luma.vertical / component.vertical),
  };
}

/** The MCUs that hold the rectangle and, at full size, the chroma samples beside it. */
function mcusAround(header: JpegHeader, part: Rectangle, reduction: Reduction): McuRange {
  const { width, height } = reducedSize(header, reduction);
  const { horizontal, vertical } = header.components[0]!;
  const isWhole = reduction === 1;
  const [marginX, marginY] = [isWhole && horizontal === 2 ? 2 : 0, isWhole && vertical === 2 ? 2 : 0];
  const [mcuWidth, mcuHeight] = [(BLOCK * horizontal) / reduction, (BLOCK * vertical) / reduction];
  return {
    firstColumn: Math.floor(Math.max(part.x - marginX, 0) / mcuWidth),
    endColumn: Math.ceil(Math.min(part.x + part.width + marginX, width) / mcuWidth),
    firstRow: Math.floor(Math.max(part.y - marginY, 0) / mcuHeight),
    endRow: Math.ceil(Math.min(part.y + part.height + marginY, height) / mcuHeight),
  };
}

/** The Huffman table of a definition, built once for the components that share it. */
function tableOf(
  heap: PixelHeap,
  kernels: JpegKernels,
  definition: Uint8Array,
  isAc: boolean,
  built: Map<Uint8Array, number>,
): number | undefined {
  const known = built.get(definition);
  if (known !== undefined) return known;
  const table = heap.allocate(kernels.huffmanBytes());
  const source = heap.allocate(definition.length);
  heap.bytes(source, definition.length).set(definition);
  if (kernels.buildHuffman(table, source, isAc) === 0) return undefined;
  built.set(definition, table);
  return table;
}

/** Puts the scan without stuffing on the heap; the words [top, bytes, restarts, number of restarts]. */
function cleanScan(heap: PixelHeap, kernels: JpegKernels, bytes: Uint8Array, header: JpegHeader): number[] {
  const scan = bytes.subarray(header.scanStart);
  const source = heap.allocate(scan.length);
  heap.bytes(source, scan.length).set(scan);
  const bottom = heap.allocate(scan.length + 64);
  const top = bottom + scan.length + 64;
  const maxRestarts = header.restartInterval === 0 ? 0 : scan.length / 2;
  const restarts = heap.allocate(4 * maxRestarts);
  const info = heap.allocate(8);
  kernels.cleanScan(source, scan.length, top, restarts, maxRestarts, info);
  const [numBytes = 0, numRestarts = 0] = heap.words(info, 2);
  return [top, numBytes, restarts, numRestarts];
}

/**
 * Decodes a rectangle of the picture. Returns false, with the target in any state, if the data is damaged or too large:
 * then libvips is to be asked.
 * @param bytes the file
 * @param part lies inside the picture, reduced
 * @param reduction 2, 4 or 8: of so many pixels of each row and column one is made, their mean (`jpeg/reduced.ts`)
 */
export function decodeJpeg(
  bytes: Uint8Array,
  header: JpegHeader,
  part: Rectangle,
  target: PixelTarget,
  reduction: Reduction = 1,
): boolean {
  if (part.width * part.height > MAX_RECTANGLE_PIXELS) return false;
  if (part.width === 0 || part.height === 0) return true;
  const heap = pixelHeap();
  kernelsOfThisThread ??= heap.open<JpegKernels>('jpeg');
  const kernels = kernelsOfThisThread;
  return heap.frame(() => {
    const mcus = mcusAround(header, part, reduction);
    const work = heap.allocate(WORK_BYTES);
    heap.bytes(work, WORK_BYTES).fill(0);
    const zigzag = heap.allocate(2 * ZIGZAG.length);
    heap.bytes(zigzag, ZIGZAG.length).set(ZIGZAG.map((place) => 2 * place));

    const { components, width, restartInterval } = header;
    const scan = heap.allocate(4 * (SCAN_WORDS + COMPONENT_WORDS * components.length));
    const built = new Map<Uint8Array, number>();
    const planes: Plane[] = [];
    const rows: number[] = [];
    for (const component of components) {
      const dcTable = tableOf(heap, kernels, component.dcCodes, false, built);
      const acTable = tableOf(heap, kernels, component.acCodes, true, built);
      if (dcTable === undefined || acTable === undefined) return false;
      const quantisation = heap.allocate(128);
      heap.shorts(quantisation, 64).set(component.quantisation);
      const folds = foldsOf(header, component, reduction);
      const plane = allocatePlane(heap, component, folds, mcus);
      planes.push(plane);
      rows.push(
        component.horizontal,
        component.vertical,
        dcTable,
        acTable,
        quantisation,
        plane.address,
        plane.stride,
        0,
        folds.foldX,
        folds.foldY,
      );
    }
    const mcusPerRow = Math.ceil(width / (BLOCK * components[0]!.horizontal));
    const [top = 0, numBytes = 0, restarts = 0, numRestarts = 0] = cleanScan(heap, kernels, bytes, header);
    const { firstRow, endRow, firstColumn, endColumn } = mcus;
    const words = [
      ...[top, numBytes, restarts, numRestarts, restartInterval, mcusPerRow],
      ...[firstRow, endRow, firstColumn, endColumn, components.length, zigzag, work, scan + 4 * SCAN_WORDS],
    ];
    heap.words(scan, words.length + rows.length).set([...words, ...rows]);
    if (kernels.decodeScan(scan) === 0) return false;
    toRgb(heap, kernels, header, { mcus, planes, part, target, work, reduction });
    return true;
  });
}

function allocatePlane(
  heap: PixelHeap,
  { horizontal, vertical }: JpegComponent,
  { foldX, foldY }: Folds,
  mcus: McuRange,
): Plane {
  const stride = (BLOCK >> foldX) * horizontal * (mcus.endColumn - mcus.firstColumn) + 2 * MARGIN;
  const rows = (BLOCK >> foldY) * vertical * (mcus.endRow - mcus.firstRow);
  return { address: heap.allocate(stride * rows) + MARGIN, stride };
}

/** A decoded rectangle on its way to RGB. */
interface Decoded {
  readonly mcus: McuRange;
  readonly planes: readonly Plane[];
  readonly part: Rectangle;
  readonly target: PixelTarget;
  readonly work: number;
  readonly reduction: Reduction;
}

function toRgb(heap: PixelHeap, kernels: JpegKernels, header: JpegHeader, decoded: Decoded): void {
  const { mcus, planes, part, target, work, reduction } = decoded;
  const [y, cb, cr] = planes;
  const { horizontal, vertical } = header.components[0]!;
  const top = part.y - ((BLOCK * vertical) / reduction) * mcus.firstRow;
  const left = part.x - ((BLOCK * horizontal) / reduction) * mcus.firstColumn;
  const start = (plane: Plane | undefined): number =>
    plane === undefined ? 0 : plane.address + top * plane.stride + left;
  if (cb === undefined || cr === undefined || horizontal === 1 || reduction > 1) {
    const { address, stride } = target;
    kernels.colourRows(start(y), start(cb), start(cr), y!.stride, address, stride, part.width, part.height, work);
    return;
  }
  repeatEnds(heap, header, decoded);
  const firstChroma = part.x >> 1;
  const count = ((part.x + part.width - 1) >> 1) - firstChroma + 1;
  const rows = heap.allocate(8 * (count + 32));
  const chromaTop = BLOCK * mcus.firstRow;
  // The sample before the first one that counts.
  const chromaLeft = cb.address + firstChroma - BLOCK * mcus.firstColumn - 1;
  const lastRow = Math.ceil(header.height / vertical) - 1;
  for (let row = 0; row < part.height; row++) {
    const imageRow = part.y + row;
    const near = vertical === 1 ? imageRow : imageRow >> 1;
    const farther = vertical === 1 ? near : near + (imageRow % 2 === 0 ? -1 : 1);
    const far = Math.min(Math.max(farther, 0), lastRow);
    kernels.colourFromHalf(
      start(y) + row * y!.stride,
      chromaLeft + (near - chromaTop) * cb.stride,
      chromaLeft + (far - chromaTop) * cb.stride,
      cr.address - cb.address,
      count,
      vertical === 2,
      part.x % 2,
      target.address + row * target.stride,
      part.width,
      rows,
      work,
    );
  }
}

/** Repeats the first and the last sample of chroma rows where the picture ends. */
function repeatEnds(heap: PixelHeap, { width }: JpegHeader, { mcus, planes }: Decoded): void {
  const end = Math.ceil(width / 2) - BLOCK * mcus.firstColumn;
  const hasEnd = end <= BLOCK * (mcus.endColumn - mcus.firstColumn);
  const numRows = BLOCK * (mcus.endRow - mcus.firstRow);
  for (const { address, stride } of planes.slice(1)) {
    const samples = heap.bytes(address - MARGIN, stride * numRows);
    for (let at = MARGIN; at < samples.length; at += stride) {
      if (mcus.firstColumn === 0) samples[at - 1] = samples[at]!;
      if (hasEnd) samples[at + end] = samples[at + end - 1]!;
    }
  }
}
