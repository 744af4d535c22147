/** Packed data in an S3 store: a server of our own checks every signature by the book and answers as a store does. */
import { createHash, createHmac } from 'node:crypto';
import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readDatasetYaml } from '../../../configs/dataset.js';
import { openRemoteDataset } from '../../../configs/remote-dataset.js';
import { readS3Settings, s3ToHttp } from '../../../configs/store/s3.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { locationOf } from '../../../worker/data/shards/locations.js';
import { packDataset } from '../../../worker/data/shards/pack.js';
import { readCacheLimit, ShardCache } from '../../../worker/data/shards/shard-cache.js';
import { readIndex } from '../../../worker/data/shards/shard-index.js';
import { readSample } from '../../../worker/data/shards/shard-reader.js';
import { datasetConfig, temporaryFolder, write, writeSample } from './support.js';

const KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', token: 'session/token=' };
const REGION = 'eu-north-1';

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** The signature that a request must have: AWS Signature Version 4, "Create a signed request", steps 1 to 4. */
function expectedSignature(request: IncomingMessage): string | undefined {
  const match = /Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=/.exec(request.headers.authorization ?? '');
  if (match === null) return undefined;
  const [id, date, region, service, end] = match[1]!.split('/');
  if (id !== KEY.id || region !== REGION || service !== 's3' || end !== 'aws4_request') return undefined;
  const names = match[2]!.split(';');
  const canonical = [
    ...[request.method, request.url, ''],
    ...names.map((name) => `${name}:${String(request.headers[name]).trim()}`),
    ...['', names.join(';'), request.headers['x-amz-content-sha256']],
  ].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const scope = `${date}/${region}/${service}/${end}`;
  const toSign = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hash].join('\n');
  const key = [region, service, end].reduce((k, part) => hmac(k, part!), hmac(`AWS4${KEY.secret}`, date!));
  return hmac(key, toSign).toString('hex');
}

interface Store {
  readonly endpoint: string;
  readonly requests: string[];
  /** Called with the bytes of every answer to a range request; may change them. */
  spoil: (bytes: Buffer, numRanges: number) => void;
}

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});

