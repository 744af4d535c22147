import { describe, expect, it } from 'vitest';
import { perspectiveScene } from '../../worker/data/augment/augment.js';
import {
  drawPerspective,
  isBoxWorthKeeping,
  isIdentity,
  transformBoxes,
} from '../../worker/data/augment/perspective.js';
import { warp } from '../../worker/data/augment/warp.js';
import { readFixture, type TensorEntry, tensor, tensor64 } from '../support/fixtures.js';
import { hypDefaults } from '../support/hyp.js';
import { imageDifference, maxDifference, RecordedDraws, rgbImage } from '../support/rgb.js';

interface PerspectiveCase {
  image_hw: [number, number];
  border: [number, number];
  options: { degrees: number; translate: number; scale: number; shear: number; perspective: number };
  draws: { value: number }[];
  out_hw: [number, number];
  M: TensorEntry | null;
  targets: TensorEntry;
  segments?: TensorEntry[];
  result: TensorEntry;
  candidates: { before_times_scale: TensorEntry; after: TensorEntry; area_thr: number; kept: boolean[] } | null;
  image?: TensorEntry;
  result_image?: TensorEntry;
}
interface CandidateCase {
  before: TensorEntry;
  after: TensorEntry;
  kept: boolean[];
  options: { area_thr?: number; wh_thr?: number; ar_thr?: number };
}

const fixture = readFixture<{ random_perspective: PerspectiveCase[]; box_candidates: CandidateCase[] }>('augment');

const blank = (width: number, height: number) => ({ data: new Uint8Array(width * height * 3), height, width });

describe('random perspective against the reference', () => {
  it.each(fixture.random_perspective.map((c, i) => [i, c] as const))('case %i: matrix, boxes and pixels', (_, c) => {
    const [height, width] = c.image_hw;
    const random = new RecordedDraws(c.draws);
    const p = drawPerspective(random, c.options, { width, height }, c.border);
    expect(random.numUsed).toBe(8);
    expect([p.outHeight, p.outWidth]).toEqual(c.out_hw);
    expect(isIdentity(p, { width, height })).toBe(c.M === null);
    if (c.M !== null) expect(maxDifference(p.matrix, tensor64(c.M).data)).toBeLessThan(1e-9);
    if (c.candidates !== null) {
      const { boxes, kept } = transformBoxes(
        p,
        tensor(c.targets).data,
        c.segments?.map((s) => tensor(s).data),
      );
      expect(maxDifference(boxes, tensor64(c.candidates.after).data)).toBeLessThan(1e-3);
      expect(kept).toEqual(c.candidates.kept);
    }
    const targets = tensor(c.targets).data;
    const scene = {
      image: blank(width, height),
      labels: targets,
      polygons: c.segments?.map((s) => tensor(s).data) ?? [],
    };
    if (c.border[0] === c.border[1]) {
      const hyp = { ...hypDefaults, ...c.options };
      const { labels } = perspectiveScene(scene, hyp, new RecordedDraws(c.draws), c.border[0]);
      expect(maxDifference(labels, tensor(c.result).data)).toBeLessThan(1e-3);
    }
    if (c.image !== undefined && c.result_image !== undefined) {
      const { max, mean } = imageDifference(warp(rgbImage(c.image), p), rgbImage(c.result_image));
      // The fixture allows 3 levels (mean 0.15) for exact positions; ours are rounded to 1/32 px as the reference's.
      expect(max).toBe(0);
      expect(mean).toBe(0);
    }
  });

  it('keeps and drops the same boxes', () => {
    for (const c of fixture.box_candidates) {
      const before = tensor64(c.before).data;
      const after = tensor64(c.after).data;
      const limits = {
        area: c.options.area_thr ?? 0.1,
        sidePx: c.options.wh_thr ?? 2,
        aspect: c.options.ar_thr ?? 20,
      };
      const kept = c.kept.map((_, i) =>
        isBoxWorthKeeping(before.subarray(4 * i, 4 * i + 4), after.subarray(4 * i, 4 * i + 4), limits),
      );
      expect(kept).toEqual(c.kept);
    }
  });
});
