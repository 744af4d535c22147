/** Composing a scene: which shapes, where, in which colours. Pure; the pixels are made by `raster.ts`. */
import { type RandomStream, randomStream } from '../../proto/random.js';
import { SHAPE_NAMES } from './params.js';

/** Red, green, blue, 0–255. */
export type Colour = readonly [number, number, number];

/** A filled shape. Coordinates are pixels from the upper left corner. */
export interface Shape {
  /** Index into {@link SHAPE_NAMES}. */
  readonly classId: number;
  readonly colour: Colour;
  /** A circle has centre and radius; the others are convex polygons x, y, … in clockwise order. */
  readonly outline:
    | { readonly kind: 'circle'; readonly x: number; readonly y: number; readonly radius: number }
    | { readonly kind: 'polygon'; readonly points: readonly number[] };
  /** x1, y1, x2, y2: exact bounds of the outline, pixels. */
  readonly box: readonly [number, number, number, number];
}

export interface Scene {
  readonly imgsz: number;
  /** Colours of the background's gradient at its two ends. */
  readonly background: readonly [Colour, Colour];
  /** Direction of the gradient in radians. */
  readonly gradientAngle: number;
  /** Standard deviation of the noise over the picture, levels. */
  readonly noise: number;
  /** Painted in this order: later ones cover earlier ones. */
  readonly shapes: readonly Shape[];
}

const MAX_SHAPES = 5;
/** Sides of the boxes as fractions of the picture: 20 to 88 px at 160. */
const MIN_SIDE = 0.125;
const MAX_SIDE = 0.55;
/** How much of the smaller of two boxes the other may cover: shapes may touch, not hide each other. */
const MAX_COVER = 0.12;
const PLACEMENT_TRIES = 40;
/** The least distance of a shape's colour from both ends of the background, in RGB levels. */
const MIN_CONTRAST = 90;

function randomColour(random: RandomStream, low: number, high: number): Colour {
  return [random.integer(low, high), random.integer(low, high), random.integer(low, high)];
}

function distance(a: Colour, b: Colour): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function contrastingColour(random: RandomStream, background: readonly Colour[]): Colour {
  for (;;) {
    const colour = randomColour(random, 0, 255);
    if (background.every((other) => distance(colour, other) >= MIN_CONTRAST)) return colour;
  }
}

/** The points turned by `angle` radians about the origin. */
function rotate(points: readonly number[], angle: number): number[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return points.map((_, i) => {
    const [x, y] = [points[i - (i % 2)]!, points[i - (i % 2) + 1]!];
    return i % 2 === 0 ? x * cos - y * sin : x * sin + y * cos;
  });
}

/** A polygon of the class, about the origin, its longer side near 1. */
function unitPolygon(random: RandomStream, name: 'rectangle' | 'triangle'): number[] {
  if (name === 'rectangle') {
    const ratio = random.uniform(0.5, 1);
    const [w, h] = random.uniform() < 0.5 ? [1, ratio] : [ratio, 1];
    return rotate([-w / 2, -h / 2, w / 2, -h / 2, w / 2, h / 2, -w / 2, h / 2], random.uniform(-0.35, 0.35));
  }
  const apex = random.uniform(-0.25, 0.25);
  const height = random.uniform(0.7, 1);
  const upright = rotate([apex, -height / 2, 0.5, height / 2, -0.5, height / 2], random.uniform(-0.35, 0.35));
  // Half of them stand on their tip.
  return random.uniform() < 0.5 ? upright : rotate(upright, Math.PI);
}

function boundsOf(points: readonly number[]): [number, number, number, number] {
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** A shape of random class, size and place, wholly inside the picture. */
function drawShape(random: RandomStream, imgsz: number, colour: Colour): Shape {
  const classId = random.integer(0, SHAPE_NAMES.length - 1);
  const name = SHAPE_NAMES[classId]!;
  // Small shapes are as frequent as large ones on a logarithmic scale.
  const side = imgsz * MIN_SIDE * (MAX_SIDE / MIN_SIDE) ** random.uniform();
  if (name === 'circle') {
    const radius = side / 2;
    const x = random.uniform(radius, imgsz - radius);
    const y = random.uniform(radius, imgsz - radius);
    return {
      classId,
      colour,
      outline: { kind: 'circle', x, y, radius },
      box: [x - radius, y - radius, x + radius, y + radius],
    };
  }
  const unit = unitPolygon(random, name);
  const [ux1, uy1, ux2, uy2] = boundsOf(unit);
  const scale = side / Math.max(ux2 - ux1, uy2 - uy1);
  const x = random.uniform(0, imgsz - (ux2 - ux1) * scale) - ux1 * scale;
  const y = random.uniform(0, imgsz - (uy2 - uy1) * scale) - uy1 * scale;
  const points = unit.map((v, i) => v * scale + (i % 2 === 0 ? x : y));
  return { classId, colour, outline: { kind: 'polygon', points }, box: boundsOf(points) };
}

/** The share of the smaller box that the two have in common. */
function cover(a: Shape['box'], b: Shape['box']): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Shape['box']): number => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / Math.min(area(a), area(b));
}

/**
 * Scene number `index` of a split; depends on its arguments only.
 * @param imgsz side of the picture, pixels
 */
export function composeScene(seed: number, split: 'train' | 'val', index: number, imgsz: number): Scene {
  const random = randomStream(seed, 'shapes', split, index);
  const base = randomColour(random, 40, 215);
  const drift = randomColour(random, 0, 60);
  const background: [Colour, Colour] = [
    base,
    [base[0] - drift[0] + 30, base[1] - drift[1] + 30, base[2] - drift[2] + 30],
  ];
  const count = random.integer(1, MAX_SHAPES);
  const shapes: Shape[] = [];
  for (let i = 0; i < count; i++) {
    const colour = contrastingColour(random, background);
    for (let attempt = 0; attempt < PLACEMENT_TRIES; attempt++) {
      const shape = drawShape(random, imgsz, colour);
      if (shapes.some((other) => cover(other.box, shape.box) > MAX_COVER)) continue;
      shapes.push(shape);
      break;
    }
  }
  return {
    imgsz,
    background,
    gradientAngle: random.uniform(0, 2 * Math.PI),
    noise: random.uniform(2, 10),
    shapes,
  };
}
