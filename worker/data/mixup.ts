/** MixUp: two finished scenes seen through each other. */
import type { Scene } from './augment.js';

/** Both shapes of the beta distribution that the share is drawn from, as in the reference: close to one half. */
export const MIXUP_BETA_SHAPE = 32;

/**
 * The blend of two scenes of the same size: every byte is ratio · a + (1 − ratio) · b with its fraction cut off; the
 * labels of both follow each other. The first scene's pixels are overwritten and returned.
 * @param ratio share of `a`, from 0 to 1
 */
export function mixScenes(a: Scene, b: Scene, ratio: number): Scene {
  const { data } = a.image;
  const other = b.image.data;
  const rest = 1 - ratio;
  for (let i = 0; i < data.length; i++) data[i] = data[i]! * ratio + other[i]! * rest;
  const labels = new Float32Array(a.labels.length + b.labels.length);
  labels.set(a.labels);
  labels.set(b.labels, a.labels.length);
  return { image: a.image, labels, polygons: [] };
}
