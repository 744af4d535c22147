import { describe, expect, it } from 'vitest';
import { averagePrecision, averagePrecisionPerClass, precisionEnvelope } from '../../worker/eval/average-precision.js';
import { boxIou } from '../../worker/eval/boxes.js';
import { ConfusionMatrix } from '../../worker/eval/confusion-matrix.js';
import { IOU_THRESHOLDS, matchDetections } from '../../worker/eval/match.js';
import { type Detections, nonMaxSuppression } from '../../worker/eval/nms.js';
import { COCO_CATEGORY_IDS, type CocoResult, imageIdOf, toCocoResults } from '../../worker/eval/predictions.js';
import { ValStats } from '../../worker/eval/val-stats.js';
import { readFixture, type TensorEntry, tensor, tensor64 } from '../support/fixtures.js';

interface ClassFigures {
  readonly precision: TensorEntry;
  readonly recall: TensorEntry;
  readonly f1: TensorEntry;
  readonly ap: TensorEntry;
  readonly classes: readonly number[];
}
interface Means {
  readonly mp: number;
  readonly mr: number;
  readonly map50: number;
  readonly map: number;
}
interface EndToEndBatch {
  readonly predictions: TensorEntry;
  readonly targets: TensorEntry;
  readonly original_hw: readonly (readonly [number, number])[];
  readonly gain_hw_and_pad_wh: readonly (readonly [readonly [number, number], readonly [number, number]])[];
  readonly paths: readonly string[];
}
interface EndToEnd {
  readonly nc: number;
  readonly single_cls: boolean;
  readonly coco_class_ids: boolean;
  readonly network_hw: readonly [number, number];
  readonly conf_thres: number;
  readonly iou_thres: number;
  readonly multi_label: boolean;
  readonly max_det: number;
  readonly batches: readonly EndToEndBatch[];
  readonly stats: { readonly [name in 'tp' | 'conf' | 'pred_cls' | 'target_cls']: TensorEntry };
  readonly per_class: ClassFigures;
  readonly result: Means;
  readonly maps: TensorEntry | null;
  readonly json_records: number;
  readonly json_first: readonly CocoResult[] | null;
}
interface ApFixture {
  readonly ap_per_class: readonly {
    readonly name: string;
    readonly tp: TensorEntry;
    readonly conf: TensorEntry;
    readonly pred_cls: TensorEntry;
    readonly target_cls: TensorEntry;
    readonly result: (ClassFigures & Partial<Means>) | null;
  }[];
  readonly compute_ap: readonly {
    readonly recall: TensorEntry;
    readonly precision: TensorEntry;
    readonly ap: number;
    readonly envelope_precision: TensorEntry;
    readonly envelope_recall: TensorEntry;
  }[];
  readonly process_batch: readonly {
    readonly detections: TensorEntry;
    readonly labels: TensorEntry;
    readonly iou: TensorEntry | null;
    readonly correct: TensorEntry;
  }[];
  readonly confusion_matrix: readonly {
    readonly nc: number;
    readonly conf: number;
    readonly iou: number;
    readonly batches: readonly { readonly detections: TensorEntry; readonly labels: TensorEntry }[];
    readonly matrix: TensorEntry;
    readonly note?: string;
  }[];
  readonly end_to_end: readonly EndToEnd[];
  readonly iou_thresholds: TensorEntry;
}

const fixture = readFixture<ApFixture>('ap');

/** The same formulas in double precision; 1e-6 is what the fixtures' README grants. */
const TOLERANCE = 1e-6;

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `${what}[${i}]`).toBeLessThanOrEqual(TOLERANCE);
  }
}

function toDetections(entry: TensorEntry): Detections {
  return { numDetections: entry.shape[0]!, rows: tensor(entry).data };
}

