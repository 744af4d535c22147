import { expect, it } from 'vitest';
import { classWeights, imageWeights } from '../../worker/data/plans/image-weights.js';
import { readFixture, type TensorEntry, tensor64 } from '../support/fixtures.js';
import { maxDifference } from '../support/rgb.js';

interface Misc {
  class_weights: { nc: number; classes_per_image: number[][]; class_weights: TensorEntry; image_weights: TensorEntry };
}

it('class and image weights are those of the reference', () => {
  const c = readFixture<Misc>('misc').class_weights;
  const counts = new Int32Array(c.nc);
  for (const classId of c.classes_per_image.flat()) counts[classId]! += 1;
  const perClass = classWeights(counts);
  expect(maxDifference(perClass, tensor64(c.class_weights).data)).toBeLessThan(1e-9);
  const rows = c.classes_per_image.map((classes) => Float32Array.from(classes.flatMap((id) => [id, 0, 0, 0, 0])));
  // The fixture's image weights are made of class weights times the number of classes.
  const weights = imageWeights(
    rows.length,
    (index) => rows[index]!,
    perClass.map((weight) => weight * c.nc),
  );
  expect(maxDifference(weights, tensor64(c.image_weights).data)).toBeLessThan(1e-9);
});
