import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDatasetYaml } from '../../../configs/dataset.js';
import { DEFAULT_HYP } from '../../../configs/schema/hyp.js';
import type { Dataset } from '../../../worker/data/dataset.js';
import { openLoader } from '../../../worker/data/loader/loader.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { locationOf } from '../../../worker/data/shards/locations.js';
import { packDataset } from '../../../worker/data/shards/pack.js';
import { ShardCache } from '../../../worker/data/shards/shard-cache.js';
import { parseIndex, readIndex } from '../../../worker/data/shards/shard-index.js';
import { readSample } from '../../../worker/data/shards/shard-reader.js';
import { readTarHeader, tarHeader } from '../../../worker/data/shards/tar.js';
import { serveFiles } from '../../support/file-server.js';
import { datasetConfig, temporaryFolder, write, writeSample } from './support.js';

const NUM_IMAGES = 6;

/** A folder data set with a plain box, a polygon, a background image and an odd name, and the same packed into small shards. */
async function packed(): Promise<{ root: string; out: string; folder: Dataset; indexPath: string; cacheDir: string }> {
  const root = await temporaryFolder();
  for (let i = 0; i < NUM_IMAGES - 2; i++)
    await writeSample(root, `00${i}`, `${i % 2} 0.5 0.4 0.31 0.2\n`, [40 + i, 30]);
  await writeSample(root, 'ein Bild ü', '0 0.1 0.1 0.6 0.2 0.4 0.7\n1 0.5 0.5 0.2 0.2\n');
  await writeSample(root, 'x.background', undefined);
  const cacheDir = join(root, 'cache');
  const folder = await openDataset([join(root, 'images')], datasetConfig(root), { split: 'train', cacheDir });
  const out = join(root, 'packed');
  // Two of the small PNGs fit into a shard of 3 kB.
  const { path } = await packDataset(folder, { split: 'train', folder: out, shardBytes: 3_000 });
  return { root, out, folder, indexPath: path, cacheDir };
}

async function batchOf(dataset: Dataset, epoch: number): Promise<{ images: Buffer; targets: number[] }> {
  const options = { numThreads: 0, capacityBatches: 1, hyp: DEFAULT_HYP, augment: true, seed: 5, imgsz: 64 };
  await using loader = openLoader(dataset, options);
  loader.submit({ epoch, indices: Int32Array.from({ length: dataset.numImages }, (_, i) => i), height: 64, width: 64 });
  const batch = await loader.next();
  expect(batch.badItems).toEqual([]);
  return { images: Buffer.from(batch.images), targets: [...batch.targets] };
}

