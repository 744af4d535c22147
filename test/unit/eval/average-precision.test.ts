import { expect, it } from 'vitest';
import { averagePrecision, averagePrecisionPerClass } from '../../../worker/eval/average-precision.js';
import { matchDetections } from '../../../worker/eval/match.js';

it('Q15: a perfect detector reaches .995, precision 1 up to recall .5 gives .75', () => {
  // The closing point (1, 0) costs the last of 100 trapezoids half its height: 1 − .01/2.
  expect(averagePrecision([0.5, 1], [1, 1])).toBeCloseTo(0.995, 12);
  // 1 up to .5, then a straight line down to (1, 0): .5 + .5/2.
  expect(averagePrecision([0.25, 0.5], [1, 1])).toBeCloseTo(0.75, 12);
});

it('Q16: a class without detections counts with 0, a class without labels not at all', () => {
  const { classes } = averagePrecisionPerClass({
    hits: Uint16Array.of(1, 0, 1, 1, 0),
    scores: Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5),
    classes: [0, 0, 0, 1, 1],
    labelClasses: [0, 0, 1, 2],
    numThresholds: 1,
  });
  const digits = (value: number) => Number(value.toFixed(5));
  expect(classes.map((c) => [c.classId, digits(c.ap[0]!), digits(c.precision), c.recall])).toEqual([
    [0, 0.82833, 0.66667, 1],
    [1, 0.995, 0.998, 1],
    [2, 0, 0, 0],
  ]);
});

it('Q14: the first detection of an object wins, also against one that fits better', () => {
  // Label 0,0,100,100. First box 57 px wide: IoU .57, true at .5 and .55 (bits 0 and 1). Second: IoU .96, never true.
  const rows = Float32Array.of(0, 0, 57, 100, 0.9, 0, 0, 0, 96, 100, 0.8, 0);
  expect([...matchDetections({ numDetections: 2, rows }, Float32Array.of(0, 0, 0, 100, 100))]).toEqual([0b11, 0]);
});

it('detections of another class never match', () => {
  const rows = Float32Array.of(0, 0, 100, 100, 0.9, 1);
  expect([...matchDetections({ numDetections: 1, rows }, Float32Array.of(0, 0, 0, 100, 100))]).toEqual([0]);
});
