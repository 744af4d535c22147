import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReadDatasetOptions, readDatasetYaml } from '../../../configs/dataset.js';
import type { DownloadPlan } from '../../../configs/download.js';
import { planLines } from '../../../coordinator/dataset.js';
import { useTempFolder } from '../../support/temp-folder.js';
import { zipOf } from '../../support/zip-archive.js';

const temp = useTempFolder();

const wrapped = zipOf({ 'tiny/images/a/1.png': 'picture', 'tiny/labels/a/1.txt': '0 .5 .5 .1 .1' });
const archives: Record<string, Buffer> = {
  '/tiny.zip': wrapped,
  '/flat.zip': zipOf({ 'images/a/1.png': 'picture' }),
  '/evil.zip': zipOf({ '../../evil.txt': 'x' }),
  '/cut.zip': wrapped.subarray(0, wrapped.length - 30),
  '/other.zip': zipOf({ 'readme.txt': 'no images here' }),
};
let server: Server;
let origin = '';
let numRequests = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method === 'HEAD' && request.url === '/huge.zip') {
      response.writeHead(200, { 'content-length': 1e15 }).end();
      return;
    }
    if (request.method !== 'HEAD') numRequests++;
    const archive = archives[request.url ?? ''];
    if (request.url === '/silent.zip') return;
    if (archive === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': archive.length }).end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let count = 0;
/** Reads a data set YAML with this `download`, in a folder and with a cache of its own. */
async function read(download: string, options: ReadDatasetOptions & { path?: string } = {}) {
  const folder = temp(`case${count++}`);
  await mkdir(folder, { recursive: true });
  const yaml = join(folder, 'set.yaml');
  await writeFile(
    yaml,
    `path: ${options.path ?? '../sets/tiny'}\ntrain: images/a\nval: images/a\nnc: 1\ndownload: ${download}\n`,
  );
  const cacheDir = join(folder, 'cache');
  const config = () => readDatasetYaml(yaml, { cwd: folder, cacheDir, fetchMissing: true, ...options });
  return { config, cacheDir };
}

describe('a data set that is missing', () => {
  it('is announced with sizes, place and free space before the first byte, and refused when it cannot fit', async () => {
    const events: unknown[] = [];
    const options = { onPlan: (plan: DownloadPlan) => events.push(plan), onDownload: () => events.push('bytes') };
    const { config, cacheDir } = await read(`${origin}/tiny.zip`, options);
    await config();
    expect(events[0]).toEqual({
      archives: [{ url: `${origin}/tiny.zip`, bytes: wrapped.length }],
      root: join(cacheDir, 'datasets', 'tiny'),
      freeBytes: expect.any(Number),
    });
    expect(events.slice(1)).toContain('bytes');

    const before = numRequests;
    // A server that tells no size keeps nobody from downloading; one that tells 1 PB does.
    const huge = await read(`[${origin}/unknown.zip, ${origin}/huge.zip]`, options);
    await expect(huge.config()).rejects.toMatchObject({ code: 'DATA_DISK_FULL', details: { bytes: 2e15 } });
    expect(numRequests).toBe(before);
    expect(planLines(events.at(-1) as DownloadPlan)).toEqual([
      expect.stringMatching(
        /^the data set is not there: downloading at least 1000000\.0 GB to .*\/tiny \(\d+\.\d GB free\); Ctrl-C stops it$/,
      ),
      `  ${origin}/unknown.zip  size not told`,
      `  ${origin}/huge.zip  1000000.0 GB`,
    ]);
  });

  it('is downloaded and unpacked into the cache once, and found there afterwards', async () => {
    const seen: number[] = [];
    const { config, cacheDir } = await read(`${origin}/tiny.zip`, { onDownload: (done) => seen.push(done) });
    const { train } = await config();
    expect(train).toEqual([join(cacheDir, 'datasets', 'tiny', 'images', 'a')]);
    expect(await readFile(join(train[0]!, '1.png'), 'utf8')).toBe('picture');
    expect(seen.at(-1)).toBe(wrapped.length);
    const before = numRequests;
    expect(await config()).toMatchObject({ train });
    expect(numRequests).toBe(before);
    // Neither the archive nor anything half-done stays behind.
    expect(await readdir(join(cacheDir, 'datasets'))).toEqual(['tiny']);
  });

  it('may come as several archives, without a folder of its own around them', async () => {
    const { config, cacheDir } = await read(`[${origin}/flat.zip, ${origin}/other.zip]`);
    await config();
    expect((await readdir(join(cacheDir, 'datasets', 'tiny'))).toSorted()).toEqual(['images', 'readme.txt']);
  });

  it('is checked against its checksum', async () => {
    const sha256 = createHash('sha256').update(wrapped).digest('hex');
    const good = await read(`{url: '${origin}/tiny.zip', sha256: ${sha256}}`);
    expect((await good.config()).train).toHaveLength(1);
    const bad = await read(`{url: '${origin}/tiny.zip', sha256: ${'a'.repeat(64)}}`);
    await expect(bad.config()).rejects.toMatchObject({
      code: 'DATA_CHECKSUM',
      message: expect.stringContaining(sha256),
    });
    expect(await readdir(join(bad.cacheDir, 'datasets'))).toEqual([]);
  });

  it('is only named where nobody asked for a download', async () => {
    const before = numRequests;
    const { config } = await read(`${origin}/tiny.zip`, { fetchMissing: false });
    await expect(config()).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
    expect(numRequests).toBe(before);
  });
});

describe('a download that fails', () => {
  it.each([
    ['a server that is not there', 'http://127.0.0.1:1/tiny.zip', /cannot be downloaded/],
    ['a file that is not there', '/none.zip', /the server answers 404/],
  ])('%s: says what to download by hand and where to unpack it', async (_, url, message) => {
    const full = url.startsWith('/') ? origin + url : url;
    const { config, cacheDir } = await read(full);
    await expect(config()).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/^download .*\.zip and unpack to .*sets\/tiny$/),
    });
    expect(await readdir(join(cacheDir, 'datasets'))).toEqual([]);
  });

  it.each([
    ['/evil.zip', 'DATA_ARCHIVE_UNSAFE'],
    ['/cut.zip', 'DATA_ARCHIVE_DAMAGED'],
    ['/other.zip', 'DATA_NOT_FOUND'],
  ])('%s ends in %s', async (path, code) => {
    const { config } = await read(origin + path);
    await expect(config()).rejects.toMatchObject({ code });
  });

  it('a caller who gives up is obeyed', async () => {
    const { config } = await read(`${origin}/silent.zip`, { signal: AbortSignal.abort(new Error('given up')) });
    await expect(config()).rejects.toThrow('given up');
  });
});

describe('Q46: scripts', () => {
  it.each([
    ['bash get_coco.sh', /bash get_coco\.sh/],
    ['"import os; os.remove(1)"', /import os/],
    ['https://example.org/set.tar.gz', /set\.tar\.gz/],
    ['file:///etc/set.zip', /file:/],
  ])('%s is refused, not run', async (download, message) => {
    const { config } = await read(download);
    await expect(config()).rejects.toMatchObject({ code: 'CONFIG_DOWNLOAD', message: expect.stringMatching(message) });
  });
});
