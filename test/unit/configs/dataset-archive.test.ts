import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDatasetArchive, openDatasetArchive } from '../../../configs/dataset-archive.js';
import { findConfigFile } from '../../../configs/find.js';
import { openDataset } from '../../../coordinator/dataset.js';
import { useTempFolder } from '../../support/temp-folder.js';
import { zipOf } from '../../support/zip-archive.js';

const temp = useTempFolder();
const YAML = 'path: ../datasets/elsewhere\ntrain: images/train\nval: images/val\nnc: 2\n';
const FILES = {
  'set/images/train/a.png': 'picture',
  'set/images/val/b.png': 'picture',
  'set/deeper/a.yaml': 'nc: 9\n',
  'set/b.yaml': YAML,
  'set/c.yaml': 'nc: 9\n',
};
let cacheBefore: string | undefined;
let server: Server | undefined;
beforeEach(() => {
  cacheBefore = process.env.LOCKSTEP_CACHE;
  process.env.LOCKSTEP_CACHE = temp('cache');
});
afterEach(() => {
  if (cacheBefore === undefined) delete process.env.LOCKSTEP_CACHE;
  else process.env.LOCKSTEP_CACHE = cacheBefore;
  server?.close();
  server = undefined;
});

async function archive(files: Readonly<Record<string, string>> = FILES): Promise<string> {
  const path = temp('my set.zip');
  await mkdir(temp(), { recursive: true });
  await writeFile(path, zipOf(files));
  return path;
}

describe('an archive as --data', () => {
  it('is unpacked once; its uppermost YAML counts, and that one’s folder is the root', async () => {
    const path = await archive();
    expect(findConfigFile('data', 'my set.zip', temp())).toBe(path);
    const data = await openDataset(path);
    const root = dirname(data.yaml);
    expect(data).toMatchObject({ train: [join(root, 'images/train')], val: [join(root, 'images/val')], nc: 2 });
    expect(data.yaml.endsWith('/set/b.yaml')).toBe(true);
    await writeFile(join(root, 'marker'), '');
    await openDataset(path);
    expect(await readdir(root)).toContain('marker');
    // Another time of change: another archive, as far as anyone knows.
    await utimes(path, 1000, 1000);
    expect(await readdir(dirname((await openDataset(path)).yaml))).not.toContain('marker');
  });

  it('may be an address', async () => {
    const bytes = zipOf(FILES);
    let numRequests = 0;
    server = createServer((request, response) => {
      if (request.method !== 'HEAD') numRequests++;
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    });
    await new Promise<void>((resolve) => {
      server?.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/set.zip?key=1`;
    expect(findConfigFile('data', url, temp())).toBe(url);
    const written: string[] = [];
    const stream = { isTTY: false, columns: 80, write: (text: string) => void written.push(text) };
    expect((await openDataset(url, {}, stream)).nc).toBe(2);
    expect((await openDataset(url, {}, stream)).nc).toBe(2);
    expect(numRequests).toBe(1);
    expect(written.join('')).toContain('downloading the data set');
  });

  it('without a YAML, damaged, or reaching out of its folder is refused', async () => {
    await expect(openDatasetArchive(await archive({ 'a.txt': 'x' }))).rejects.toMatchObject({
      code: 'DATA_ARCHIVE_NO_YAML',
    });
    await expect(openDatasetArchive(await archive({ '../a.yaml': 'x' }))).rejects.toMatchObject({
      code: 'DATA_ARCHIVE_UNSAFE',
    });
    const path = await archive();
    await writeFile(path, zipOf(FILES).subarray(0, 200));
    await expect(openDatasetArchive(path)).rejects.toMatchObject({ code: 'DATA_ARCHIVE_DAMAGED' });
  });

  it('is told by its ending', () => {
    const given = ['a.zip', 'A.ZIP', 'https://h/a.zip?x=1', 'https://h/a.yaml', 'coco128', 'zip'];
    expect(given.map(isDatasetArchive)).toEqual([true, true, true, false, false, false]);
  });
});
