// Baseline JPEG scans to RGB, in parts: blocks outside of the wanted rectangle are only passed over. What the headers say
// comes from worker/data/images/jpeg-header.ts; addresses are byte offsets on the heap.
import { unstuff } from './jpeg/bits';
import { colourRow, greyRow, widenRow } from './jpeg/colour';
import { buildTable, readAc, readDc, skipAc, TABLE_BYTES } from './jpeg/huffman';
import { inverseDct } from './jpeg/idct';
import { reducedDct } from './jpeg/reduced';

/** Work area of a scan: a block, a pass of the transform, and spare pixels. */
const BLOCK_OFFSET: usize = 0;
const WORK_OFFSET: usize = 256;
const SPARE_OFFSET: usize = 512;

/** One component of a scan. */
@unmanaged
class Component {
  /** Blocks of an MCU. */
  horizontal: i32;
  vertical: i32;
  dcTable: usize;
  acTable: usize;
  /** 64 factors, i16, rows after each other. */
  quantisation: usize;
  /** Samples of the wanted MCUs. */
  plane: usize;
  stride: i32;
  /** DC value of the block before. */
  predictor: i32;
  /** Of 2^fold pixels of a row or a column one is made, their mean; the plane is smaller by as much. */
  foldX: i32;
  foldY: i32;
}

/** What {@link decodeScan} works on; worker/data/images/jpeg.ts fills it in. */
@unmanaged
class Scan {
  /** Bytes without stuffing, downwards from here. */
  top: usize;
  numBytes: i32;
  /** Where each interval after the first begins; MCUs between restarts, 0 for none. */
  restarts: usize;
  numRestarts: i32;
  restartInterval: i32;
  mcusPerRow: i32;
  /** Wanted MCUs: rows and columns, the ends not included. */
  firstRow: i32;
  endRow: i32;
  firstColumn: i32;
  endColumn: i32;
  numComponents: i32;
  /** Byte offsets of coefficients by their position in the stream, [128]. */
  zigzag: usize;
  /** 1 KiB of zeros. */
  work: usize;
  /** Components follow each other from here. */
  components: usize;
}

const COMPONENT_BYTES: usize = offsetof<Component>();

/** Bytes that {@link buildHuffman} fills. */
export function huffmanBytes(): usize {
  return TABLE_BYTES;
}

/** As {@link buildTable}. */
export function buildHuffman(table: usize, definition: usize, isAc: bool): bool {
  return buildTable(table, definition, isAc);
}

/** As {@link unstuff}. */
export function cleanScan(source: usize, length: i32, top: usize, restarts: usize, maxRestarts: i32, info: usize): void {
  unstuff(source, length, top, restarts, maxRestarts, info);
}

/** Decodes the wanted MCUs into the components' planes. Returns false if the bits mean nothing or end too early. */
export function decodeScan(address: usize): bool {
  const scan = changetype<Scan>(address);
  const endBit = scan.numBytes << 3;
  const interval = scan.restartInterval;
  const last = (scan.endRow - 1) * scan.mcusPerRow + scan.endColumn;
  let mcu = 0;
  let position = 0;
  let untilRestart = interval;
  if (interval > 0) {
    // Begin with the interval that the first wanted MCU is in.
    const skipped = (scan.firstRow * scan.mcusPerRow) / interval;
    if (skipped > scan.numRestarts) return false;
    mcu = skipped * interval;
    if (skipped > 0) position = load<i32>(scan.restarts + (<usize>(skipped - 1) << 2)) << 3;
  }
  let restart = interval > 0 ? mcu / interval : 0;
  let row = mcu / scan.mcusPerRow;
  let column = mcu - row * scan.mcusPerRow;
  resetPredictors(scan);
  for (; mcu < last; mcu++) {
    if (interval > 0 && untilRestart == 0) {
      if (restart >= scan.numRestarts) return false;
      position = load<i32>(scan.restarts + (<usize>restart << 2)) << 3;
      restart++;
      untilRestart = interval;
      resetPredictors(scan);
    }
    untilRestart--;
    const isWanted = row >= scan.firstRow && column >= scan.firstColumn && column < scan.endColumn;
    position = isWanted ? decodeMcu(scan, position, row, column) : skipMcu(scan, position);
    if (position < 0 || position > endBit) return false;
    if (++column == scan.mcusPerRow) {
      column = 0;
      row++;
    }
  }
  return true;
}

