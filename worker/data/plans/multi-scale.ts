/** Training at changing sizes: one size per step, the same on every rank because it is drawn from the step's number. */
import { randomStream } from '../../../proto/random.js';

/** Sizes run from half to one and a half of the image size. */
const SMALLEST = 0.5;
const LARGEST = 1.5;

/**
 * The long side of a step's batches: a multiple of `stride` from half to one and a half of `imgsz`.
 * @param step counted from the start of the run
 */
export function multiScaleSize(imgsz: number, seed: number, step: number, stride: number = 32): number {
  const low = Math.trunc(imgsz * SMALLEST);
  const high = Math.trunc(imgsz * LARGEST) + stride - 1;
  const drawn = randomStream(seed, 'multi-scale', step).integer(low, high);
  // Half a size that is an odd multiple of the stride rounds down, but never to nothing.
  return Math.max(Math.floor(drawn / stride) * stride, stride);
}

/** A shape scaled so that its long side becomes `size`; each side is raised to a multiple of `stride`. Pixels. */
export function scaleShape(
  shape: { readonly height: number; readonly width: number },
  size: number,
  stride: number = 32,
): { height: number; width: number } {
  const factor = size / Math.max(shape.height, shape.width);
  const scaled = (side: number): number => Math.ceil((side * factor) / stride) * stride;
  return { height: scaled(shape.height), width: scaled(shape.width) };
}
