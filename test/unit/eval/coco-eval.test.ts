import { expect, it } from 'vitest';
import { type CocoGroundTruth, evaluateCoco } from '../../../worker/eval/coco-eval.js';

const truth: CocoGroundTruth = {
  images: [{ id: 1 }, { id: 2 }],
  categories: [{ id: 7, name: 'cat' }, { id: 9 }],
  annotations: [
    { image_id: 1, category_id: 7, bbox: [0, 0, 100, 100], area: 10_000 },
    { image_id: 2, category_id: 7, bbox: [0, 0, 10, 10], area: 100 },
  ],
};
const onFirst = { image_id: 1, category_id: 7, bbox: [0, 0, 100, 100], score: 0.9 };

it('one of two objects found gives precision 1 up to recall .5, as a step', () => {
  // Recalls 0, .01 … .5 are 51 of 101 points. The found object is large, the other small; category 9 has none.
  const result = evaluateCoco(truth, [onFirst]);
  expect(result.ap).toBeCloseTo(51 / 101, 12);
  expect([result.apLarge, result.apSmall, result.apMedium]).toEqual([expect.closeTo(1, 12), 0, -1]);
  expect([result.arMax1, result.arLarge]).toEqual([0.5, 1]);
  expect(result.perCategory.map(({ id, name, numObjects }) => [id, name, numObjects])).toEqual([[7, 'cat', 2]]);
});

it('a detection takes the best free object, unlike the native mAP', () => {
  // IoU .57 with the higher score, then .96: at .5 the first takes the object; from .6 on only the second can.
  const detections = [
    { ...onFirst, bbox: [0, 0, 57, 100], score: 0.9 },
    { ...onFirst, bbox: [0, 0, 96, 100], score: 0.8 },
  ];
  const { apPerIou } = evaluateCoco(truth, detections, { imageIds: [1] });
  // Alone behind one false alarm: precision 1/2 at every recall.
  expect(apPerIou.map((ap) => Number(ap.toFixed(6)))).toEqual([1, 1, ...Array<number>(8).fill(0.5)]);
});

it('detections on a crowd count neither for nor against', () => {
  const withCrowd = {
    ...truth,
    annotations: [
      ...truth.annotations,
      { image_id: 1, category_id: 7, bbox: [200, 0, 300, 300], area: 9e4, iscrowd: 1 },
    ],
  };
  const inCrowd = [210, 250, 300].map((x) => ({ image_id: 1, category_id: 7, bbox: [x, 10, 20, 20], score: 0.95 }));
  // Only where one detection per image counts do they matter: they rank before the good one.
  expect(evaluateCoco(withCrowd, [onFirst, ...inCrowd])).toEqual({ ...evaluateCoco(truth, [onFirst]), arMax1: 0 });
});

it('without objects every figure is -1', () => {
  const result = evaluateCoco({ ...truth, annotations: [] }, [onFirst]);
  expect([result.ap, result.arMax100, result.perCategory]).toEqual([-1, -1, []]);
});

it('a detection in an image that the ground truth does not list is an error', () => {
  const stray = { ...onFirst, image_id: 77 };
  expect(() => evaluateCoco(truth, [stray])).toThrow(expect.objectContaining({ code: 'DATA_UNKNOWN_IMAGE' }));
});