/** A store that holds a folder as the bucket `data.sets`, and refuses what is not signed. */
async function openStore(folder: string): Promise<Store> {
  const store: Store = { endpoint: '', requests: [], spoil: () => undefined };
  let numRanges = 0;
  const refuse = (status: number, code: string) => ({
    status,
    body: Buffer.from(`<Error><Code>${code}</Code></Error>`),
  });
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: Buffer }> => {
    const signature = /Signature=([0-9a-f]{64})/.exec(request.headers.authorization ?? '')?.[1];
    if (signature === undefined) return refuse(403, 'AccessDenied');
    if (signature !== expectedSignature(request)) return refuse(403, 'SignatureDoesNotMatch');
    if (request.headers['x-amz-security-token'] !== KEY.token) return refuse(403, 'InvalidToken');
    const path = decodeURIComponent(request.url!);
    const bytes = await readFile(join(folder, path.replace('/data.sets/train set/', ''))).catch(() => undefined);
    if (bytes === undefined) return refuse(404, 'NoSuchKey');
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
    store.requests.push(`${path}${range === null ? '' : ` ${range[0]}`}`);
    if (range === null) return { status: 200, body: bytes };
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    store.spoil(part, ++numRanges);
    return { status: 206, body: part };
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response
        .writeHead(status, { 'content-type': status >= 400 ? 'application/xml' : 'binary/octet-stream' })
        .end(body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(server);
  return Object.assign(store, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}

function credentials(endpoint: string): void {
  const values = {
    ...{ AWS_ACCESS_KEY_ID: KEY.id, AWS_SECRET_ACCESS_KEY: KEY.secret, AWS_SESSION_TOKEN: KEY.token },
    ...{ AWS_REGION: REGION, AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: '' },
  };
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

async function packed() {
  const root = await temporaryFolder();
  for (let i = 0; i < 4; i++) await writeSample(root, `00${i}`, `${i % 2} 0.5 0.4 0.31 0.2\n`, [40 + i, 30]);
  const cacheDir = join(root, 'cache');
  const folder = await openDataset([join(root, 'images')], datasetConfig(root), { split: 'train', cacheDir });
  const out = join(root, 'packed');
  await packDataset(folder, { split: 'train', folder: out, shardBytes: 3_000 });
  const index = 'train.shards.json';
  await write(join(out, 'data.yaml'), `path: .\ntrain: ${index}\nval: ${index}\nnc: 2\n`);
  const store = await openStore(out);
  credentials(store.endpoint);
  return { root, out, folder, store };
}

const INDEX = 's3://data.sets/train%20set/train.shards.json';

describe('packed data in an S3 store', () => {
  it('is read by signed requests, range by range, and kept', async () => {
    const { root, folder, store } = await packed();
    const shards = await openDataset([INDEX], datasetConfig(root), { split: 'train' });
    expect(shards.table.labels).toEqual(folder.table.labels);
    expect(store.requests).toEqual(['/data.sets/train set/train.shards.json']);
    const cache = new ShardCache({ folder: join(root, 'shards') });
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 4; i++) {
        const bytes = await readSample(locationOf(shards.table, i)!, { cache });
        expect(Buffer.from(bytes)).toEqual(await readFile(folder.imagePath(i)));
      }
    }
    expect(store.requests.slice(1)).toEqual(
      Array.from({ length: 4 }, () =>
        expect.stringMatching(/^\/data\.sets\/train set\/train-00000\d\.tar bytes=\d+-\d+$/),
      ),
    );
  });

  it('that is refused says the store’s reason and where credentials come from', async () => {
    await packed();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    await expect(readIndex(INDEX)).rejects.toMatchObject({
      code: 'DATA_REMOTE',
      message: 's3://data.sets/train%20set/train.shards.json: HTTP status 403 (SignatureDoesNotMatch)',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID') as unknown,
    });
    vi.stubEnv('AWS_ACCESS_KEY_ID', '');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
    await expect(readIndex(INDEX)).rejects.toMatchObject({
      message: expect.stringContaining('(AccessDenied)') as unknown,
    });
    await expect(readIndex('s3://data.sets')).rejects.toMatchObject({ code: 'DATA_REMOTE' });
  });

  it('is fetched again where bytes were damaged on their way, and named where that does not help', async () => {
    const { root, store } = await packed();
    const shards = await openDataset([INDEX], datasetConfig(root), { split: 'train' });
    const cache = new ShardCache({ folder: join(root, 'shards') });
    store.spoil = (bytes, numRanges) => {
      if (numRanges === 1) bytes[5]! ^= 1;
    };
    const location = locationOf(shards.table, 0)!;
    expect((await readSample(location, { cache })).length).toBe(location.bytes);
    expect(store.requests.length).toBe(3);
    store.spoil = (bytes) => {
      bytes[5]! ^= 1;
    };
    await expect(readSample(locationOf(shards.table, 1)!, { cache })).rejects.toMatchObject({
      code: 'DATA_SHARD_CORRUPT',
      message: expect.stringMatching(/^s3:.*\.tar: the \d+ bytes at \d+ .*, twice in a row$/) as unknown,
    });
    expect(store.requests.length).toBe(5);
  });

  it('is named on the command line by its place', async () => {
    const { root, folder, store } = await packed();
    const yaml = await openRemoteDataset('s3://data.sets/train set', { cacheDir: join(root, 'cache') });
    expect(store.requests).toEqual(['/data.sets/train set/data.yaml']);
    const config = await readDatasetYaml(yaml);
    expect(config.train).toEqual([INDEX]);
    const shards = await openDataset(config.train, config, { split: 'train' });
    expect(shards.imageIds()).toEqual(folder.imageIds());
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    await expect(openRemoteDataset('s3://data.sets/train set')).rejects.toMatchObject({
      code: 'DATA_REMOTE',
      message: 's3://data.sets/train%20set/data.yaml: HTTP status 403 (SignatureDoesNotMatch)',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID') as unknown,
    });
  });

  it('is named in a data set YAML by its address, whole or as the root', async () => {
    const root = await temporaryFolder();
    const yaml = await write(
      join(root, 'a.yaml'),
      `path: s3://bucket/sets\ntrain: train.shards.json\nval: s3://other/val.shards.json\nnc: 2\n`,
    );
    expect(await readDatasetYaml(yaml)).toMatchObject({
      train: ['s3://bucket/sets/train.shards.json'],
      val: ['s3://other/val.shards.json'],
    });
  });
});

describe('the address of an object', () => {
  it('is that of Amazon’s host for the bucket, or below another endpoint', () => {
    const settings = { region: 'eu-west-1' };
    expect(s3ToHttp('s3://b/a/x y.tar', settings)).toBe('https://b.s3.eu-west-1.amazonaws.com/a/x%20y.tar');
    expect(s3ToHttp('s3://b.c/x', settings)).toBe('https://s3.eu-west-1.amazonaws.com/b.c/x');
    expect(s3ToHttp('s3://b/x', { ...settings, endpoint: 'http://h:9000/' })).toBe('http://h:9000/b/x');
  });

  it('and credentials come from the variables, else from the files of the AWS tools', async () => {
    const home = await temporaryFolder();
    await write(
      join(home, '.aws', 'credentials'),
      '[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n[other]\naws_access_key_id=C\naws_secret_access_key=D\naws_session_token=E\n',
    );
    await write(join(home, '.aws', 'config'), '[profile other]\nregion = eu-central-1\nendpoint_url = http://h\n');
    expect(readS3Settings({}, home)).toEqual({
      region: 'us-east-1',
      endpoint: undefined,
      credentials: { accessKeyId: 'A', secretAccessKey: 'B', sessionToken: undefined },
    });
    expect(readS3Settings({ AWS_PROFILE: 'other' }, home)).toEqual({
      region: 'eu-central-1',
      endpoint: 'http://h',
      credentials: { accessKeyId: 'C', secretAccessKey: 'D', sessionToken: 'E' },
    });
    expect(readS3Settings({ AWS_ACCESS_KEY_ID: 'F', AWS_SECRET_ACCESS_KEY: 'G', AWS_REGION: 'r' }, home)).toMatchObject(
      {
        region: 'r',
        credentials: { accessKeyId: 'F', sessionToken: undefined },
      },
    );
    expect(readS3Settings({}, join(home, 'nobody')).credentials).toBeUndefined();
  });
});

describe('the cache of remote shards', () => {
  const bytes = new Uint8Array(4096).fill(7);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const sample = (shard: string) => ({ shard, offset: 0, bytes: bytes.length, sha256 });

  it('forgets the files that were used longest ago when it is full', async () => {
    const folder = join(await temporaryFolder(), 'shards');
    // Room for three files of one page and a bit; every write looks.
    const cache = new ShardCache({ folder, maxBytes: 3.5 * 4096 });
    const names: string[] = [];
    for (const [age, shard] of ['a', 'b', 'c'].entries()) {
      await cache.write(sample(shard), bytes);
      const name = (await readdir(folder)).find((entry) => !names.includes(entry))!;
      names.push(name);
      await utimes(join(folder, name), 1000 + age, 1000 + age);
    }
    // Reading makes `a` the one that was used last.
    expect(await cache.read(sample('a'))).toBeDefined();
    expect((await stat(join(folder, names[0]!))).mtimeMs).toBeGreaterThan(2_000_000);
    await cache.write(sample('d'), bytes);
    const kept = await Promise.all(['a', 'b', 'c', 'd'].map(async (s) => (await cache.read(sample(s))) !== undefined));
    expect(kept).toEqual([true, false, true, true]);
  });

  it('has no limit unless the environment sets one', () => {
    expect(readCacheLimit({ LOCKSTEP_SHARD_CACHE_GB: '1.5' })).toBe(1.5e9);
    for (const value of [undefined, '', '0', 'much']) {
      expect(readCacheLimit({ LOCKSTEP_SHARD_CACHE_GB: value })).toBe(Number.POSITIVE_INFINITY);
    }
  });

  it('that cannot be written is no error', async () => {
    const file = await write(join(await temporaryFolder(), 'file'), '');
    const cache = new ShardCache({ folder: file, maxBytes: 1 });
    await cache.write(sample('a'), bytes);
    expect(await cache.read(sample('a'))).toBeUndefined();
  });
});
