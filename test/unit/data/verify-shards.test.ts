/** Whole tar files against the checksums in their index, on disk and behind HTTP. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { VerifyRequest } from '../../../configs/dataset-request.js';
import { DEFAULT_HYP } from '../../../configs/schema/hyp.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { packDataset } from '../../../worker/data/shards/pack.js';
import { ShardCache } from '../../../worker/data/shards/shard-cache.js';
import { readIndex } from '../../../worker/data/shards/shard-index.js';
import { damageError, verifyShards } from '../../../worker/data/shards/verify.js';
import { checkDataset } from '../../../worker/dataset-tool/check.js';
import { verifiedLines, verifySplits } from '../../../worker/dataset-tool/verify.js';
import { serveFiles } from '../../support/file-server.js';
import { datasetConfig, temporaryFolder, writeSample } from './support.js';

async function packed() {
  const root = await temporaryFolder();
  for (let i = 0; i < 6; i++) await writeSample(root, `00${i}`, '0 0.5 0.4 0.31 0.2\n', [40 + i, 30]);
  const options = { split: 'train', cacheDir: join(root, 'cache') } as const;
  const dataset = await openDataset([join(root, 'images')], datasetConfig(root), options);
  const out = join(root, 'packed');
  const { index, path } = await packDataset(dataset, { split: 'train', folder: out, shardBytes: 3_000 });
  return { root, out, index, path, cache: new ShardCache({ folder: join(root, 'shards') }) };
}

/** Flips a bit of a sample's bytes. */
async function damage(out: string, file: string, offset: number): Promise<void> {
  const bytes = await readFile(join(out, file));
  bytes[offset]! ^= 1;
  await writeFile(join(out, file), bytes);
}

