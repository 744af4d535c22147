/**
 * Our side: makes one round of samples for every line on its input, as training does, and answers with a line of JSON.
 * Arguments: settings as JSON.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { allocateRamCache } from '../../worker/data/images/pixel-cache.js';
import { type Loader, openLoader } from '../../worker/data/loader/loader.js';
import { openDataset } from '../../worker/data/open-dataset.js';
import type { LoaderSettings, Round } from './settings.js';

const CAPACITY_BATCHES = 4;
const SEED = 0;
/** Class numbers of the labels mean nothing here. */
const NUM_CLASSES = 1000;

const settings = JSON.parse(process.argv[2] ?? '{}') as LoaderSettings;
const sources = [join(settings.data, 'images')];
const names = Array.from({ length: NUM_CLASSES }, (_, i) => `class${i}`);
const config = { yaml: settings.data, train: sources, val: sources, test: [], nc: NUM_CLASSES, names };
const dataset = await openDataset(sources, config, { split: 'train' });
const cache = settings.cache ? allocateRamCache(dataset, settings.imgsz, Number.POSITIVE_INFINITY) : undefined;

async function runRound(loader: Loader, epoch: number): Promise<Round> {
  const { images, batch, imgsz } = settings;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const numBatches = Math.ceil(images / batch);
  for (let k = 0; k < numBatches; k++) {
    const count = Math.min(batch, images - k * batch);
    // Each sample draws its own tiles; which image it is around does not matter for the time.
    const indices = Int32Array.from({ length: count }, (_, i) => (k * batch + i) % dataset.numImages);
    loader.submit({ epoch, indices, height: imgsz, width: imgsz });
  }
  for (let k = 0; k < numBatches; k++) (await loader.next()).release();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1e3;
  return { images, seconds, cpuSeconds: (user + system) / 1e6, threads: loader.numThreads };
}

const { imgsz, threads, hyp } = settings;
const options = { numThreads: threads, capacityBatches: CAPACITY_BATCHES, hyp, augment: true, seed: SEED, imgsz };
await using loader = openLoader(dataset, {
  ...options,
  cache: cache !== undefined && 'kind' in cache ? cache : undefined,
});
let epoch = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') continue;
  process.stdout.write(`${JSON.stringify(await runRound(loader, epoch++))}\n`);
}
