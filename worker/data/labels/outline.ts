/** Outlines of masks, and several outlines as one. Points are x, y, x, y, … in pixels. */
import type { Mask } from '../augment/polygon-fill.js';

/** Right, down, left, up: the sides of pixels, walked with the inside on the right hand. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * The outer outlines of a mask's regions (joined at sides, not corners), along the edges of its pixels; holes are left
 * out. Only corners are listed.
 */
export function maskOutlines({ data, width, height }: Mask): number[][] {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && data[y * width + x]! !== 0;
  const seen = new Uint8Array(data.length);
  const outlines: number[][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y) || seen[y * width + x] !== 0) continue;
      floodFill(x, y, inside, seen, width);
      outlines.push(walk(x, y, inside));
    }
  }
  return outlines;
}

/** Marks the region of a pixel. */
function floodFill(
  x: number,
  y: number,
  inside: (x: number, y: number) => boolean,
  seen: Uint8Array,
  width: number,
): void {
  const open = [[x, y] as const];
  seen[y * width + x] = 1;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [dx, dy] of STEPS) {
      const px = next[0] + dx;
      const py = next[1] + dy;
      if (!inside(px, py) || seen[py * width + px] !== 0) continue;
      seen[py * width + px] = 1;
      open.push([px, py]);
    }
  }
}

/** Walks around the region whose first pixel in reading order is (x, y), from that pixel's upper left corner rightwards. */
function walk(startX: number, startY: number, inside: (x: number, y: number) => boolean): number[] {
  const corners: number[] = [];
  let x = startX;
  let y = startY;
  let direction = 0;
  do {
    corners.push(x, y);
    // Along a straight edge the pixel on the right hand is inside and the one on the left hand is not.
    do {
      x += STEPS[direction]![0];
      y += STEPS[direction]![1];
    } while (isStraight(x, y, direction, inside));
    // At a corner where regions touch diagonally the walk turns right and stays with its own.
    direction = (direction + (rightOf(x, y, direction, inside) ? 3 : 1)) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return corners;
}

/** Whether the pixel ahead, on the right hand of someone at a grid point, is inside. */
function rightOf(x: number, y: number, direction: number, inside: (x: number, y: number) => boolean): boolean {
  return [inside(x, y), inside(x - 1, y), inside(x - 1, y - 1), inside(x, y - 1)][direction]!;
}

function leftOf(x: number, y: number, direction: number, inside: (x: number, y: number) => boolean): boolean {
  return [inside(x, y - 1), inside(x, y), inside(x - 1, y), inside(x - 1, y - 1)][direction]!;
}

function isStraight(x: number, y: number, direction: number, inside: (x: number, y: number) => boolean): boolean {
  return rightOf(x, y, direction, inside) && !leftOf(x, y, direction, inside);
}

function nearestPoints(a: readonly number[], b: readonly number[]): [inA: number, inB: number] {
  let best: [number, number] = [0, 0];
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i += 2) {
    for (let k = 0; k < b.length; k += 2) {
      const distance = (a[i]! - b[k]!) ** 2 + (a[i + 1]! - b[k + 1]!) ** 2;
      if (distance < least) {
        least = distance;
        best = [i, k];
      }
    }
  }
  return best;
}

/**
 * Several outlines as one: each further one is let in at the point where it comes nearest, along a bridge without width
 * there and back, so that filling gives the same area.
 */
export function joinOutlines(outlines: readonly (readonly number[])[]): number[] {
  const [first = [], ...rest] = outlines;
  let joined = [...first];
  for (const outline of rest) {
    const [at, from] = nearestPoints(joined, outline);
    const turned = [...outline.slice(from), ...outline.slice(0, from), ...outline.slice(from, from + 2)];
    joined = [...joined.slice(0, at + 2), ...turned, ...joined.slice(at)];
  }
  return joined;
}
