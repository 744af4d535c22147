import { expect, it } from 'vitest';
import { boxIou, labelsToNative, scaleToNative, xywhToXyxy, xyxyToXywh } from '../../../worker/eval/boxes.js';

it('overlap is intersection over union, and nothing is added to it', () => {
  // 10×10 boxes shifted by 5 both ways: 25 / (100 + 100 − 25) = 1/7.
  expect(boxIou([0, 0, 10, 10], 0, [5, 5, 15, 15], 0)).toBe(25 / 175);
  expect(boxIou([0, 0, 10, 10], 0, [0, 0, 10, 10], 0)).toBe(1);
  expect(boxIou([0, 0, 10, 10], 0, [10, 0, 20, 10], 0)).toBe(0);
  expect(boxIou([3, 3, 3, 3], 0, [3, 3, 3, 3], 0)).toBeNaN();
});

it('corners and centre with size are inverse to each other', () => {
  const corners = new Float32Array(4);
  xywhToXyxy([50, 40, 20, 10], 0, corners, 0);
  expect([...corners]).toEqual([40, 35, 60, 45]);
  const centre = new Float32Array(4);
  xyxyToXywh(corners, 0, centre, 0);
  expect([...centre]).toEqual([50, 40, 20, 10]);
});

const mapping = {
  ...{ nativeWidth: 100, nativeHeight: 50 },
  ...({ gain: [2, 2.5], pad: [10, 20] } as const),
};

it('Q43: boxes go back to the image by the gain of the height on both axes, clipped to the image', () => {
  // (30 − 10)/2 = 10, (40 − 20)/2 = 10, (130 − 10)/2 = 60, (400 − 20)/2 = 190 → 50.
  const rows = Float32Array.of(9, 30, 40, 130, 400);
  scaleToNative(rows, 1, 5, 1, mapping);
  expect([...rows]).toEqual([9, 10, 10, 60, 50]);
});

it('labels take the same way as detections', () => {
  // Centre (.5·200, .5·100) = (100, 50), size (80, 20): corners 60, 40, 140, 60 → (60−10)/2, (40−20)/2, (140−10)/2, (60−20)/2.
  const labels = labelsToNative(Float32Array.of(3, 0.5, 0.5, 0.4, 0.2), 200, 100, mapping);
  expect([...labels]).toEqual([3, 25, 10, 65, 20]);
});
