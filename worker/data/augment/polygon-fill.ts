/**
 * Filling polygons with integer corners as OpenCV does: the pixels whose centres lie inside by the even-odd rule, plus
 * the pixels of the outline as 8-connected lines.
 */

/** One byte per pixel, 1 inside; rows from the top. */
export interface Mask {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** An empty mask. */
export function emptyMask(width: number, height: number): Mask {
  return { data: new Uint8Array(width * height), width, height };
}

function setPixel({ data, width, height }: Mask, x: number, y: number): void {
  if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = 1;
}

/**
 * Bresenham's line between two pixels, both ends included. It always runs from left to right and stays on its row (or
 * column) at exact halves, as OpenCV's does, so that it does not depend on the order of the ends.
 */
function drawLine(mask: Mask, x1: number, y1: number, x2: number, y2: number): void {
  if (x1 > x2) {
    drawLine(mask, x2, y2, x1, y1);
    return;
  }
  const width = x2 - x1;
  const height = Math.abs(y2 - y1);
  const down = y2 >= y1 ? 1 : -1;
  const major = Math.max(width, height);
  const minor = Math.min(width, height);
  let error = major - 2 * minor;
  let x = x1;
  let y = y1;
  for (let i = 0; i <= major; i++) {
    setPixel(mask, x, y);
    const aside = error < 0;
    error += (aside ? 2 * major : 0) - 2 * minor;
    if (width >= height || aside) x += 1;
    if (width < height || aside) y += down;
  }
}

/**
 * Sets the pixels of a closed polygon in the mask.
 * @param points x, y, x, y, … in pixels; fractions are cut off first, as in the reference
 */
export function fillPolygon(mask: Mask, points: ArrayLike<number>): void {
  const corners = Int32Array.from({ length: points.length }, (_, i) => Math.trunc(points[i]!));
  const count = corners.length / 2;
  const crossings = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count;
    const [x1, y1, x2, y2] = [corners[2 * i]!, corners[2 * i + 1]!, corners[2 * j]!, corners[2 * j + 1]!];
    drawLine(mask, x1, y1, x2, y2);
    if (y1 === y2) continue;
    const slope = (x2 - x1) / (y2 - y1);
    const [top, bottom, topX] = y1 < y2 ? [y1, y2, x1] : [y2, y1, x2];
    // The lower end belongs to the next edge, so that a corner counts once.
    for (let y = Math.max(top, 0); y < Math.min(bottom, mask.height); y++) {
      const row = crossings.get(y);
      const x = topX + (y - top) * slope;
      if (row === undefined) crossings.set(y, [x]);
      else row.push(x);
    }
  }
  for (const [y, row] of crossings) {
    row.sort((a, b) => a - b);
    for (let k = 0; k + 1 < row.length; k += 2) {
      const from = Math.max(Math.ceil(row[k]!), 0);
      const to = Math.min(Math.floor(row[k + 1]!), mask.width - 1);
      if (to >= from) mask.data.fill(1, y * mask.width + from, y * mask.width + to + 1);
    }
  }
}
