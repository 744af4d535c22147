/** What decides about a generated data set; equal parameters give equal files. */
export interface ShapesParams {
  readonly trainImages: number;
  readonly valImages: number;
  /** Side of the square pictures, pixels. */
  readonly imgsz: number;
  readonly seed: number;
}

/** The classes, in the order of their numbers. */
export const SHAPE_NAMES = ['circle', 'rectangle', 'triangle'] as const;

/** Raise when the drawings change, so that cached data sets of older versions are not taken for new ones. */
export const SHAPES_VERSION = 1;
