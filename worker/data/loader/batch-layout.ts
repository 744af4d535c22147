/**
 * Where the samples of a batch lie in its pixels. Usually one sample fills one network image; with the quad collate
 * four share one (or the first of four fills it alone, enlarged), and multi-scale batches are of another size than their
 * samples. Pure: the layout depends on the request and the seed only.
 */
import { randomStream } from '../../../proto/random.js';
import type { BatchRequest } from './batch.js';

/** A rectangle of the batch's pixels that one sample fills, and how its labels move there. */
export interface Cell {
  /** Which network image of the batch. */
  readonly image: number;
  /** Pixels within the network image. */
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export interface BatchLayout {
  /** Network images. */
  readonly numImages: number;
  /** Shape of a network image, pixels. */
  readonly height: number;
  readonly width: number;
  /** By position in the request; undefined: the sample is not used. */
  readonly cells: readonly (Cell | undefined)[];
  /** Cells without a sample, which stay grey. */
  readonly empty: readonly Cell[];
}

/** Samples per network image of the quad collate. */
export const QUAD = 4;
/** How often the first sample of a group is enlarged instead of being joined by the others. */
const ENLARGE_PROBABILITY = 0.5;

/** The layout of a request. */
export function layoutBatch(request: BatchRequest, seed: number): BatchLayout {
  const { indices, quad = false } = request;
  const factor = quad ? 2 : 1;
  const height = request.scaledTo?.height ?? request.height * factor;
  const width = request.scaledTo?.width ?? request.width * factor;
  const whole = (image: number): Cell => ({ image, top: 0, left: 0, height, width });
  if (!quad)
    return { numImages: indices.length, height, width, cells: Array.from(indices, (_, i) => whole(i)), empty: [] };
  const numImages = Math.ceil(indices.length / QUAD);
  const cells: (Cell | undefined)[] = [];
  const empty: Cell[] = [];
  for (let image = 0; image < numImages; image++) {
    const first = image * QUAD;
    const random = randomStream(seed, 'quad', request.epoch, indices[first]!, request.turns?.[first] ?? 0);
    // A last group of fewer than four is always laid out as a grid, so that no image of it is dropped.
    const enlarged = random.uniform(0, 1) < ENLARGE_PROBABILITY && first + QUAD <= indices.length;
    for (let k = 0; k < QUAD; k++) {
      if (enlarged) {
        cells.push(k === 0 ? whole(image) : undefined);
        continue;
      }
      // The second lies below the first, the third right of it.
      const cell = {
        image,
        top: (k % 2) * (height / 2),
        left: Math.floor(k / 2) * (width / 2),
        height: height / 2,
        width: width / 2,
      };
      if (first + k < indices.length) cells.push(cell);
      else empty.push(cell);
    }
  }
  return { numImages, height, width, cells, empty };
}

/**
 * A sample's label rows as target rows (image, class, cx, cy, w, h) of the batch, normalised to the network image.
 * @param labels rows (class, cx, cy, w, h), normalised to the cell
 */
export function targetRows(labels: Float32Array, cell: Cell, layout: BatchLayout): number[] {
  const scaleX = cell.width / layout.width;
  const scaleY = cell.height / layout.height;
  const shiftX = cell.left / layout.width;
  const shiftY = cell.top / layout.height;
  const rows: number[] = [];
  for (let i = 0; i < labels.length; i += 5) {
    rows.push(
      cell.image,
      labels[i]!,
      labels[i + 1]! * scaleX + shiftX,
      labels[i + 2]! * scaleY + shiftY,
      labels[i + 3]! * scaleX,
      labels[i + 4]! * scaleY,
    );
  }
  return rows;
}
