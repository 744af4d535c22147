import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Dataset } from '../../../worker/data/dataset.js';
import type { Batch } from '../../../worker/data/loader/batch.js';
import { type Loader, type LoaderOptions, openLoader } from '../../../worker/data/loader/loader.js';
import { LoaderPace, LoaderPacing } from '../../../worker/data/loader/loader-pace.js';
import type { SampleTask } from '../../../worker/data/loader/sample-task.js';
import { TaskPool } from '../../../worker/data/loader/task-pool.js';
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

/** Of a picture of 64×64. */
const IMAGE_BYTES = 64 * 64 * 3;

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

describe('loader threads', () => {
  const { augment, seed, imgsz, hyp } = options;
  const sampleOptions = { augment, seed, imgsz, hyp };

  function tasksInto(buffer: SharedArrayBuffer): SampleTask[] {
    return Array.from({ length: buffer.byteLength / IMAGE_BYTES }, (_, k) => ({
      ...{ index: k % dataset.numImages, epoch: k, height: 64, width: 64 },
      target: { buffer, offset: k * IMAGE_BYTES, rowBytes: 64 * 3, height: 64, width: 64 },
    }));
  }

  async function withPool<T>(numThreads: number, work: (pool: TaskPool) => Promise<T>): Promise<T> {
    const pool = new TaskPool(dataset, sampleOptions, numThreads, () => undefined);
    try {
      return await work(pool);
    } finally {
      await pool.close();
    }
  }

  it('may come and go while batches are made: each sample is made once and is the same', async () => {
    const make = (resize: (pool: TaskPool, list: number) => void, numThreads: number) =>
      withPool(numThreads, async (pool) => {
        const buffers = Array.from({ length: 6 }, () => new SharedArrayBuffer(12 * IMAGE_BYTES));
        const runs = buffers.map((buffer) => pool.run(tasksInto(buffer)));
        const results = [];
        for (const [list, run] of runs.entries()) {
          resize(pool, list);
          results.push(await run.results);
        }
        return { results, pixels: buffers.map((buffer) => Buffer.from(buffer).toString('base64')) };
      });
    const plain = await make(() => undefined, 0);
    const sizes = [3, 1, 2, 1, 3, 1];
    const changing = await make((pool, list) => {
      pool.resize(sizes[list]!);
      expect(pool.numThreads).toBe(sizes[list]);
    }, 1);
    expect(changing).toEqual(plain);
    expect(plain.results.flat().every((result) => result !== undefined && result.problem === undefined)).toBe(true);
  });

  it('go on with the next batches while the thread that feeds them is blocked', () =>
    withPool(1, async (pool) => {
      const buffer = new SharedArrayBuffer(12 * IMAGE_BYTES);
      const run = pool.run(tasksInto(buffer));
      // The last pixel is neither drawn nor grey before its sample is made; nothing here yields to the event loop.
      const last = new Int32Array(buffer, buffer.byteLength - 4);
      for (let k = 0; k < 2000 && Atomics.load(last, 0) === 0; k++) Atomics.wait(last, 0, 0, 5);
      expect(Atomics.load(last, 0)).not.toBe(0);
      expect((await run.results).length).toBe(12);
    }));

  it('begin nothing of a batch that was cancelled, and finish what they had begun', () =>
    withPool(0, async (pool) => {
      const run = pool.run(tasksInto(new SharedArrayBuffer(12 * IMAGE_BYTES)));
      // Both lanes of the caller have claimed one by now.
      run.cancel();
      const results = await run.results;
      expect(results.map((result) => result !== undefined)).toEqual([true, true, ...Array<boolean>(10).fill(false)]);
      expect(await pool.run([]).results).toEqual([]);
    }));

  it('that die reject everything that waits for them, and later requests', async () => {
    const deaths: string[] = [];
    const thread = new LoaderThread(
      { table: dataset.table, options: sampleOptions },
      () => undefined,
      (error) => deaths.push(error.code),
    );
    await thread.kill();
    expect(deaths).toEqual(['DATA_LOADER_THREAD_DIED']);

    const table = { ...dataset.table, sizes: undefined as unknown as Int32Array };
    const pool = new TaskPool(new Dataset(table, dataset.report), sampleOptions, 1, (error) => deaths.push(error.code));
    const run = pool.run(tasksInto(new SharedArrayBuffer(IMAGE_BYTES)));
    await expect(run.results).rejects.toMatchObject({ code: 'DATA_LOADER_THREAD_DIED' });
    await expect(pool.run([]).results).rejects.toMatchObject({ code: 'DATA_LOADER_THREAD_DIED' });
    expect(deaths).toHaveLength(2);
    await pool.close();
  });
});

describe('the number of loader threads', () => {
  const waiting = { seconds: 1, waitSeconds: 0.1, busySeconds: 4 };

  it('begins at half of the most, grows while somebody waits, and never beyond the most', () => {
    const pace = new LoaderPace(8);
    expect(pace.threads).toBe(4);
    // By half of what there is: 4 → 6 → 8 (not 9).
    expect([1, 2, 3].map(() => pace.update(waiting))).toEqual([6, 8, 8]);
    expect(new LoaderPace(1).update(waiting)).toBe(1);
  });

  it('shrinks one by one when nobody has waited for a while and fewer threads would have air', () => {
    const pace = new LoaderPace(8);
    const idle = { seconds: 1, waitSeconds: 0, busySeconds: 1 };
    // Four calm windows per thread; a load of 1 needs more than 1 / 0.75 threads to be left.
    expect(Array.from({ length: 12 }, () => pace.update(idle))).toEqual([4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2]);
  });

  it('stays while threads are busy, though nobody waits', () => {
    const pace = new LoaderPace(8);
    const busy = { seconds: 1, waitSeconds: 0, busySeconds: 3 };
    expect(Array.from({ length: 8 }, () => pace.update(busy)).at(-1)).toBe(4);
  });

  it('does not let a thread go twice that was missed', () => {
    const pace = new LoaderPace(4);
    const idle = { seconds: 1, waitSeconds: 0, busySeconds: 0 };
    for (let k = 0; k < 4; k++) pace.update(idle);
    expect(pace.threads).toBe(1);
    expect(pace.update(waiting)).toBe(2);
    for (let k = 0; k < 12; k++) pace.update(idle);
    expect(pace.threads).toBe(2);
  });

  it('is decided by windows of at least eight batches and a second, after the first batch', () => {
    const pacing = new LoaderPacing(2);
    expect(pacing.numThreads).toBe(1);
    // The first batch took long because threads started: no window yet.
    expect(pacing.delivered(0, 5000, () => 0)).toBeUndefined();
    const came = Array.from({ length: 8 }, (_, k) => pacing.delivered(5000 + 200 * k, 5100 + 200 * k, () => 1));
    // Every batch was waited for half of the time; the eighth comes 1.5 s after the first.
    expect(came).toEqual([...Array<undefined>(7).fill(undefined), 2]);
    expect(new LoaderPacing(0).delivered(0, 1, () => 0)).toBeUndefined();
  });
});
