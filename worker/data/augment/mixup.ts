/** MixUp: two finished scenes seen through each other. */

import type { RgbImage } from '../images/image.js';
import type { Scene } from './augment.js';

/** Both shapes of the beta distribution that the share is drawn from, as in the reference: close to one half. */
export const MIXUP_BETA_SHAPE = 32;

/**
 * The blend of two pictures of the same size: every byte is ratio · a + (1 − ratio) · b with its fraction cut off. The first
 * picture is overwritten and returned.
 * @param ratio share of `a`, from 0 to 1
 */
export function mixImages(a: RgbImage, b: RgbImage, ratio: number): RgbImage {
  const { data } = a;
  const other = b.data;
  const rest = 1 - ratio;
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * ratio + other[i]! * rest;
  return a;
}

/** The label rows of both, one after the other. */
export function joinLabels(a: Float32Array, b: Float32Array): Float32Array {
  const labels = new Float32Array(a.length + b.length);
  labels.set(a);
  labels.set(b, a.length);
  return labels;
}

/** The blend of two scenes; see {@link mixImages}. */
export function mixScenes(a: Scene, b: Scene, ratio: number): Scene {
  return { image: mixImages(a.image, b.image, ratio), labels: joinLabels(a.labels, b.labels), polygons: [] };
}
