/**
 * Where a picture lands in the network's input and how boxes travel there and back. Geometry only; the pixels are
 * moved by `resize.ts` and `image.ts`. Numbers as in the reference (reference rounding: half to even).
 */
import { roundHalfEven } from '../../../proto/rounding.js';

/** What {@link letterboxGeometry} decides. */
export interface LetterboxGeometry {
  readonly outHeight: number;
  readonly outWidth: number;
  /** native → network factor per axis. */
  readonly ratioW: number;
  readonly ratioH: number;
  /** Padding per side in pixels, possibly a half. */
  readonly padW: number;
  readonly padH: number;
  /** Where the resized picture lies in the output. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface LetterboxOptions {
  /** Pad only up to the next multiple of the stride. @defaultValue true */
  readonly auto?: boolean;
  /** Stretch to the target instead of padding. @defaultValue false */
  readonly scaleFill?: boolean;
  /** Allow enlarging. @defaultValue true */
  readonly scaleUp?: boolean;
  /** Pixels. @defaultValue 32 */
  readonly stride?: number;
}

/**
 * The placement of a picture of the given size in a target: scaled by one factor to fit, then padded evenly.
 * @param height,width native size in pixels
 * @param targetHeight,targetWidth the box to fit in, pixels
 */
export function letterboxGeometry(
  height: number,
  width: number,
  targetHeight: number,
  targetWidth: number,
  options: LetterboxOptions = {},
): LetterboxGeometry {
  const { auto = true, scaleFill = false, scaleUp = true, stride = 32 } = options;
  let ratio = Math.min(targetHeight / height, targetWidth / width);
  if (!scaleUp) ratio = Math.min(ratio, 1);
  let ratioW = ratio;
  let ratioH = ratio;
  let newWidth = roundHalfEven(width * ratio);
  let newHeight = roundHalfEven(height * ratio);
  let padW = targetWidth - newWidth;
  let padH = targetHeight - newHeight;
  if (auto) {
    // The remainder takes the sign of the divisor, as in Python; a negative one cannot occur without scaleFill.
    padW = ((padW % stride) + stride) % stride;
    padH = ((padH % stride) + stride) % stride;
  } else if (scaleFill) {
    padW = 0;
    padH = 0;
    newWidth = targetWidth;
    newHeight = targetHeight;
    ratioW = targetWidth / width;
    ratioH = targetHeight / height;
  }
  padW /= 2;
  padH /= 2;
  // ±0.1 sends the odd pixel of an odd padding to the bottom and right.
  const top = roundHalfEven(padH - 0.1);
  const bottom = roundHalfEven(padH + 0.1);
  const left = roundHalfEven(padW - 0.1);
  const right = roundHalfEven(padW + 0.1);
  return {
    outHeight: newHeight + top + bottom,
    outWidth: newWidth + left + right,
    ratioW,
    ratioH,
    padW,
    padH,
    left,
    top,
    width: newWidth,
    height: newHeight,
  };
}

/** `size` rounded up to a multiple of `stride`, and not below `floor` (pixels). */
export function checkImageSize(size: number, stride: number, floor: number = 0): number {
  return Math.max(Math.ceil(size / stride) * stride, floor);
}