describe('a packed data set', () => {
  it('gives the same images, labels, ids and batches as its folder', async () => {
    const { folder, indexPath, root, cacheDir } = await packed();
    const shards = await openDataset([indexPath], datasetConfig(root), { split: 'train', cacheDir });
    expect(shards.numImages).toBe(NUM_IMAGES);
    expect(shards.imageIds()).toEqual(folder.imageIds());
    expect(shards.table.sizes).toEqual(folder.table.sizes);
    expect(shards.table.labels).toEqual(folder.table.labels);
    expect(shards.table.points).toEqual(folder.table.points);
    expect(shards.report).toMatchObject({ found: 5, missing: 1, corrupt: 0, total: NUM_IMAGES });
    for (const epoch of [0, 1]) expect(await batchOf(shards, epoch)).toEqual(await batchOf(folder, epoch));
  });

  it('consists of tar files that tar itself reads, in WebDataset’s layout', async () => {
    const { out, root } = await packed();
    const names = (await readdir(out)).sort();
    const tars = names.filter((name) => name.endsWith('.tar'));
    expect(tars.length).toBeGreaterThan(1);
    expect(names).toContain('train.shards.json');
    const listed = tars.flatMap((name) =>
      execFileSync('tar', ['-tf', join(out, name)], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    );
    expect(listed).toEqual(
      Array.from({ length: NUM_IMAGES }, (_, i) => [`00000000${i}.png`, `00000000${i}.json`]).flat(),
    );
    const about = execFileSync('tar', ['-xOf', join(out, tars[0]!), '000000000.json'], { encoding: 'utf8' });
    expect(JSON.parse(about)).toMatchObject({ name: '000.png', width: 40, height: 30, imageId: 0 });
    const image = execFileSync('tar', ['-xOf', join(out, tars[0]!), '000000000.png']);
    expect(image).toEqual(await readFile(join(root, 'images', '000.png')));
  });

  it('is the same, byte for byte, when packed again', async () => {
    const { folder, out, root } = await packed();
    const again = join(root, 'again');
    await packDataset(folder, { split: 'train', folder: again, shardBytes: 3_000 });
    for (const name of await readdir(out))
      expect(await readFile(join(again, name))).toEqual(await readFile(join(out, name)));
  });

  it('refuses to overwrite an index', async () => {
    const { folder, out } = await packed();
    await expect(packDataset(folder, { split: 'train', folder: out, shardBytes: 3_000 })).rejects.toMatchObject({
      code: 'DATA_PACK_EXISTS',
    });
  });

  it('does not give out a sample whose bytes have changed, and says which', async () => {
    const { indexPath, root, cacheDir } = await packed();
    const shards = await openDataset([indexPath], datasetConfig(root), { split: 'train', cacheDir });
    const location = locationOf(shards.table, 2)!;
    const bytes = await readFile(location.shard);
    bytes[location.offset + 20]! ^= 1;
    await writeFile(location.shard, bytes);
    await expect(readSample(location)).rejects.toMatchObject({ code: 'DATA_SHARD_CORRUPT' });
    await rm(location.shard);
    await expect(readSample(location)).rejects.toMatchObject({ code: 'DATA_IMAGE_UNREADABLE' });
  });
});

describe('a packed data set behind HTTP', () => {
  it('is named by its address in a data set YAML', async () => {
    const root = await temporaryFolder();
    const address = 'https://store.example/sets/train.shards.json';
    const yaml = await write(join(root, 'remote.yaml'), `train: ${address}\nval: ${address}\nnc: 2\n`);
    expect((await readDatasetYaml(yaml)).train).toEqual([address]);
  });

  it('is read sample by sample with range requests, the second time from the cache', async () => {
    const { out, folder, root, cacheDir } = await packed();
    await using files = await serveFiles(out);
    const { url, ranges } = files;
    const shards = await openDataset([`${url}/train.shards.json`], datasetConfig(root), { split: 'train', cacheDir });
    expect(shards.table.labels).toEqual(folder.table.labels);
    const options = { cache: new ShardCache({ folder: join(root, 'shard cache') }) };
    const read = () =>
      Promise.all(Array.from({ length: NUM_IMAGES }, (_, i) => readSample(locationOf(shards.table, i)!, options)));
    const first = await read();
    expect(ranges.length).toBe(NUM_IMAGES);
    for (let i = 0; i < NUM_IMAGES; i++) expect(Buffer.from(first[i]!)).toEqual(await readFile(folder.imagePath(i)));
    expect((await read()).map((bytes) => Buffer.from(bytes))).toEqual(first.map((bytes) => Buffer.from(bytes)));
    expect(ranges.length).toBe(NUM_IMAGES);
  });

  it('fetches again what is damaged in the cache', async () => {
    const { out, root, cacheDir } = await packed();
    await using files = await serveFiles(out);
    const { url, ranges } = files;
    const shards = await openDataset([`${url}/train.shards.json`], datasetConfig(root), { split: 'train', cacheDir });
    const folder = join(root, 'shard cache');
    const options = { cache: new ShardCache({ folder }) };
    const location = locationOf(shards.table, 0)!;
    const good = await readSample(location, options);
    const [cached] = await readdir(folder);
    await writeFile(join(folder, cached!), 'damaged');
    expect(await readSample(location, options)).toEqual(good);
    expect(ranges.length).toBe(2);
  });

  it('tries again after passing failures, and gives up with the address and status otherwise', async () => {
    const { out, root } = await packed();
    await using flaky = await serveFiles(out);
    flaky.refuse = (requestNumber) => (requestNumber < 2 ? 503 : undefined);
    expect((await readIndex(`${flaky.url}/train.shards.json`)).samples.length).toBe(NUM_IMAGES);
    await using files = await serveFiles(root);
    const { url } = files;
    await expect(readIndex(`${url}/none.shards.json?key=secret`)).rejects.toMatchObject({
      code: 'DATA_REMOTE',
      message: `${url}/none.shards.json: HTTP status 404`,
    });
  });
});

describe('the index of a packed data set', () => {
  it('is refused where it is damaged, saying what is wrong', async () => {
    const { indexPath } = await packed();
    const text = await readFile(indexPath, 'utf8');
    const index = JSON.parse(text) as { samples: { offset: number }[] };
    index.samples[1]!.offset = 10 ** 9;
    const refused = (damaged: string, why: string) =>
      expect(() => parseIndex(damaged, 'x.shards.json')).toThrowError(
        expect.objectContaining({ code: 'DATA_BAD_SHARD_INDEX', message: expect.stringContaining(why) as unknown }),
      );
    refused(JSON.stringify(index), 'sample 1 (001.png) lies outside its tar file');
    refused(text.slice(0, 200), 'not JSON');
    refused(text.replace('"width":40', '"width":0'), 'samples.0.width');
  });
});

describe('a tar header', () => {
  it('is read back, and a damaged one is not', () => {
    const header = tarHeader('000000001.jpg', 123_456);
    expect(readTarHeader(header)).toEqual({ name: '000000001.jpg', sizeBytes: 123_456 });
    header[0]! += 1;
    expect(readTarHeader(header)).toBeUndefined();
    expect(readTarHeader(new Uint8Array(512))).toBeUndefined();
  });

  it('refuses names that it has no room for', () => {
    expect(() => tarHeader('ü.jpg', 1)).toThrowError(expect.objectContaining({ code: 'DATA_PACK_FAILED' }));
    expect(() => tarHeader('x'.repeat(101), 1)).toThrowError(expect.objectContaining({ code: 'DATA_PACK_FAILED' }));
  });
});
