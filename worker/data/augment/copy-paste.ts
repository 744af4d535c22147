/** Copy-paste: objects with an outline appear a second time, mirrored left to right. */
import type { RandomStream } from '../../../proto/random.js';
import { roundHalfEven } from '../../../proto/rounding.js';
import type { Scene } from './augment.js';
import { emptyMask, fillPolygon } from './polygon-fill.js';

/** A copy that covers this share of any box already there is not pasted. */
const MAX_COVERED = 0.3;
/** Keeps empty boxes from dividing by zero. */
const EPSILON = 1e-16;

/** Which objects to paste: round(share · n) of the n objects that have an outline, without repetition. */
export function drawObjects(polygons: readonly ArrayLike<number>[], share: number, random: RandomStream): number[] {
  const outlined = polygons.flatMap((polygon, i) => (polygon.length > 0 ? [i] : []));
  const count = roundHalfEven(share * outlined.length);
  return Array.from(random.permutation(outlined.length).subarray(0, count), (k) => outlined[k]!);
}

/** Largest share of one of the boxes (rows class, x1, y1, x2, y2) that the box covers. */
function largestCover(box: readonly number[], rows: readonly number[][]): number {
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  let largest = 0;
  for (const [, left, top, right, bottom] of rows as [number, number, number, number, number][]) {
    const width = Math.max(Math.min(x2, right) - Math.max(x1, left), 0);
    const height = Math.max(Math.min(y2, bottom) - Math.max(y1, top), 0);
    largest = Math.max(largest, (width * height) / ((right - left) * (bottom - top) + EPSILON));
  }
  return largest;
}

function mirrored(polygon: Float32Array, width: number): Float32Array {
  return polygon.map((v, i) => (i % 2 === 0 ? width - v : v));
}

/**
 * Pastes mirrored copies of the chosen objects, in their order, each unless it would cover 30 % of a box that is there
 * by then. Of a copy only those channel values replace what was there that are not zero, as in the reference. The
 * scene's pixels are changed in place.
 * @param chosen label numbers; all must have a polygon
 */
export function pasteMirrored(scene: Scene, chosen: readonly number[]): Scene {
  const { image } = scene;
  const { width, height } = image;
  const rows = Array.from({ length: scene.labels.length / 5 }, (_, i) =>
    Array.from(scene.labels.subarray(5 * i, 5 * i + 5)),
  );
  const polygons = Array.from(rows, (_, i) => scene.polygons[i] ?? new Float32Array(0));
  const mask = emptyMask(width, height);
  for (const index of chosen) {
    const [classId, x1, y1, x2, y2] = rows[index] as [number, number, number, number, number];
    const box = [Math.fround(width - x2), y1, Math.fround(width - x1), y2];
    if (largestCover(box, rows) >= MAX_COVERED) continue;
    rows.push([classId, ...box]);
    polygons.push(mirrored(polygons[index]!, width));
    fillPolygon(mask, polygons[index]!);
  }
  if (rows.length === scene.labels.length / 5) return scene;
  const source = image.data.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask.data[y * width + x] === 0) continue;
      const from = (y * width + x) * 3;
      const to = (y * width + (width - 1 - x)) * 3;
      for (let c = 0; c < 3; c++) if (source[from + c]! > 0) image.data[to + c] = source[from + c]!;
    }
  }
  return { image, labels: Float32Array.from(rows.flat()), polygons };
}
