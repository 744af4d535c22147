import { expect, it } from 'vitest';
import { ConfusionMatrix } from '../../../worker/eval/confusion-matrix.js';

const detection = (classId: number, x = 0) => [x, 0, x + 10, 10, 0.9, classId];
const label = (classId: number, x = 0) => [classId, x, 0, x + 10, 10];

function matrixOf(detections: number[][], labels: number[][], asReference = false): number[] {
  const matrix = new ConfusionMatrix({ nc: 2, asReference });
  matrix.addImage(
    { numDetections: detections.length, rows: Float32Array.from(detections.flat()) },
    Float32Array.from(labels.flat()),
  );
  return [...matrix.counts];
}

it('a pair counts under predicted and true class, whatever the classes', () => {
  expect(matrixOf([detection(1)], [label(0)])).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

it('Q17: false alarms count in images where nothing matches and in images without labels', () => {
  // Row 1 (predicted 1), last column (background); the missed label of class 0 in the last row.
  expect(matrixOf([detection(1, 100)], [label(0)])).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0]);
  expect(matrixOf([detection(1)], [])).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0]);
  // The reference leaves both out.
  expect(matrixOf([detection(1, 100)], [label(0)], true)).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0]);
  expect(matrixOf([detection(1)], [], true)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

it('of two detections on one label the better overlap is the pair, the other a false alarm', () => {
  expect(matrixOf([detection(0, 2), detection(1)], [label(0)])).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 0]);
});
