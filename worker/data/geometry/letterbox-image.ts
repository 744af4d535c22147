import { copyRectangle, filledImage, type RgbImage } from '../images/image.js';
import { resizeBilinear } from '../images/resize.js';
import { type LetterboxGeometry, type LetterboxOptions, letterboxGeometry } from './letterbox.js';

/**
 * The picture scaled to fit `targetHeight`×`targetWidth` and padded with grey, and where it went. A picture that fills
 * the target as it is comes back itself, not a copy.
 */
export function letterboxImage(
  source: RgbImage,
  targetHeight: number,
  targetWidth: number,
  options: LetterboxOptions = {},
): { image: RgbImage; geometry: LetterboxGeometry } {
  const geometry = letterboxGeometry(source.height, source.width, targetHeight, targetWidth, options);
  const resized = resizeBilinear(source, geometry.width, geometry.height);
  if (resized.width === geometry.outWidth && resized.height === geometry.outHeight) return { image: resized, geometry };
  const image = filledImage(geometry.outWidth, geometry.outHeight);
  copyRectangle(resized, image, { x: 0, y: 0 }, { x: geometry.left, y: geometry.top }, resized);
  return { image, geometry };
}
