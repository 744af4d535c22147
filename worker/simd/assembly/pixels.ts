// RGB pictures, 3 bytes per pixel: warping, colour jitter, mirroring, resizing. Addresses are byte offsets on the heap.
import { mapHsv, scaleHsv } from './pixels/hsv';
import { blendRows, stretchRow } from './pixels/resize';
import { affinePositions, perspectivePositions, Source, warpRow } from './pixels/warp';

/**
 * Warps by an affine transformation.
 * @param source a `Source`
 * @param columns x, then y parts of the columns in 1/1024 px, each rounded up to a multiple of four
 * @param rows x and y parts by row, half a step of 1/32 px included
 * @param positions 8 bytes per column
 */
export function warpAffine(
  source: usize,
  columns: usize,
  rows: usize,
  width: i32,
  height: i32,
  positions: usize,
  target: usize,
): void {
  const columnBytes = (<usize>(width + 3) & ~(<usize>3)) << 2;
  for (let y = 0; y < height; y++) {
    affinePositions(columns, load<i32>(rows), width, positions);
    affinePositions(columns + columnBytes, load<i32>(rows, 4), width, positions + columnBytes);
    warpRow(changetype<Source>(source), positions, positions + columnBytes, width, target);
    rows += 8;
    target += 3 * width;
  }
}

/** Warps by a perspective. @param inverse output pixel → picture: nine float64, rows after each other */
export function warpPerspective(
  source: usize,
  inverse: usize,
  width: i32,
  height: i32,
  positions: usize,
  target: usize,
): void {
  const columnBytes = (<usize>(width + 3) & ~(<usize>3)) << 2;
  for (let y = 0; y < height; y++) {
    const rowX = load<f64>(inverse, 8) * y + load<f64>(inverse, 16);
    const rowY = load<f64>(inverse, 32) * y + load<f64>(inverse, 40);
    const rowW = load<f64>(inverse, 56) * y + load<f64>(inverse, 64);
    perspectivePositions(
      load<f64>(inverse),
      load<f64>(inverse, 24),
      load<f64>(inverse, 48),
      rowX,
      rowY,
      rowW,
      width,
      positions,
      positions + columnBytes,
    );
    warpRow(changetype<Source>(source), positions, positions + columnBytes, width, target);
    target += 3 * width;
  }
}

/** As {@link mapHsv}. */
export function jitterByTables(pixels: usize, count: i32, tables: usize, work: usize): void {
  mapHsv(pixels, count, tables, work);
}

/** As {@link scaleHsv}. */
export function jitterByFactors(pixels: usize, count: i32, hue: f32, saturation: f32, value: f32, work: usize): void {
  scaleHsv(pixels, count, hue, saturation, value, work);
}

/** Sets bytes. JavaScript's own fill sets shared memory one by one. */
export function fill(address: usize, value: i32, length: i32): void {
  memory.fill(address, <u8>value, length);
}

/** Swaps left and right, in place. @param spare room for a row */
export function mirrorRows(pixels: usize, width: i32, height: i32, spare: usize): void {
  const rowBytes = 3 * width;
  const five = i8x16(12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, -128);
  for (let y = 0; y < height; y++) {
    memory.copy(spare, pixels, rowBytes);
    let from = spare + rowBytes;
    let to = pixels;
    const end = pixels + rowBytes;
    // Five pixels at a time; the byte written too much is overwritten by the next ones.
    while (to + 16 <= end) {
      from -= 15;
      v128.store(to, i8x16.swizzle(v128.load(from), five));
      to += 15;
    }
    while (to < end) {
      from -= 3;
      store<u16>(to, load<u16>(from));
      store<u8>(to, load<u8>(from, 2), 2);
      to += 3;
    }
    pixels += rowBytes;
  }
}

/**
 * Resizes bilinearly.
 * @param columnTaps per output column: byte offsets of its two neighbours in a row, and the weight of the second, of 2,048
 * @param rowTaps per output row likewise, byte offsets of rows from `source`
 * @param stretched twice 12·(width + 16) bytes
 */
export function resizeRows(
  source: usize,
  columnTaps: usize,
  rowTaps: usize,
  width: i32,
  height: i32,
  stretched: usize,
  target: usize,
  targetStride: i32,
): void {
  let upper = stretched;
  let lower = stretched + 12 * (<usize>width + 16);
  let upperRow = -1;
  let lowerRow = -1;
  for (let y = 0; y < height; y++) {
    const first = load<i32>(rowTaps);
    const second = load<i32>(rowTaps, 4);
    // Going down, the lower row of one output row is often the upper row of the next: stretch each row once.
    if (upperRow != first && lowerRow == first) {
      const spare = upper;
      upper = lower;
      lower = spare;
      upperRow = lowerRow;
      lowerRow = -1;
    }
    if (upperRow != first) {
      stretchRow(source + first, columnTaps, width, upper);
      upperRow = first;
    }
    if (lowerRow != second) {
      stretchRow(source + second, columnTaps, width, lower);
      lowerRow = second;
    }
    blendRows(upper, lower, load<i32>(rowTaps, 8), 3 * width, target);
    rowTaps += 12;
    target += targetStride;
  }
}
