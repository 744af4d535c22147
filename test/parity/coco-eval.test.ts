import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';
import {
  type CocoDetection,
  type CocoGroundTruth,
  type CocoResultSummary,
  evaluateCoco,
} from '../../worker/eval/coco-eval.js';

type Scalars = Omit<CocoResultSummary, 'apPerIou' | 'perCategory'>;
interface GeneratedCase {
  readonly name: string;
  readonly groundTruth: CocoGroundTruth;
  readonly detections: readonly CocoDetection[];
  readonly figures: Scalars & {
    readonly apPerIou: readonly number[];
    readonly perCategory: Readonly<Record<string, { readonly ap: number; readonly ap50: number }>>;
  };
}
interface CocoFixture {
  readonly ground_truth: CocoGroundTruth;
  readonly detections: Readonly<Record<string, readonly CocoDetection[]>>;
  readonly results: Readonly<
    Record<
      string,
      {
        readonly stats: Readonly<Record<string, number>>;
        readonly ap_per_iou_threshold: readonly number[];
        readonly AP65: number;
        readonly AP80: number;
        readonly AP90: number;
        readonly per_category: Readonly<Record<string, { readonly AP: number; readonly AP50: number }>>;
      }
    >
  >;
}

/** The same steps in double precision; only the order of summation differs, so far less than this is used. */
const TOLERANCE = 1e-6;

function expectFigures(actual: object, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) {
    const ours: unknown = Reflect.get(actual, name);
    if (Array.isArray(value) && Array.isArray(ours)) expectFigures(ours, Object.fromEntries(value.entries()));
    else expect(Math.abs(Number(ours) - Number(value)), name).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe('figures on generated scenes are those of pycocotools', () => {
  const { cases } = JSON.parse(readFileSync(join(repoRoot, 'test/fixtures/coco_generated.json'), 'utf8')) as {
    cases: readonly GeneratedCase[];
  };
  for (const { name, groundTruth, detections, figures } of cases) {
    it(name, () => {
      const { perCategory, ...scalars } = figures;
      const result = evaluateCoco(groundTruth, detections);
      expectFigures(result, scalars);
      expect(result.perCategory.map(({ id }) => String(id))).toEqual(Object.keys(perCategory));
      for (const category of result.perCategory) expectFigures(category, { ...perCategory[category.id] });
    });
  }
});

const folder = process.env.LOCKSTEP_COCO_FIXTURES ?? process.env.FIXTURES ?? '';
const path = join(folder, 'coco_eval.json');
const isHere = folder !== '' && existsSync(path);
const reason = 'skipped: holds COCO annotations, set LOCKSTEP_COCO_FIXTURES to a folder with coco_eval.json';
const fixture = isHere ? (JSON.parse(readFileSync(path, 'utf8')) as CocoFixture) : undefined;

describe.skipIf(!isHere)(`figures on COCO annotations are those of pycocotools${isHere ? '' : ` (${reason})`}`, () => {
  it.each(Object.entries(fixture?.results ?? { any: undefined }))('detections %s', (name, expected) => {
    const { stats } = expected!;
    const result = evaluateCoco(fixture!.ground_truth, fixture!.detections[name]!);
    expectFigures(result, {
      ...{ ap: stats.AP, ap50: stats.AP50, ap75: stats.AP75 },
      ...{ apSmall: stats.AP_small, apMedium: stats.AP_medium, apLarge: stats.AP_large },
      ...{ arMax1: stats.AR_max1, arMax10: stats.AR_max10, arMax100: stats.AR_max100 },
      ...{ arSmall: stats.AR_small, arMedium: stats.AR_medium, arLarge: stats.AR_large },
      ...{ ap65: expected!.AP65, ap80: expected!.AP80, ap90: expected!.AP90 },
      apPerIou: expected!.ap_per_iou_threshold,
    });
    expect(result.perCategory.map(({ id }) => String(id))).toEqual(Object.keys(expected!.per_category));
    for (const category of result.perCategory) {
      const { AP: ap, AP50: ap50 } = expected!.per_category[category.id]!;
      expectFigures(category, { ap, ap50 });
    }
  });
});
