/** What a loader hands to the trainer. */
import type { SerializedError } from '../../proto/errors.js';

/** One image of a batch. */
export interface BatchItem {
  /** Its number in the data set. */
  readonly index: number;
  readonly path: string;
  readonly nativeWidth: number;
  readonly nativeHeight: number;
  /** native → network: x · gain + pad, unless the sample was augmented. */
  readonly gain: readonly [h: number, w: number];
  readonly pad: readonly [w: number, h: number];
}

/** An image that could not be read; in the batch it is grey and without labels. */
export interface BadItem {
  readonly index: number;
  readonly path: string;
  readonly error: SerializedError;
}

/** One batch, ready for the network. */
export interface Batch {
  readonly epoch: number;
  /** [numImages, height, width, 3] RGB bytes in shared memory, valid until {@link release}. */
  readonly images: Uint8Array;
  readonly numImages: number;
  readonly height: number;
  readonly width: number;
  /** Rows (image in the batch, class, cx, cy, w, h), normalised to the batch's height and width; [numTargets, 6]. */
  readonly targets: Float32Array;
  readonly numTargets: number;
  readonly items: readonly BatchItem[];
  readonly badItems: readonly BadItem[];
  /** Gives the pixels' memory back to the loader; calling it again does nothing. */
  release(): void;
}

/** Which batch to make. */
export interface BatchRequest {
  readonly epoch: number;
  /** Images in the order in which they lie in the batch; none is fine. */
  readonly indices: Int32Array;
  /** Pixels. */
  readonly height: number;
  readonly width: number;
}
