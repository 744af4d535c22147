/**
 * Random perspective: rotation, scale, shear, translation and true perspective as one 3×3 matrix, and what it does to
 * boxes. The reference's order of draws is kept, so that recorded draws reproduce its matrices.
 */
import { boxAroundInsidePoints } from '../geometry/boxes.js';

/** Source of the random numbers; a `RandomStream` or recorded draws. */
export interface UniformSource {
  uniform(low: number, high: number): number;
}

/** Ranges of the draws: the hyperparameters of the same names. */
export interface PerspectiveRanges {
  /** ± degrees. */
  readonly degrees: number;
  /** ± fraction of the output size. */
  readonly translate: number;
  /** ± gain. */
  readonly scale: number;
  /** ± degrees. */
  readonly shear: number;
  /** ± per pixel. */
  readonly perspective: number;
}

/** A 3×3 matrix, rows after each other. */
export type Matrix3 = readonly number[];

export const IDENTITY: Matrix3 = [1, 0, 0, 0, 1, 0, 0, 0, 1];

function multiply(a: Matrix3, b: Matrix3): Matrix3 {
  const out: number[] = [];
  for (let row = 0; row < 9; row += 3) {
    for (let column = 0; column < 3; column++) {
      out.push(a[row]! * b[column]! + a[row + 1]! * b[column + 3]! + a[row + 2]! * b[column + 6]!);
    }
  }
  return out;
}

/** The inverse, by cofactors; undefined for a singular matrix. */
export function invert(m: Matrix3): Matrix3 | undefined {
  const [a, b, c, d, e, f, g, h, i] = m as [number, number, number, number, number, number, number, number, number];
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (determinant === 0) return undefined;
  return [
    (e * i - f * h) / determinant,
    (c * h - b * i) / determinant,
    (b * f - c * e) / determinant,
    (f * g - d * i) / determinant,
    (a * i - c * g) / determinant,
    (c * d - a * f) / determinant,
    (d * h - e * g) / determinant,
    (b * g - a * h) / determinant,
    (a * e - b * d) / determinant,
  ];
}

/** A drawn transformation. */
export interface Perspective {
  /** Source pixel → output pixel. */
  readonly matrix: Matrix3;
  /** The drawn scale, which the area test of the boxes divides out. */
  readonly scale: number;
  readonly outWidth: number;
  readonly outHeight: number;
  /** Whether the bottom row is more than (0, 0, 1). */
  readonly projective: boolean;
}

/**
 * Draws a transformation of a picture of the given size.
 * @param border pixels added (or, negative, cut) on each side of the output, [vertical, horizontal]
 */
export function drawPerspective(
  random: UniformSource,
  ranges: PerspectiveRanges,
  size: { readonly width: number; readonly height: number },
  border: readonly [vertical: number, horizontal: number] = [0, 0],
): Perspective {
  const outHeight = size.height + border[0] * 2;
  const outWidth = size.width + border[1] * 2;
  const center: Matrix3 = [1, 0, -size.width / 2, 0, 1, -size.height / 2, 0, 0, 1];
  const { perspective, degrees, scale: scaleRange, shear, translate } = ranges;
  const perspectiveX = random.uniform(-perspective, perspective);
  const perspectiveY = random.uniform(-perspective, perspective);
  const projection: Matrix3 = [1, 0, 0, 0, 1, 0, perspectiveX, perspectiveY, 1];
  const angle = (random.uniform(-degrees, degrees) * Math.PI) / 180;
  const scale = random.uniform(1 - scaleRange, 1 + scaleRange);
  const cos = scale * Math.cos(angle);
  const sin = scale * Math.sin(angle);
  const rotation: Matrix3 = [cos, sin, 0, -sin, cos, 0, 0, 0, 1];
  const shearX = Math.tan((random.uniform(-shear, shear) * Math.PI) / 180);
  const shearY = Math.tan((random.uniform(-shear, shear) * Math.PI) / 180);
  const shearing: Matrix3 = [1, shearX, 0, shearY, 1, 0, 0, 0, 1];
  const shiftX = random.uniform(0.5 - translate, 0.5 + translate) * outWidth;
  const shiftY = random.uniform(0.5 - translate, 0.5 + translate) * outHeight;
  const translation: Matrix3 = [1, 0, shiftX, 0, 1, shiftY, 0, 0, 1];
  const matrix = [rotation, projection, center].reduce(multiply, multiply(translation, shearing));
  return { matrix, scale, outWidth, outHeight, projective: perspective !== 0 };
}

/** Whether the transformation leaves every pixel where it is. */
export function isIdentity(p: Perspective, size: { readonly width: number; readonly height: number }): boolean {
  return p.outWidth === size.width && p.outHeight === size.height && p.matrix.every((v, i) => v === IDENTITY[i]);
}

