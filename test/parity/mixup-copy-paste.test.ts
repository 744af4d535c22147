import { describe, expect, it } from 'vitest';
import { pasteMirrored } from '../../worker/data/augment/copy-paste.js';
import { mixScenes } from '../../worker/data/augment/mixup.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';
import { imageDifference, maxDifference, rgbImage } from '../support/rgb.js';

interface MixupCase {
  draws: [{ value: number }];
  image1: TensorEntry;
  image2: TensorEntry;
  labels1: TensorEntry;
  labels2: TensorEntry;
  result: TensorEntry;
  result_labels: TensorEntry;
}
interface CopyPasteCase {
  p: number;
  draws: { value: number[] }[];
  image: TensorEntry;
  labels: TensorEntry;
  segments: TensorEntry[];
  result: TensorEntry;
  result_labels: TensorEntry;
  result_segments: TensorEntry[];
}

describe('mixup against the reference', () => {
  it.each(readFixture<{ mixup: MixupCase[] }>('augment').mixup.map((c, i) => [i, c] as const))(
    'case %i: every byte and all labels',
    (_, c) => {
      const scene = (image: TensorEntry, labels: TensorEntry) => ({
        image: rgbImage(image),
        labels: tensor(labels).data,
        polygons: [],
      });
      const mixed = mixScenes(scene(c.image1, c.labels1), scene(c.image2, c.labels2), c.draws[0].value);
      expect(imageDifference(mixed.image, rgbImage(c.result)).max).toBe(0);
      expect(mixed.labels).toEqual(tensor(c.result_labels).data);
    },
  );
});

describe('copy-paste against the reference', () => {
  it.each(readFixture<{ copy_paste: CopyPasteCase[] }>('augment_images').copy_paste.map((c, i) => [i, c] as const))(
    'case %i: every byte, labels and outlines',
    (_, c) => {
      const image = rgbImage(c.image);
      const polygons = c.segments.map((segment) => tensor(segment).data);
      // The case without draws has a share of nothing, or nothing to choose from.
      const chosen = c.draws.flatMap((draw) => draw.value);
      const pasted = pasteMirrored({ image, labels: tensor(c.labels).data, polygons }, chosen);
      expect(imageDifference(pasted.image, rgbImage(c.result)).max).toBe(0);
      expect(maxDifference(pasted.labels, tensor(c.result_labels).data)).toBeLessThan(1e-3);
      expect(pasted.polygons.length).toBe(c.result_segments.length);
      c.result_segments.forEach((segment, i) => {
        expect(maxDifference(pasted.polygons[i]!, tensor(segment).data)).toBeLessThan(1e-3);
      });
    },
  );
});
