/**
 * The augmentations as a list of stages. A stage changes one sample and draws its numbers from a stream of its own, so
 * that adding or removing a stage leaves the draws of all others alone. A new augmentation is one more entry.
 */
import type { Hyp } from '../../../configs/run-config.js';
import type { RgbImage } from '../images/image.js';
import { flipHorizontallyInPlace, flipLabelsInPlace, flipVerticallyInPlace } from './flip.js';
import { applyHsvInPlace, hsvFactor, hsvTables } from './hsv.js';
import { drawPerspective, isIdentity, type Perspective, transformBoxes, type UniformSource } from './perspective.js';
import { warp } from './warp.js';

/** A picture with labels in its pixels. */
export interface Scene {
  readonly image: RgbImage;
  /** Rows (class, x1, y1, x2, y2), pixels of `image`. */
  readonly labels: Float32Array;
  /** Per label x, y, … in pixels, empty where there is none; or no entry at all. */
  readonly polygons: readonly Float32Array[];
}

/** A finished picture; its labels are normalised. */
export interface FinishedScene {
  /** Changed in place. */
  readonly image: RgbImage;
  /** Rows (class, cx, cy, w, h), normalised; changed in place. */
  readonly labels: Float32Array;
}

/** Draws for one purpose; the same purpose gives the same draws for the same (seed, epoch, image). */
export type DrawsFor = (purpose: string) => UniformSource;

/** The label rows that `kept` marks, with the boxes [n, 4] in place of their own. */
function keepLabels(labels: Float32Array, boxes: ArrayLike<number>, kept: readonly boolean[]): Float32Array {
  const rows: number[] = [];
  kept.forEach((keep, i) => {
    if (keep) rows.push(labels[5 * i]!, boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!);
  });
  return Float32Array.from(rows);
}

/**
 * Random perspective of a scene. Boxes that lose too much are dropped. Polygons are used up: the result has none.
 * @param border pixels added on each side of the output, negative to cut: −S/2 makes S of a mosaic of 2S
 */
export function perspectiveScene(scene: Scene, hyp: Hyp, random: UniformSource, border: number = 0): Scene {
  const p = drawPerspective(random, hyp, scene.image, [border, border]);
  const image = isIdentity(p, scene.image) ? scene.image : warp(scene.image, p);
  return { image, labels: labelsThrough(p, scene.labels, scene.polygons), polygons: [] };
}

/** The labels of a scene after a perspective. Boxes that lose too much are dropped. */
export function labelsThrough(p: Perspective, labels: Float32Array, polygons: readonly Float32Array[]): Float32Array {
  const { boxes, kept } = transformBoxes(p, labels, polygons);
  return keepLabels(labels, boxes, kept);
}

/** One augmentation of a finished picture. */
export interface PixelStage {
  readonly name: string;
  apply(sample: FinishedScene, hyp: Hyp, random: UniformSource): void;
}

const colourJitter: PixelStage = {
  name: 'hsv',
  apply({ image }, hyp, random) {
    if (hyp.hsv_h === 0 && hyp.hsv_s === 0 && hyp.hsv_v === 0) return;
    const hue = hsvFactor(random.uniform(-1, 1), hyp.hsv_h);
    const saturation = hsvFactor(random.uniform(-1, 1), hyp.hsv_s);
    const value = hsvFactor(random.uniform(-1, 1), hyp.hsv_v);
    applyHsvInPlace(image, hsvTables(hue, saturation, value));
  },
};

const verticalFlip: PixelStage = {
  name: 'flipud',
  apply({ image, labels }, hyp, random) {
    if (!(random.uniform(0, 1) < hyp.flipud)) return;
    flipVerticallyInPlace(image);
    flipLabelsInPlace(labels, 2);
  },
};

const horizontalFlip: PixelStage = {
  name: 'fliplr',
  apply({ image, labels }, hyp, random) {
    if (!(random.uniform(0, 1) < hyp.fliplr)) return;
    flipHorizontallyInPlace(image);
    flipLabelsInPlace(labels, 1);
  },
};

/** What happens to a finished picture, in the reference's order. */
export const PIXEL_STAGES: readonly PixelStage[] = [colourJitter, verticalFlip, horizontalFlip];

/** Runs all stages, each on its own draws. */
export function applyPixelStages(sample: FinishedScene, hyp: Hyp, drawsFor: DrawsFor): void {
  for (const stage of PIXEL_STAGES) stage.apply(sample, hyp, drawsFor(stage.name));
}