function mapPoint(p: Perspective, x: number, y: number): [x: number, y: number] {
  const m = p.matrix;
  const mappedX = m[0]! * x + m[1]! * y + m[2]!;
  const mappedY = m[3]! * x + m[4]! * y + m[5]!;
  if (!p.projective) return [mappedX, mappedY];
  const w = m[6]! * x + m[7]! * y + m[8]!;
  return [mappedX / w, mappedY / w];
}

/** Points per polygon before it is transformed, as in the reference: enough that straight edges may bend. */
const POLYGON_POINTS = 1000;

/**
 * A polygon's outline resampled to {@link POLYGON_POINTS} points, evenly spaced in the index of its points.
 * @param points x, y, x, y, …
 */
export function resamplePolygon(points: ArrayLike<number>, count: number = POLYGON_POINTS): Float64Array {
  const corners = points.length / 2;
  const out = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) {
    // As in the reference the edge from the last corner to the first gets no points; it cannot widen the box.
    const position = (i * (corners - 1)) / (count - 1);
    const from = Math.min(Math.floor(position), corners - 1);
    const fraction = position - from;
    const to = Math.min(from + 1, corners - 1);
    out[2 * i] = points[2 * from]! * (1 - fraction) + points[2 * to]! * fraction;
    out[2 * i + 1] = points[2 * from + 1]! * (1 - fraction) + points[2 * to + 1]! * fraction;
  }
  return out;
}

const EPSILON = 1e-16;
/** Smallest share of its area that a box must keep: of boxes from corners, and of those from polygons. */
export const BOX_AREA_THRESHOLD = 0.1;
export const POLYGON_AREA_THRESHOLD = 0.01;

/** Limits of {@link isBoxWorthKeeping}. */
export interface BoxLimits {
  /** Share of the area that must be left. @defaultValue {@link BOX_AREA_THRESHOLD} */
  readonly area?: number;
  /** Both sides must exceed this, pixels. @defaultValue 2 */
  readonly sidePx?: number;
  /** Longer over shorter side must stay below this. @defaultValue 20 */
  readonly aspect?: number;
}

/** Whether a transformed and clipped box still shows enough of its object. Boxes are xyxy pixels; `before` is scaled. */
export function isBoxWorthKeeping(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  limits: BoxLimits = {},
): boolean {
  const { area = BOX_AREA_THRESHOLD, sidePx = 2, aspect: maxAspect = 20 } = limits;
  const w1 = before[2]! - before[0]!;
  const h1 = before[3]! - before[1]!;
  const w2 = after[2]! - after[0]!;
  const h2 = after[3]! - after[1]!;
  const aspect = Math.max(w2 / (h2 + EPSILON), h2 / (w2 + EPSILON));
  return w2 > sidePx && h2 > sidePx && (w2 * h2) / (w1 * h1 + EPSILON) > area && aspect < maxAspect;
}

/** What became of each box. */
export interface TransformedBoxes {
  /** xyxy of every box after clipping, pixels of the output, [n, 4]. */
  readonly boxes: Float64Array;
  readonly kept: readonly boolean[];
}

/**
 * Carries boxes through a transformation: the new box surrounds the four transformed corners, or, where the object has
 * a polygon, its transformed points inside the output.
 * @param labels rows (class, x1, y1, x2, y2), pixels of the source
 * @param polygons per label its points x, y, … in pixels of the source; empty or absent where there is none
 */
export function transformBoxes(
  p: Perspective,
  labels: Float32Array,
  polygons: readonly ArrayLike<number>[] = [],
): TransformedBoxes {
  const count = labels.length / 5;
  const boxes = new Float64Array(count * 4);
  const kept: boolean[] = [];
  const area = polygons.some((polygon) => polygon.length > 0) ? POLYGON_AREA_THRESHOLD : BOX_AREA_THRESHOLD;
  for (let i = 0; i < count; i++) {
    const before = labels.subarray(5 * i + 1, 5 * i + 5);
    const polygon = polygons[i];
    const after =
      polygon !== undefined && polygon.length > 0 ? transformPolygon(p, polygon) : transformCorners(p, before);
    boxes.set(after, 4 * i);
    const scaled = Array.from(before, (v) => v * p.scale);
    kept.push(isBoxWorthKeeping(scaled, after, { area }));
  }
  return { boxes, kept };
}

function transformCorners(p: Perspective, box: ArrayLike<number>): [number, number, number, number] {
  const [x1, y1, x2, y2] = [box[0]!, box[1]!, box[2]!, box[3]!];
  const corners = [mapPoint(p, x1, y1), mapPoint(p, x2, y2), mapPoint(p, x1, y2), mapPoint(p, x2, y1)];
  const xs = corners.map(([x]) => Math.min(Math.max(x, 0), p.outWidth));
  const ys = corners.map(([, y]) => Math.min(Math.max(y, 0), p.outHeight));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function transformPolygon(p: Perspective, polygon: ArrayLike<number>): Float64Array {
  const points = resamplePolygon(polygon);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = mapPoint(p, points[i]!, points[i + 1]!);
    points[i] = x;
    points[i + 1] = y;
  }
  return boxAroundInsidePoints(points, p.outWidth, p.outHeight);
}