function hitMasks(tp: TensorEntry): Uint16Array {
  const [numDetections, numThresholds] = tp.shape as [number, number];
  const { data } = tensor(tp);
  return Uint16Array.from({ length: numDetections }, (_, i) =>
    Array.from({ length: numThresholds }, (_, t) => (data[i * numThresholds + t] === 1 ? 1 << t : 0)).reduce(
      (mask, bit) => mask | bit,
      0,
    ),
  );
}

describe('precision, recall, F1 and AP per class are those of the reference', () => {
  for (const testCase of fixture.ap_per_class) {
    const { result } = testCase;
    if (result === null) continue;
    it(`case ${testCase.name}`, () => {
      const numThresholds = testCase.tp.shape[1]!;
      const { classes } = averagePrecisionPerClass({
        hits: hitMasks(testCase.tp),
        scores: tensor(testCase.conf).data,
        classes: tensor(testCase.pred_cls).data,
        labelClasses: tensor(testCase.target_cls).data,
        numThresholds,
      });
      expect(classes.map((c) => c.classId)).toEqual(result.classes);
      const figures = [
        ['precision', classes.map((c) => c.precision), result.precision],
        ['recall', classes.map((c) => c.recall), result.recall],
        ['f1', classes.map((c) => c.f1), result.f1],
        ['ap', classes.flatMap((c) => [...c.ap]), result.ap],
      ] as const;
      for (const [what, actual, expected] of figures) expectClose(actual, tensor64(expected).data, what);
      if (result.map === undefined) return;
      const mean = (values: readonly number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
      const means = [
        mean(classes.map((c) => c.precision)),
        mean(classes.map((c) => c.recall)),
        mean(classes.map((c) => c.ap[0]!)),
        mean(classes.flatMap((c) => [...c.ap])),
      ];
      expectClose(means, [result.mp!, result.mr!, result.map50!, result.map], 'means');
    });
  }
});

it('one recall-precision curve gives the envelope and the area of the reference', () => {
  for (const testCase of fixture.compute_ap) {
    const recall = tensor64(testCase.recall).data;
    const precision = tensor64(testCase.precision).data;
    expect(Math.abs(averagePrecision(recall, precision) - testCase.ap)).toBeLessThanOrEqual(TOLERANCE);
    const envelope = precisionEnvelope(recall, precision);
    expectClose(envelope.precision, tensor64(testCase.envelope_precision).data, 'precision');
    expectClose(envelope.recall, tensor64(testCase.envelope_recall).data, 'recall');
  }
});

it('the IoU thresholds are those of the reference', () => {
  expectClose(IOU_THRESHOLDS, tensor(fixture.iou_thresholds).data, 'threshold');
});

describe('detections are matched with labels as in the reference (Q14)', () => {
  fixture.process_batch.forEach((testCase, i) => {
    it(`case ${i}: ${testCase.detections.shape[0]} detections, ${testCase.labels.shape[0]} labels`, () => {
      const detections = toDetections(testCase.detections);
      const labels = tensor(testCase.labels).data;
      expect(matchDetections(detections, labels)).toEqual(hitMasks(testCase.correct));
      if (testCase.iou === null) return;
      const numLabels = testCase.labels.shape[0]!;
      const iou = Array.from({ length: numLabels * detections.numDetections }, (_, k) =>
        boxIou(
          labels,
          Math.floor(k / detections.numDetections) * 5 + 1,
          detections.rows,
          (k % detections.numDetections) * 6,
        ),
      );
      expectClose(iou, tensor(testCase.iou).data, 'iou');
    });
  });
});

describe('the confusion matrix counts as the reference when asked to (Q17)', () => {
  fixture.confusion_matrix.forEach((testCase, i) => {
    it(`case ${i}: ${testCase.note ?? `${testCase.nc} classes, confidence ${testCase.conf}, IoU ${testCase.iou}`}`, () => {
      const matrix = new ConfusionMatrix({
        nc: testCase.nc,
        confThres: testCase.conf,
        iouThres: testCase.iou,
        asReference: true,
      });
      for (const batch of testCase.batches) matrix.addImage(toDetections(batch.detections), tensor(batch.labels).data);
      expect([...matrix.counts]).toEqual([...tensor64(testCase.matrix).data]);
    });
  });
});

describe('validation from raw predictions to figures and records is that of the reference', () => {
  for (const testCase of fixture.end_to_end) {
    it(`${testCase.nc} classes, single class ${testCase.single_cls}`, () => {
      const { result, records, scores, labelClasses } = validate(testCase);
      expectClose(scores, tensor(testCase.stats.conf).data, 'conf');
      expect(labelClasses).toEqual([...tensor(testCase.stats.target_cls).data]);
      expect(result.perClass.map((c) => c.classId)).toEqual(testCase.per_class.classes);
      const { per_class: expected } = testCase;
      expectClose(
        result.perClass.map((c) => c.precision),
        tensor64(expected.precision).data,
        'precision',
      );
      expectClose(
        result.perClass.map((c) => c.recall),
        tensor64(expected.recall).data,
        'recall',
      );
      expectClose(
        result.perClass.map((c) => c.f1),
        tensor64(expected.f1).data,
        'f1',
      );
      expectClose(
        result.perClass.flatMap((c) => [...c.ap]),
        tensor64(expected.ap).data,
        'ap',
      );
      const { mp, mr, map50, map } = testCase.result;
      expectClose([result.precision, result.recall, result.map50, result.map], [mp, mr, map50, map], 'means');
      if (testCase.maps !== null) expectClose(result.maps, tensor64(testCase.maps).data, 'maps');
      if (testCase.json_first !== null) {
        expect(records.length).toBe(testCase.json_records);
        testCase.json_first.forEach((record, i) => {
          expect(records[i]!.image_id).toBe(record.image_id);
          expect(records[i]!.category_id).toBe(record.category_id);
          expectClose([...records[i]!.bbox, records[i]!.score], [...record.bbox, record.score], `record ${i}`);
        });
      }
    });
  }
});

function validate(testCase: EndToEnd) {
  const stats = new ValStats({ nc: testCase.nc, singleCls: testCase.single_cls });
  const [height, width] = testCase.network_hw;
  const records: CocoResult[] = [];
  const scores: number[] = [];
  const labelClasses: number[] = [];
  let index = 0;
  for (const batch of testCase.batches) {
    const predictions = tensor(batch.predictions);
    const size = predictions.shape[1]! * predictions.shape[2]!;
    const targets = tensor(batch.targets).data;
    batch.paths.forEach((path, image) => {
      const rows: number[] = [];
      for (let t = 0; t < targets.length; t += 6) {
        if (targets[t] === image) rows.push(...targets.subarray(t + 1, t + 6));
      }
      const [gain, pad] = batch.gain_hw_and_pad_wh[image]!;
      const [nativeHeight, nativeWidth] = batch.original_hw[image]!;
      const detections = nonMaxSuppression(predictions.data.subarray(image * size, (image + 1) * size), {
        nc: testCase.nc,
        confThres: testCase.conf_thres,
        iouThres: testCase.iou_thres,
        multiLabel: testCase.multi_label,
        agnostic: testCase.single_cls,
        maxDet: testCase.max_det,
        // The rounding of the reference's class offset (Q19) decides some pairs of the 80-class case.
        classOffsetPx: 4096,
      });
      const labels = Float32Array.from(rows);
      const native = stats.addImage({
        ...{ index: index++, detections, labels, height, width },
        ...{ gain, pad, nativeHeight, nativeWidth },
      });
      records.push(...toCocoResults(native, imageIdOf(path), testCase.coco_class_ids ? COCO_CATEGORY_IDS : undefined));
      for (let d = 0; d < native.numDetections; d++) scores.push(native.rows[d * 6 + 4]!);
      for (let l = 0; l < rows.length; l += 5) labelClasses.push(testCase.single_cls ? 0 : rows[l]!);
    });
  }
  return { result: stats.finish(), records, scores, labelClasses };
}
