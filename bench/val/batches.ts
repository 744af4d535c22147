/** The batches that both sides validate, as files for the rival. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../../configs/run-config.js';
import { openLoader } from '../../worker/data/loader/loader.js';
import { openDataset } from '../../worker/data/open-dataset.js';
import { valPlan } from '../../worker/data/plans/val-plan.js';

/**
 * Writes `batches.json` (shapes, labels, frames) and `images.u8` ([n, height, width, 3] per batch, one after the other).
 * @returns the number of images
 */
export async function writeBatches(config: RunConfig, folder: string): Promise<number> {
  const { data, hyp, seed, imgsz, batchSize, singleCls, onBadSample, val } = config;
  const dataset = await openDataset(data.val, data, { split: 'val', singleCls, onBadSample });
  const plan = valPlan(dataset.sizes(), batchSize, imgsz);
  await using loader = openLoader(dataset, { numThreads: 1, capacityBatches: 2, hyp, augment: false, seed, imgsz });
  for (const batch of plan) loader.submit({ epoch: 0, ...batch });
  const batches = [];
  await using pixels = await open(join(folder, 'images.u8'), 'w');
  for (const { height, width } of plan) {
    const batch = await loader.next();
    const targets = Array.from({ length: batch.numTargets }, (_, i) => [...batch.targets.subarray(i * 6, i * 6 + 6)]);
    batches.push({
      ...{ height, width, targets },
      items: batch.items.map(({ nativeWidth, nativeHeight, gain, pad }) => ({ nativeWidth, nativeHeight, gain, pad })),
    });
    await pixels.writeFile(new Uint8Array(batch.images));
    batch.release();
  }
  await writeFile(
    join(folder, 'batches.json'),
    JSON.stringify({ nc: data.nc, imgsz, confThres: val.confThres, iouThres: val.iouThres, batches }),
  );
  return dataset.numImages;
}
