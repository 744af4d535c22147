/** Cutout and replicate: two augmentations that the reference has and never calls. Functions for own pipelines. */
import type { RandomStream } from '../../../proto/random.js';
import { copyRectangle } from '../images/image.js';
import type { Scene } from './augment.js';

/** Sides of the rectangles as shares of the picture, with how many of each. */
const CUTOUT_SIZES: readonly (readonly [share: number, count: number])[] = [
  [0.5, 1],
  [0.25, 2],
  [0.125, 4],
  [0.0625, 8],
  [0.03125, 16],
];
/** A label that a rectangle covers by more is dropped; the smallest rectangles drop none. */
const MAX_COVERED = 0.6;
const EPSILON = 1e-16;

function cover(rectangle: readonly number[], box: ArrayLike<number>): number {
  const width = Math.max(Math.min(rectangle[2]!, box[2]!) - Math.max(rectangle[0]!, box[0]!), 0);
  const height = Math.max(Math.min(rectangle[3]!, box[3]!) - Math.max(rectangle[1]!, box[1]!), 0);
  return (width * height) / ((box[2]! - box[0]!) * (box[3]! - box[1]!) + EPSILON);
}

/**
 * Paints 31 rectangles of random size and colour over the picture, in place, and drops labels that one of them covers
 * by more than 60 %.
 */
export function cutout(scene: Scene, random: RandomStream): Scene {
  const { width, height, data } = scene.image;
  let kept = Array.from({ length: scene.labels.length / 5 }, (_, i) => i);
  for (const [share, count] of CUTOUT_SIZES) {
    for (let n = 0; n < count; n++) {
      const maskHeight = random.integer(1, Math.max(Math.trunc(height * share), 1));
      const maskWidth = random.integer(1, Math.max(Math.trunc(width * share), 1));
      const x1 = Math.max(0, random.integer(0, width) - Math.floor(maskWidth / 2));
      const y1 = Math.max(0, random.integer(0, height) - Math.floor(maskHeight / 2));
      const rectangle = [x1, y1, Math.min(width, x1 + maskWidth), Math.min(height, y1 + maskHeight)];
      const colour = [random.integer(64, 191), random.integer(64, 191), random.integer(64, 191)];
      for (let y = y1; y < rectangle[3]!; y++) {
        for (let x = x1; x < rectangle[2]!; x++) data.set(colour, (y * width + x) * 3);
      }
      if (share <= 0.03) continue;
      kept = kept.filter((i) => cover(rectangle, scene.labels.subarray(5 * i + 1, 5 * i + 5)) < MAX_COVERED);
    }
  }
  return {
    image: scene.image,
    labels: Float32Array.from(kept.flatMap((i) => Array.from(scene.labels.subarray(5 * i, 5 * i + 5)))),
    polygons: scene.polygons.length === 0 ? [] : kept.map((i) => scene.polygons[i] ?? new Float32Array(0)),
  };
}

/**
 * Copies the smaller half of the objects (by the mean of width and height; a half object is none) to random places of
 * the same picture, in place. Copies are plain boxes.
 */
export function replicate(scene: Scene, random: RandomStream): Scene {
  const { image, labels } = scene;
  const boxes = Array.from({ length: labels.length / 5 }, (_, i) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = labels.subarray(5 * i + 1, 5 * i + 5).map(Math.trunc);
    return { i, x1, y1, width: x2 - x1, height: y2 - y1 };
  });
  const smaller = boxes.toSorted((a, b) => a.width + a.height - (b.width + b.height) || a.i - b.i);
  const rows = Array.from(labels);
  const polygons = [...scene.polygons];
  for (const { i, x1, y1, width, height } of smaller.slice(0, Math.floor(smaller.length / 2))) {
    const inside = x1 >= 0 && y1 >= 0 && x1 + width <= image.width && y1 + height <= image.height;
    if (!inside || width < 1 || height < 1) continue;
    const x = random.integer(0, image.width - width);
    const y = random.integer(0, image.height - height);
    const piece = { data: new Uint8Array(width * height * 3), width, height };
    copyRectangle(image, piece, { x: x1, y: y1 }, { x: 0, y: 0 }, piece);
    copyRectangle(piece, image, { x: 0, y: 0 }, { x, y }, piece);
    rows.push(labels[5 * i]!, x, y, x + width, y + height);
    if (polygons.length > 0) polygons.push(new Float32Array(0));
  }
  return { image, labels: Float32Array.from(rows), polygons };
}
