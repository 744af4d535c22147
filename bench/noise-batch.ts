/** Input for steps whose speed is measured: no files, no decoding. */
import { randomStream } from '../proto/random.js';
import type { Batch } from '../worker/data/loader/batch.js';

/** About as many as an image of COCO has. */
export const BOXES_PER_IMAGE = 7;

/** Returns a batch of square noise with {@link BOXES_PER_IMAGE} boxes on each image; the same for the same arguments. */
export function noiseBatch(numImages: number, imgsz: number, nc: number): Batch {
  const random = randomStream(0, 'bench step');
  const images = new Uint8Array(numImages * imgsz * imgsz * 3);
  for (let i = 0; i < images.length; i++) images[i] = Math.imul(i, 2654435761) >>> 24;
  const rows = Array.from({ length: numImages * BOXES_PER_IMAGE }, (_, i) => [
    Math.floor(i / BOXES_PER_IMAGE),
    random.integer(0, nc - 1),
    random.uniform(0.2, 0.8),
    random.uniform(0.2, 0.8),
    random.uniform(0.05, 0.4),
    random.uniform(0.05, 0.4),
  ]);
  return {
    epoch: 0,
    images,
    numImages,
    height: imgsz,
    width: imgsz,
    targets: Float32Array.from(rows.flat()),
    numTargets: rows.length,
    items: [],
    badItems: [],
    release: () => {},
  };
}
