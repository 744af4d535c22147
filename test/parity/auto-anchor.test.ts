import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../proto/random.js';
import { anchorFit, anchorFitness, sortByArea } from '../../worker/anchors/fit.js';
import { kMeansAnchors, refineAnchors } from '../../worker/anchors/k-means.js';
import { type TensorEntry, tensor, tensor64 } from '../support/fixtures.js';
import { maxDifference } from '../support/rgb.js';

interface Fixture {
  label_sets: Record<string, number[]>;
  images_wh: [number, number][];
  labels_wh_normalised: TensorEntry[];
  anchor_sets_px: Record<string, TensorEntry>;
  metric: {
    labels: string;
    imgsz: number;
    anchor_set: string;
    thr: number;
    scale_per_image: TensorEntry | number[] | null;
    bpr: number;
    aat: number;
    recompute_wanted: boolean;
  }[];
  fitness: {
    labels: string;
    anchor_set: string;
    imgsz: number;
    thr: number;
    fitness: number;
    sorted_anchors: TensorEntry;
  }[];
  kmeans_and_evolution: {
    labels: string;
    n: number;
    imgsz?: number;
    thr?: number;
    generations: number;
    fitness_final: number;
  }[];
}

const folder = process.env.LOCKSTEP_COCO_FIXTURES ?? process.env.FIXTURES ?? '';
const path = join(folder, 'autoanchor.json');
const isHere = folder !== '' && existsSync(path);
const reason = 'skipped: holds COCO annotations, set LOCKSTEP_COCO_FIXTURES to a folder with autoanchor.json';

function sizesOf(fixture: Fixture, set: string, imgsz: number, scales?: readonly number[]): Float32Array {
  return Float32Array.from(
    fixture.label_sets[set]!.flatMap((image, i) => {
      const [width, height] = fixture.images_wh[image]!;
      const factor = (imgsz / Math.max(width, height)) * (scales?.[i] ?? 1);
      return Array.from(
        tensor(fixture.labels_wh_normalised[image]!).data,
        (v, k) => v * (k % 2 === 0 ? width : height) * factor,
      );
    }),
  );
}

/** Labels with a side of at least 2 px, which the search looks at. */
function visible(sizes: Float32Array): Float64Array {
  const rows = Array.from({ length: sizes.length / 2 }, (_, i) => sizes.subarray(2 * i, 2 * i + 2));
  return Float64Array.from(
    rows.filter(([width = 0, height = 0]) => width >= 2 || height >= 2).flatMap((row) => [...row]),
  );
}

function areas(anchors: Float64Array): number[] {
  return Array.from({ length: anchors.length / 2 }, (_, k) => anchors[2 * k]! * anchors[2 * k + 1]!);
}

function scalesOf(entry: TensorEntry | number[] | null): readonly number[] | undefined {
  if (entry === null) return undefined;
  return Array.isArray(entry) ? entry : Array.from(tensor64(entry).data);
}

describe.skipIf(!isHere)(`AutoAnchor on COCO labels as the reference${isHere ? '' : ` (${reason})`}`, () => {
  const fixture = isHere ? (JSON.parse(readFileSync(path, 'utf8')) as Fixture) : undefined;
  it('finds the same recall and number of anchors per label', () => {
    for (const c of fixture!.metric) {
      const sizes = sizesOf(fixture!, c.labels, c.imgsz, scalesOf(c.scale_per_image));
      const fit = anchorFit(sizes, tensor64(fixture!.anchor_sets_px[c.anchor_set]!).data, c.thr);
      expect(Math.abs(fit.bestPossibleRecall - c.bpr)).toBeLessThan(1e-5);
      expect(Math.abs(fit.anchorsAboveThreshold - c.aat)).toBeLessThan(1e-5);
      expect(fit.bestPossibleRecall <= 0.98).toBe(c.recompute_wanted);
    }
  });

  it('finds the same fitness and order', () => {
    for (const c of fixture!.fitness) {
      const anchors = tensor64(fixture!.anchor_sets_px[c.anchor_set]!).data;
      const fitness = anchorFitness(visible(sizesOf(fixture!, c.labels, c.imgsz)), anchors, c.thr);
      expect(Math.abs(fitness - c.fitness)).toBeLessThan(1e-5);
      // Two anchors of one set have the same area; which comes first is the sorting algorithm's business.
      expect(maxDifference(areas(sortByArea(anchors)), areas(tensor64(c.sorted_anchors).data))).toBeLessThan(1e-9);
    }
  });

  it('searches as well: no fitness is more than 0.03 below the worst run of the reference', () => {
    for (const set of new Set(fixture!.kmeans_and_evolution.map((c) => `${c.labels} ${c.n}`))) {
      const runs = fixture!.kmeans_and_evolution.filter((c) => `${c.labels} ${c.n}` === set);
      const { labels, n, generations, imgsz = 640, thr = 4 } = runs[0]!;
      const sizes = visible(sizesOf(fixture!, labels, imgsz));
      const random = randomStream(0, 'test');
      const found = refineAnchors(sizes, kMeansAnchors(sizes, n, random)!, thr, random, generations);
      const worst = Math.min(...runs.map((run) => run.fitness_final));
      expect(anchorFitness(sizes, found, thr)).toBeGreaterThan(worst - 0.03);
    }
  });
});
