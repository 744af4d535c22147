/** `--data` with an address: the YAML of a packed data set comes from where its tar files lie. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findConfigFile } from '../../../configs/find.js';
import { datasetYamlAddress, openRemoteDataset } from '../../../configs/remote-dataset.js';
import { openDataset } from '../../../coordinator/dataset.js';
import { openDataset as openSplit } from '../../../worker/data/open-dataset.js';
import { packSplits } from '../../../worker/dataset-tool/pack-splits.js';
import { serveFiles } from '../../support/file-server.js';
import { datasetConfig, temporaryFolder, write, writeSample } from './support.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A data set packed as `launch dataset pack` does it. */
async function packed() {
  const root = await temporaryFolder();
  for (let i = 0; i < 4; i++) await writeSample(root, `00${i}`, `${i % 2} 0.5 0.4 0.31 0.2\n`, [40 + i, 30]);
  const out = join(root, 'store', 'sets', 'my set');
  const data = datasetConfig(root);
  vi.stubEnv('LOCKSTEP_CACHE', join(root, 'cache'));
  await packSplits({ command: 'pack', data, out, shardBytes: 3_000, onBadSample: 'skip' }, () => undefined);
  return { root, out, data, store: join(root, 'store') };
}

describe('the address of a data set’s YAML', () => {
  it('is below a place, beside an index, or the address itself', () => {
    expect(datasetYamlAddress('s3://bucket/sets/coco')).toBe('s3://bucket/sets/coco/data.yaml');
    expect(datasetYamlAddress('s3://bucket')).toBe('s3://bucket/data.yaml');
    expect(datasetYamlAddress('https://host/sets/coco/')).toBe('https://host/sets/coco/data.yaml');
    expect(datasetYamlAddress('https://host/a/train.shards.json')).toBe('https://host/a/data.yaml');
    expect(datasetYamlAddress('https://host/a/other.yaml?token=x')).toBe('https://host/a/other.yaml?token=x');
  });

  it.each(['s3://bucket/set.zip', 's3:///nothing', 'https://'])('is refused for %s with what to write', (given) => {
    expect(() => datasetYamlAddress(given)).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID_VALUE', hint: expect.stringMatching(/pack|s3:\/\//) as unknown }),
    );
  });
});

describe('a packed data set named by its address', () => {
  it('has the images, labels and ids of its folder', async () => {
    const { root, data, store } = await packed();
    await using files = await serveFiles(store);
    const folder = await openSplit(data.train, data, { split: 'train' });
    for (const given of [`${files.url}/sets/my set`, `${files.url}/sets/my%20set/train.shards.json`]) {
      expect(findConfigFile('data', given, root)).toBe(given);
      const config = await openDataset(given);
      expect(config).toMatchObject({ nc: 2, names: data.names });
      expect(config.train).toEqual([`${files.url}/sets/my%20set/train.shards.json`]);
      const shards = await openSplit(config.train, config, { split: 'train' });
      expect(shards.imageIds()).toEqual(folder.imageIds());
      expect(shards.table.labels).toEqual(folder.table.labels);
    }
  });

  it('leaves a copy of its YAML that says everything, for resumed runs', async () => {
    const { store } = await packed();
    await using files = await serveFiles(store);
    const { yaml, ...config } = await openDataset(`${files.url}/sets/my%20set`);
    expect(yaml).toMatch(/datasets\/my set-[0-9a-f]{12}\/data\.yaml$/);
    expect(await openDataset(yaml)).toEqual({ yaml, ...config });
    expect(await readFile(yaml, 'utf8')).toContain(`path: ${files.url}/sets/my%20set/`);
  });

  it('that is not there is refused with the address, the status and what should be there', async () => {
    const { store } = await packed();
    await using files = await serveFiles(store);
    await expect(openDataset(`${files.url}/sets/other`)).rejects.toMatchObject({
      code: 'DATA_REMOTE',
      message: `${files.url}/sets/other/data.yaml: HTTP status 404`,
      hint: expect.stringContaining('data.yaml beside its indexes') as unknown,
    });
  });

  it('whose YAML is broken is refused with its line', async () => {
    const root = await temporaryFolder();
    await write(join(root, 'data.yaml'), 'train: [a\nval: b\n');
    await using files = await serveFiles(root);
    await expect(openRemoteDataset(files.url, { cacheDir: root })).rejects.toMatchObject({
      code: 'CONFIG_YAML_SYNTAX',
      message: expect.stringMatching(/^http:.*data\.yaml:\d+:\d+: /) as unknown,
    });
  });
});

it('a YAML at an address that names folders is about folders of this machine', async () => {
  const root = await temporaryFolder();
  for (let i = 0; i < 2; i++) await writeSample(root, `${i}`, '0 0.5 0.4 0.31 0.2\n');
  vi.stubEnv('LOCKSTEP_CACHE', join(root, 'cache'));
  await write(join(root, 'store', 'mine.yaml'), `path: ${root}\ntrain: images\nval: images\nnc: 2\n`);
  await using files = await serveFiles(join(root, 'store'));
  expect((await openDataset(`${files.url}/mine.yaml`)).train).toEqual([join(root, 'images')]);
});
