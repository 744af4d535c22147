import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../../worker/data/batch.js';
import type { Dataset } from '../../../worker/data/dataset.js';
import { type Loader, type LoaderOptions, openLoader } from '../../../worker/data/loader.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { LoaderThread } from '../../../worker/threads/loader-client.js';
import { hypDefaults } from '../../support/hyp.js';
import { datasetConfig, temporaryFolder, write, writeSample } from './support.js';

let dataset: Dataset;
let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
  for (let i = 0; i < 6; i++) await writeSample(root, `image${i}`, `${i % 2} 0.5 0.5 0.4 0.4\n`, [64 + 8 * i, 48]);
  dataset = await openDataset([join(root, 'images')], datasetConfig(root), {
    split: 'train',
    cacheDir: join(root, 'cache'),
  });
});

const options: LoaderOptions = {
  numThreads: 0,
  capacityBatches: 2,
  hyp: hypDefaults,
  augment: true,
  seed: 5,
  imgsz: 64,
};

function submit(loader: Loader, indices: number[], epoch: number = 0): void {
  loader.submit({ epoch, indices: Int32Array.from(indices), height: 64, width: 64 });
}

/** Copies what must outlive release(). */
async function take(loader: Loader): Promise<Pick<Batch, 'images' | 'targets' | 'items'>> {
  const batch = await loader.next();
  const copy = { images: batch.images.slice(), targets: batch.targets, items: batch.items };
  batch.release();
  return copy;
}

describe('the loader', () => {
  it('yields the same samples with 0, 1 and 3 threads, in the order of submission', async () => {
    const runs: Awaited<ReturnType<typeof take>>[][] = [];
    for (const numThreads of [0, 1, 3]) {
      await using loader = openLoader(dataset, { ...options, numThreads });
      const requests = [[0, 1, 2], [5], [], [4, 3]];
      for (const indices of requests) submit(loader, indices);
      const batches: Awaited<ReturnType<typeof take>>[] = [];
      for (const indices of requests) {
        batches.push(await take(loader));
        expect(batches.at(-1)!.items.map((item) => item.index)).toEqual(indices);
      }
      runs.push(batches);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it('makes a sample depend on seed, epoch and image, not on its place in a batch', async () => {
    await using loader = openLoader(dataset, options);
    submit(loader, [2]);
    submit(loader, [0, 2]);
    submit(loader, [2], 1);
    const [alone, second, later] = [await take(loader), await take(loader), await take(loader)];
    expect(second.images.subarray(64 * 64 * 3)).toEqual(alone.images);
    expect(later.images).not.toEqual(alone.images);
  });

  it('places validation images and says how to map boxes back', async () => {
    await using loader = openLoader(dataset, { ...options, augment: false });
    // image4 is 96×48: scaled by 64/96 to 64×32 and centred in 64×64, 16 px from the top.
    submit(loader, [4]);
    const { images, targets, items } = await take(loader);
    expect(items[0]).toMatchObject({ nativeWidth: 96, nativeHeight: 48, pad: [0, 16] });
    expect(items[0]!.gain.map((gain) => gain.toFixed(6))).toEqual(['0.666667', '0.666667']);
    expect(Array.from(images.subarray(0, 3))).toEqual([114, 114, 114]);
    // The label is centred, 0.4 wide; 0.4 · 32 / 64 high.
    const expected = [0, 0, 0.5, 0.5, 0.4, 0.2];
    Array.from(targets).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });

  it('never has more batches in memory than its capacity, and says so instead of waiting for ever', async () => {
    await using loader = openLoader(dataset, options);
    for (let i = 0; i < 4; i++) submit(loader, [i]);
    const first = await loader.next();
    await loader.next();
    await expect(loader.next()).rejects.toMatchObject({ code: 'DATA_LOADER_STARVED' });
    first.release();
    const third = await loader.next();
    // The memory of the first serves again.
    expect(third.images.buffer).toBe(first.images.buffer);
  });

  it('forgets cleared requests and goes on with later ones', async () => {
    await using loader = openLoader(dataset, options);
    for (let i = 0; i < 4; i++) submit(loader, [i]);
    await take(loader);
    loader.clear();
    await expect(loader.next()).rejects.toMatchObject({ code: 'DATA_LOADER_IDLE' });
    for (const index of [5, 4, 3]) submit(loader, [index]);
    const order = [await take(loader), await take(loader), await take(loader)].map((batch) => batch.items[0]!.index);
    expect(order).toEqual([5, 4, 3]);
  });

  it('rejects waiting batches when it is closed or its signal aborts', async () => {
    const controller = new AbortController();
    const loader = openLoader(dataset, { ...options, signal: controller.signal });
    submit(loader, [0, 1, 2]);
    const waiting = loader.next();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'DATA_LOADER_CLOSED' });
    await loader.close();
    await expect(loader.next()).rejects.toMatchObject({ code: 'DATA_LOADER_CLOSED' });
  });
});

describe('an image that has become unreadable', () => {
  let broken: Dataset;
  beforeAll(async () => {
    const folder = await temporaryFolder();
    await writeSample(folder, 'a', '0 0.5 0.5 0.4 0.4\n');
    const path = await writeSample(folder, 'b', '0 0.5 0.5 0.4 0.4\n');
    broken = await openDataset([join(folder, 'images')], datasetConfig(folder), {
      split: 'train',
      cacheDir: join(folder, 'cache'),
    });
    await write(path, 'overwritten');
  });

  it('is grey, without labels, named and counted under the policy skip', async () => {
    await using loader = openLoader(broken, { ...options, augment: false });
    submit(loader, [1, 0]);
    const batch = await loader.next();
    expect(batch.badItems).toMatchObject([{ index: 1, error: { code: 'DATA_IMAGE_UNREADABLE' } }]);
    expect(batch.badItems[0]!.path).toMatch(/b\.png$/);
    expect(new Set(batch.images.subarray(0, 64 * 64 * 3))).toEqual(new Set([114]));
    expect(batch.numTargets).toBe(1);
    expect(batch.targets[0]).toBe(1);
    expect(loader.numBadItems).toBe(1);
  });

  it('fails its batch under the policy fail, and the next batch is made', async () => {
    await using loader = openLoader(broken, { ...options, augment: false, onBadSample: 'fail' });
    submit(loader, [1]);
    submit(loader, [0]);
    await expect(loader.next()).rejects.toMatchObject({ code: 'DATA_BAD_SAMPLE' });
    expect((await take(loader)).items).toHaveLength(1);
  });
});

describe('a loader thread that dies', () => {
  it('rejects everything that waits for it, and reports its death once', async () => {
    const deaths: string[] = [];
    const { augment, seed, imgsz, hyp } = options;
    const thread = new LoaderThread({ table: dataset.table, options: { augment, seed, imgsz, hyp } }, (error) => {
      deaths.push(error.code);
    });
    const buffer = new SharedArrayBuffer(64 * 64 * 3);
    const target = { buffer, offset: 0, rowBytes: 64 * 3, height: 64, width: 64 };
    const pending = thread.run({ index: 0, epoch: 0, height: 64, width: 64, target });
    const verdict = expect(pending).rejects.toMatchObject({ code: 'DATA_LOADER_THREAD_DIED' });
    await thread.kill();
    await verdict;
    expect(deaths).toEqual(['DATA_LOADER_THREAD_DIED']);
    const late = thread.run({ index: 0, epoch: 0, height: 64, width: 64, target });
    await expect(late).rejects.toMatchObject({ code: 'DATA_LOADER_THREAD_DIED' });
  });
});