describe('verifying tar files on disk', () => {
  it('finds all of them as the index says', async () => {
    const { path, index } = await packed();
    const progress: number[] = [];
    const verdicts = await verifyShards(index, path, { onProgress: (done) => progress.push(done) });
    expect(verdicts.length).toBe(index.shards.length);
    expect(verdicts.every(({ isIntact, reads }) => isIntact && reads === 1)).toBe(true);
    expect(progress.at(-1)).toBe(index.shards.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(damageError(verdicts)).toBeUndefined();
  });

  it('names the file, both checksums and the damaged sample', async () => {
    const { path, out, index } = await packed();
    const sample = index.samples[3]!;
    const { file, sha256 } = index.shards[sample.shard]!;
    await damage(out, file, sample.offset + 20);
    const verdicts = await verifyShards(index, path);
    const found = verdicts[sample.shard]!.found!;
    expect(found).not.toBe(sha256);
    expect(damageError(verdicts)).toMatchObject({
      code: 'DATA_SHARD_CHECKSUM',
      message: `${join(out, file)}: its SHA-256 is ${found}, the index says ${sha256}; damaged samples: 003.png`,
      details: { shards: [{ shard: join(out, file), sha256, found, damagedSamples: ['003.png'] }] },
    });
  });

  it('tells damage between samples from damage to them', async () => {
    const { path, out, index } = await packed();
    // The first bytes are a tar header's.
    await damage(out, index.shards[0]!.file, 3);
    const error = damageError(await verifyShards(index, path))!;
    expect(error.message).toContain('no sample is damaged');
  });

  it('reports a file that is missing or longer than it should be', async () => {
    const { path, out, index } = await packed();
    await rm(join(out, index.shards[0]!.file));
    const longer = join(out, index.shards[1]!.file);
    await writeFile(longer, Buffer.concat([await readFile(longer), Buffer.alloc(512)]));
    const verdicts = await verifyShards(index, path);
    expect(verdicts.map(({ isIntact }) => isIntact).slice(0, 2)).toEqual([false, false]);
    expect(damageError(verdicts)!.message).toMatch(/000000\.tar: cannot be read: ENOENT/);
  });
});

describe('verifying tar files in a store', () => {
  it('fetches them whole into the cache, from which samples are then read', async () => {
    const { out, root, cache } = await packed();
    await using files = await serveFiles(out);
    const source = `${files.url}/train.shards.json`;
    const index = await readIndex(source);
    expect((await verifyShards(index, source, { cache })).every(({ isIntact }) => isIntact)).toBe(true);
    const numRequests = files.requests.length;
    const { name, shard, offset, bytes, sha256 } = index.samples[4]!;
    const url = `${files.url}/${index.shards[shard]!.file}`;
    const kept = await cache.read({ shard: url, offset, bytes, sha256 });
    expect(Buffer.from(kept!)).toEqual(await readFile(join(root, 'images', name)));
    expect(files.requests.length).toBe(numRequests);
  });

  it('fetches again what was damaged on its way', async () => {
    const { out, cache } = await packed();
    await using files = await serveFiles(out);
    const source = `${files.url}/train.shards.json`;
    const index = await readIndex(source);
    let numSpoilt = 0;
    files.spoil = (bytes, path) => {
      if (path.endsWith('000001.tar') && numSpoilt++ === 0) bytes[700]! ^= 1;
    };
    const verdicts = await verifyShards(index, source, { cache });
    expect(verdicts.every(({ isIntact }) => isIntact)).toBe(true);
    expect(verdicts.map(({ reads }) => reads)).toEqual(index.shards.map((_, i) => (i === 1 ? 2 : 1)));
  });

  it('gives up after the second time, with both checksums', async () => {
    const { out, cache } = await packed();
    await using files = await serveFiles(out);
    const source = `${files.url}/train.shards.json`;
    const index = await readIndex(source);
    const { offset, shard, name } = index.samples[0]!;
    files.spoil = (bytes, path) => {
      if (path.endsWith(index.shards[shard]!.file)) bytes[offset + 9]! ^= 1;
    };
    const error = damageError(await verifyShards(index, source, { cache }))!;
    expect(error.code).toBe('DATA_SHARD_CHECKSUM');
    expect(error.message).toMatch(
      /000000\.tar: its SHA-256 is [0-9a-f]{64}, the index says [0-9a-f]{64}, fetched 2 times/,
    );
    expect(error.message).toContain(`damaged samples: ${name}`);
    expect(error.message.split('\n').length).toBe(1);
  });
});

describe('launch dataset verify and check', () => {
  const requestFor = (root: string, source: string): VerifyRequest => ({
    command: 'verify',
    data: { ...datasetConfig(root), train: [source], val: [source] },
    json: false,
  });

  it('reads a tar file that several splits name once', async () => {
    const { root, path, index } = await packed();
    const splits = await verifySplits(requestFor(root, path), () => undefined);
    expect(splits.map(({ split, shards }) => [split, shards.length])).toEqual([['train', index.shards.length]]);
    expect(verifiedLines(splits)[0]).toMatch(/^train: (\d+) of \1 tar file\(s\) are as the index says/);
  });

  it('refuses a data set that is not packed', async () => {
    const { root } = await packed();
    await expect(verifySplits(requestFor(root, join(root, 'images')), () => undefined)).rejects.toMatchObject({
      code: 'DATA_NOT_PACKED',
    });
  });

  it('the check finds damaged tar files on disk, too', async () => {
    const { root, out, path, index } = await packed();
    await damage(out, index.shards[0]!.file, 3);
    const report = await checkDataset(
      {
        ...requestFor(root, path),
        command: 'check',
        cfg: 'configs/models/yolov3-tiny.yaml',
        hyp: DEFAULT_HYP,
        imgsz: 64,
        seed: 0,
        onBadSample: 'skip',
        out: join(root, 'report'),
      },
      () => undefined,
    );
    expect(report.ok).toBe(false);
    expect(report.problems).toEqual([expect.stringContaining('its SHA-256 is')]);
  });
});
