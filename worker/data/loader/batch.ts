/** What a loader hands to the trainer. */
import type { SerializedError } from '../../../proto/errors.js';

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
  /** Network images: a quarter of the items with the quad collate. */
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
  /** Shape that samples are composed at, pixels; also that of the batch, unless one of the next two says otherwise. */
  readonly height: number;
  readonly width: number;
  /** Four samples share one network image of twice the shape (`batch-layout.ts`). @defaultValue false */
  readonly quad?: boolean | undefined;
  /** Shape of the network images, pixels; samples are resized to it. */
  readonly scaledTo?: { readonly height: number; readonly width: number } | undefined;
  /** Per image how often it came before in this epoch, so that its draws differ. @defaultValue all 0 */
  readonly turns?: Int32Array | undefined;
  /** What further images of mosaics are drawn from, in shared memory. @defaultValue every image once */
  readonly pool?: Int32Array | undefined;
}
