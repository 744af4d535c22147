/** A data set of twelve pictures without files, and settings that make three steps of two virtual ranks of it. */
import type { RunConfig } from '../../configs/run-config.js';
import { buildTable, Dataset } from '../../worker/data/dataset.js';

/** Pictures of 100×50, each with one label; class 0 ten times, class 1 twice. */
export const TWELVE_PICTURES = new Dataset(
  buildTable(
    Array.from({ length: 12 }, (_, i) => ({
      ...{ path: `${i}`, imageId: i, width: 100, height: 50, polygons: [] },
      labels: Float32Array.of(i < 10 ? 0 : 1, 0.5, 0.5, 0.2, 0.2),
    })),
  ),
  { found: 1, missing: 0, empty: 0, corrupt: 0, total: 1, messages: [], fromCache: false },
);

export const THREE_STEPS = {
  ...{ batchSize: 4, virtualRanks: 2, seed: 3, imgsz: 64, singleCls: false, data: { nc: 2 } },
  ...{ rect: false, quad: false, multiScale: false, imageWeights: false },
} as RunConfig;
