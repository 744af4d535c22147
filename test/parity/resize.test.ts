import { describe, expect, it } from 'vitest';
import { letterboxGeometry } from '../../worker/data/geometry/letterbox.js';
import { letterboxImage } from '../../worker/data/geometry/letterbox-image.js';
import { longSideSize } from '../../worker/data/geometry/placement.js';
import { resizeArea, resizeBilinear } from '../../worker/data/images/resize.js';
import { readFixture, type TensorEntry } from '../support/fixtures.js';
import { imageDifference, maxDifference, rgbImage } from '../support/rgb.js';

interface LetterboxCase {
  what: 'letterbox';
  content: string;
  options: { new_shape: number | [number, number]; auto: boolean; scaleup?: boolean; stride?: number };
  image: TensorEntry;
  result: TensorEntry;
  ratio_wh: [number, number];
  pad_wh: [number, number];
}
interface LoadCase {
  what: 'load_image';
  img_size: number;
  interpolation: 'area' | 'bilinear' | 'none';
  image: TensorEntry;
  result: TensorEntry;
  original_hw: [number, number];
  resized_hw: [number, number];
}

const { resize: cases } = readFixture<{ resize: (LetterboxCase | LoadCase)[] }>('augment_images');
const letterboxCases = cases.filter((c) => c.what === 'letterbox');
const loadCases = cases.filter((c) => c.what === 'load_image');

describe('resizing against the reference', () => {
  it.each(letterboxCases.map((c, i) => [i, c] as const))('letterboxes picture %i within one level', (_, c) => {
    const { new_shape: shape, auto, scaleup, stride } = c.options;
    const [height, width] = typeof shape === 'number' ? [shape, shape] : shape;
    const { image } = letterboxImage(rgbImage(c.image), height, width, {
      auto,
      scaleUp: scaleup ?? true,
      stride: stride ?? 32,
    });
    const expected = rgbImage(c.result);
    const [sourceHeight, sourceWidth] = c.image.shape as [number, number];
    const geometry = letterboxGeometry(sourceHeight, sourceWidth, height, width, {
      auto,
      scaleUp: scaleup ?? true,
      stride: stride ?? 32,
    });
    expect(maxDifference([geometry.ratioW, geometry.ratioH], c.ratio_wh)).toBeLessThan(1e-9);
    expect([geometry.padW, geometry.padH]).toEqual(c.pad_wh);
    expect([image.height, image.width]).toEqual([expected.height, expected.width]);
    // The fixture allows one level against exact arithmetic.
    expect(imageDifference(image, expected).max).toBeLessThanOrEqual(1);
  });

  it.each(loadCases.map((c, i) => [i, c.interpolation, c] as const))(
    'loads picture %i to its long side, %s',
    (_, interpolation, c) => {
      const [height, width] = c.resized_hw;
      const source = rgbImage(c.image);
      const size = longSideSize(...c.original_hw, c.img_size);
      expect([size.height, size.width]).toEqual(c.resized_hw);
      const image =
        interpolation === 'area' ? resizeArea(source, width, height) : resizeBilinear(source, width, height);
      expect(imageDifference(image, rgbImage(c.result)).max).toBeLessThanOrEqual(interpolation === 'bilinear' ? 1 : 0);
    },
  );
});
