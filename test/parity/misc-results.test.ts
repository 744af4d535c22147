import { describe, expect, it } from 'vitest';
import type { Detections } from '../../worker/eval/nms.js';
import {
  COCO_CATEGORY_IDS,
  type CocoResult,
  imageIdOf,
  toCocoResults,
  toLabelLines,
} from '../../worker/eval/predictions.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface MiscFixture {
  readonly coco80_to_coco91: readonly number[];
  readonly saving: {
    readonly detections_xyxy_conf_cls: TensorEntry;
    readonly image_hw: readonly [number, number];
    readonly txt: { readonly without: readonly string[]; readonly with_confidence: readonly string[] };
    readonly json_numeric_name_91_classes: readonly CocoResult[];
    readonly json_text_name: readonly CocoResult[];
  };
}

const { coco80_to_coco91, saving } = readFixture<MiscFixture>('misc');

describe('files of predictions are those of the reference', () => {
  const { shape, data: rows } = tensor(saving.detections_xyxy_conf_cls);
  const detections: Detections = { numDetections: shape[0]!, rows };
  const [height, width] = saving.image_hw;

  it('the 80 classes carry COCO’s category ids', () => {
    expect(COCO_CATEGORY_IDS).toEqual(coco80_to_coco91);
  });

  it('label lines are the same text, with and without confidence', () => {
    expect(toLabelLines(detections, width, height)).toEqual(saving.txt.without);
    expect(toLabelLines(detections, width, height, { confidence: true })).toEqual(saving.txt.with_confidence);
  });

  it('JSON records are the same numbers', () => {
    const numeric = saving.json_numeric_name_91_classes;
    expect(toCocoResults(detections, numeric[0]!.image_id, COCO_CATEGORY_IDS)).toEqual(numeric);
    expect(toCocoResults(detections, saving.json_text_name[0]!.image_id)).toEqual(saving.json_text_name);
  });

  it('the image id is a number where the file’s stem is one', () => {
    expect(imageIdOf('images/000000000042.jpg')).toBe(42);
    expect(imageIdOf('images/zidane.jpg')).toBe('zidane');
    expect(imageIdOf('images/12a.jpg')).toBe('12a');
  });
});
