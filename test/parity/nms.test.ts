import { describe, expect, it } from 'vitest';
import { type Detections, type NmsOptions, nonMaxSuppression } from '../../worker/eval/nms.js';
import { type FixtureTensor, readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface CaseOptions {
  readonly conf_thres: number;
  readonly iou_thres: number;
  readonly classes?: readonly number[] | null;
  readonly agnostic?: boolean;
  readonly multi_label?: boolean;
  readonly max_det?: number;
  readonly labels?: readonly TensorEntry[];
}
interface NmsCase {
  readonly predictions: string;
  readonly options: CaseOptions;
  readonly output: readonly TensorEntry[];
  readonly score_ties?: number;
  readonly margins?: { readonly iou?: number | string };
}
interface NmsFixture {
  readonly predictions: Readonly<Record<string, TensorEntry>>;
  readonly cases: readonly NmsCase[];
  readonly defaults: Omit<CaseOptions, 'conf_thres' | 'iou_thres'>;
  readonly max_candidates: number;
  readonly class_offset_px: number;
}

const fixture = readFixture<NmsFixture>('nms');

function suppress(
  predictions: FixtureTensor<Float32Array>,
  image: number,
  given: CaseOptions,
  classOffsetPx?: number,
): Detections {
  const options = { ...fixture.defaults, ...given };
  const [, numRows, numColumns] = predictions.shape as [number, number, number];
  const known = options.labels?.[image];
  const nmsOptions: NmsOptions = {
    nc: numColumns - 5,
    confThres: options.conf_thres,
    iouThres: options.iou_thres,
    classes: options.classes ?? undefined,
    agnostic: options.agnostic ?? false,
    multiLabel: options.multi_label ?? false,
    maxDet: options.max_det ?? 300,
    labels: known === undefined ? undefined : tensor(known).data,
    maxCandidates: fixture.max_candidates,
    classOffsetPx,
  };
  const size = numRows * numColumns;
  return nonMaxSuppression(predictions.data.subarray(image * size, (image + 1) * size), nmsOptions);
}

function toRows(data: Float32Array): number[][] {
  return Array.from({ length: data.length / 6 }, (_, i) => [...data.subarray(i * 6, i * 6 + 6)]);
}

/** Coordinates 1e-3 px and scores 1e-6: float32 rounding of sums of a few hundred pixels, as the fixtures' README gives them. */
function expectSameRows(actual: Float32Array, expected: Float32Array, hasTies: boolean): void {
  expect(actual.length).toBe(expected.length);
  const [ours, theirs] = [toRows(actual), toRows(expected)];
  if (hasTies) {
    const byValue = (a: number[], b: number[]) => b[4]! - a[4]! || a[5]! - b[5]! || a[0]! - b[0]! || a[1]! - b[1]!;
    ours.sort(byValue);
    theirs.sort(byValue);
  }
  ours.forEach((row, i) => {
    row.forEach((value, k) => {
      const tolerance = k < 4 ? 1e-3 : k === 4 ? 1e-6 : 0;
      expect(Math.abs(value - theirs[i]![k]!), `row ${i} column ${k}`).toBeLessThanOrEqual(tolerance);
    });
  });
}

/**
 * Half a unit in the last place of a shifted corner, on sides of 10 px or more: what the reference's class offset can
 * move an overlap. Cases with a smaller margin are compared in its own arithmetic only.
 */
function offsetNoise({ predictions, options }: NmsCase): number {
  if (options.agnostic === true) return 0;
  const nc = fixture.predictions[predictions]!.shape[2]! - 5;
  return 0.1 * 2 ** (Math.floor(Math.log2(nc * fixture.class_offset_px)) - 23);
}

describe('suppression keeps the same rows in the same order as the reference', () => {
  const modes = [
    { mode: 'classes shifted apart as in the reference', classOffsetPx: fixture.class_offset_px },
    { mode: 'classes apart (Q19)', classOffsetPx: undefined },
  ];
  for (const { mode, classOffsetPx } of modes) {
    fixture.cases.forEach((testCase, i) => {
      const margin = Number(testCase.margins?.iou ?? Number.POSITIVE_INFINITY);
      if (classOffsetPx === undefined && margin <= offsetNoise(testCase)) return;
      const options = JSON.stringify({ ...testCase.options, labels: undefined });
      it(`${mode}, case ${i}: predictions ${testCase.predictions}, ${options}`, () => {
        const predictions = tensor(fixture.predictions[testCase.predictions]!);
        testCase.output.forEach((output, image) => {
          const actual = suppress(predictions, image, testCase.options, classOffsetPx);
          expect(actual.numDetections).toBe(output.shape[0]);
          expectSameRows(actual.rows, tensor(output).data, (testCase.score_ties ?? 0) > 0);
        });
      });
    });
  }

  it('Q19: boxes that share one class give what class-agnostic suppression gives, whatever the class number', () => {
    for (const testCase of fixture.cases.filter((c) => c.predictions === 'F')) {
      const predictions = tensor(fixture.predictions.F!);
      const perClass = suppress(predictions, 0, { ...testCase.options, agnostic: false });
      const agnostic = suppress(predictions, 0, { ...testCase.options, agnostic: true });
      expect(perClass.rows).toEqual(agnostic.rows);
    }
  });
});
