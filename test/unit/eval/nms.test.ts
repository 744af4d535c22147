import { expect, it } from 'vitest';
import { nonMaxSuppression } from '../../../worker/eval/nms.js';

// The example of the specification: rows cx cy w h objectness | three class scores.
const predictions = Float32Array.from(
  [
    [50, 50, 20, 20, 0.9, 0.9, 0.8, 0],
    [52, 50, 20, 20, 0.8, 0.95, 0.1, 0],
    [150, 50, 20, 20, 0.7, 0.2, 0.3, 0.9],
    [50, 50, 20, 20, 0.0009, 1, 1, 1],
    [50, 50, 20, 20, 0.5, 0.3, 0.3, 0.3],
  ].flat(),
);
const options = { nc: 3, confThres: 0.25, iouThres: 0.45 };

function scoresAndClasses(rows: Float32Array): [number, number][] {
  return Array.from({ length: rows.length / 6 }, (_, i) => [Number(rows[i * 6 + 4]!.toFixed(4)), rows[i * 6 + 5]!]);
}

it('the best class of each box survives once per object', () => {
  // .9·.9 = .81 suppresses .8·.95 = .76 (IoU 18·20/(2·400 − 360) = .82); .7·.9 = .63 stands alone; .5·.3 is below .25.
  const { rows } = nonMaxSuppression(predictions, options);
  expect(scoresAndClasses(rows)).toEqual([
    [0.81, 0],
    [0.63, 2],
  ]);
  expect([...rows.subarray(0, 4)]).toEqual([40, 40, 60, 60]);
});

it('with several labels a box keeps every class that passes, unless classes suppress each other', () => {
  const multi = nonMaxSuppression(predictions, { ...options, multiLabel: true });
  expect(scoresAndClasses(multi.rows)).toEqual([
    [0.81, 0],
    [0.72, 1],
    [0.63, 2],
  ]);
  const agnostic = nonMaxSuppression(predictions, { ...options, multiLabel: true, agnostic: true });
  expect(scoresAndClasses(agnostic.rows)).toEqual([
    [0.81, 0],
    [0.63, 2],
  ]);
});

it('Q19: boxes of different classes never meet, however large the image', () => {
  // 4096 px apart: with the reference's class offset the box of class 0 would lie on that of class 1.
  const large = Float32Array.from([[4196, 4196, 50, 50, 1, 0.9, 0].concat([100, 100, 50, 50, 1, 0, 0.8])].flat());
  const ours = nonMaxSuppression(large, { nc: 2, confThres: 0.25, iouThres: 0.45 });
  expect(ours.numDetections).toBe(2);
  const asReference = nonMaxSuppression(large, { nc: 2, confThres: 0.25, iouThres: 0.45, classOffsetPx: 4096 });
  expect(asReference.numDetections).toBe(1);
});

it('Q18: a crowded image is never given up, however long it takes', () => {
  // 200 boxes side by side: all survive up to the limit, none overlaps.
  const n = 200;
  const crowd = Float32Array.from(Array.from({ length: n }, (_, i) => [i * 30, 10, 20, 20, 1, 0.5 + i / 1000]).flat());
  const all = nonMaxSuppression(crowd, { nc: 1, confThres: 0.001, iouThres: 0.6 });
  expect(all.numDetections).toBe(n);
  expect(nonMaxSuppression(crowd, { nc: 1, confThres: 0.001, iouThres: 0.6, maxDet: 7 }).numDetections).toBe(7);
});

it('predictions that are not numbers are dropped', () => {
  const bad = Float32Array.of(10, 10, 5, 5, Number.NaN, 1, 10, 10, 5, 5, 1, Number.NaN);
  expect(nonMaxSuppression(bad, { nc: 1, confThres: 0.1, iouThres: 0.5 }).numDetections).toBe(0);
});

it('thresholds outside 0–1 and rows of another width are refused', () => {
  const code = expect.objectContaining({ code: 'CONFIG_INVALID_VALUE' });
  expect(() => nonMaxSuppression(predictions, { ...options, iouThres: 1.5 })).toThrow(code);
  expect(() => nonMaxSuppression(predictions, { ...options, confThres: Number.NaN })).toThrow(code);
  expect(() => nonMaxSuppression(predictions, { ...options, nc: 4 })).toThrow(code);
});
