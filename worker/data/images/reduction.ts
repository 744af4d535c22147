/** By how much pictures are reduced while they are decoded, before they are resized to what is wanted. */

/** Of so many pixels of each row and each column one is made. */
export type Reduction = 1 | 2 | 4 | 8;

/** Pixels; perhaps with fractions where a size is only calculated with. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** From the largest on. */
const REDUCTIONS = [8, 4, 2] as const;
/** What is resized is at least so many times as large as what is wanted, so that the resizing still decides how sharp it gets. */
const LEAST_SCALE = 2;

/**
 * The largest reduction that leaves a picture at least twice as large as it is wanted.
 * @param longSide,wantedLongSide pixels
 */
export function reductionFor(longSide: number, wantedLongSide: number): Reduction {
  return REDUCTIONS.find((reduction) => longSide / reduction >= LEAST_SCALE * wantedLongSide) ?? 1;
}

/** Size of a reduced picture; its last column and row may stand for fewer pixels. */
export function reducedSize({ width, height }: Size, reduction: Reduction): Size {
  return { width: Math.ceil(width / reduction), height: Math.ceil(height / reduction) };
}