function resetPredictors(scan: Scan): void {
  for (let c = 0; c < scan.numComponents; c++) {
    changetype<Component>(scan.components + <usize>c * COMPONENT_BYTES).predictor = 0;
  }
}

function decodeMcu(scan: Scan, start: i32, row: i32, column: i32): i32 {
  let position = start;
  const block = scan.work + BLOCK_OFFSET;
  const work = scan.work + WORK_OFFSET;
  for (let c = 0; c < scan.numComponents; c++) {
    const component = changetype<Component>(scan.components + <usize>c * COMPONENT_BYTES);
    const stride = <usize>component.stride;
    const left = (column - scan.firstColumn) * component.horizontal;
    const above = (row - scan.firstRow) * component.vertical;
    const foldX = component.foldX;
    const foldY = component.foldY;
    for (let y = 0; y < component.vertical; y++) {
      for (let x = 0; x < component.horizontal; x++) {
        position = readDc(scan.top, position, component.dcTable, changetype<usize>(component) + offsetof<Component>('predictor'));
        if (position < 0) return -1;
        store<i16>(block, <i16>component.predictor);
        // The mean of a block is its first coefficient.
        position =
          foldX + foldY == 6
            ? skipAc(scan.top, position, component.acTable)
            : readAc(scan.top, position, component.acTable, scan.zigzag, block);
        if (position < 0) return -1;
        const target = component.plane + (<usize>(above + y) << (3 - foldY)) * stride + (<usize>(left + x) << (3 - foldX));
        if (foldY == 0) inverseDct(block, component.quantisation, work, target, stride);
        else reducedDct(block, component.quantisation, work, target, stride, foldX, foldY);
      }
    }
  }
  return position;
}

function skipMcu(scan: Scan, start: i32): i32 {
  let position = start;
  for (let c = 0; c < scan.numComponents; c++) {
    const component = changetype<Component>(scan.components + <usize>c * COMPONENT_BYTES);
    for (let i = component.horizontal * component.vertical; i > 0; i--) {
      position = readDc(scan.top, position, component.dcTable, changetype<usize>(component) + offsetof<Component>('predictor'));
      if (position < 0) return -1;
      position = skipAc(scan.top, position, component.acTable);
      if (position < 0) return -1;
    }
  }
  return position;
}

/** Rows of RGB from planes of full resolution; without Cb (0) they are grey. */
export function colourRows(
  y: usize,
  cb: usize,
  cr: usize,
  stride: i32,
  target: usize,
  targetStride: i32,
  width: i32,
  height: i32,
  work: usize,
): void {
  for (let row = 0; row < height; row++) {
    if (cb == 0) greyRow(y, target, width, work + SPARE_OFFSET);
    else colourRow(y, cb, cr, target, width, work + SPARE_OFFSET);
    y += stride;
    cb += cb == 0 ? 0 : stride;
    cr += cb == 0 ? 0 : stride;
    target += targetStride;
  }
}

/**
 * One row of RGB from a row of Y and rows of Cb and Cr of half its length.
 * @param near,far the nearer and the farther row of Cb; see {@link widenRow}
 * @param toCr from a sample of Cb to that of Cr, bytes
 * @param count chroma samples
 * @param skipped luma samples before the first wanted one: 0 or 1
 * @param rows 8·(count + 32) bytes
 */
export function colourFromHalf(
  y: usize,
  near: usize,
  far: usize,
  toCr: i32,
  count: i32,
  isVertical: bool,
  skipped: i32,
  target: usize,
  width: i32,
  rows: usize,
  work: usize,
): void {
  const sums = rows;
  const cb = rows + 4 * (<usize>count + 32);
  const cr = cb + 2 * (<usize>count + 32);
  widenRow(near, far, count, isVertical, sums, cb);
  widenRow(near + toCr, far + toCr, count, isVertical, sums, cr);
  colourRow(y, cb + skipped, cr + skipped, target, width, work + SPARE_OFFSET);
}
