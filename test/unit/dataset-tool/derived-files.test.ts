/** Crops of boxes, the folder of figures and small pictures, and flat copies of trees. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { scanSplits } from '../../../worker/dataset-tool/check.js';
import { classFolder, cropDataset, cropRectangle } from '../../../worker/dataset-tool/crops.js';
import { flatNames, flatten } from '../../../worker/dataset-tool/flatten.js';
import { writeHub } from '../../../worker/dataset-tool/hub.js';
import { datasetConfig, temporaryFolder, write, writeSample } from '../data/support.js';

const silent = (): void => undefined;

describe('crops of boxes', () => {
  it('are a fifth and three pixels larger than the box, inside the picture', () => {
    // 20·1.2 + 3 = 27 wide around 50: 36.5 to 63.5, whole pixels by cutting off; 10·1.2 + 3 = 15 high around 40: 32.5 to 47.5.
    expect(cropRectangle([0.5, 0.5, 0.2, 0.125], 100, 80)).toEqual({ x: 36, y: 32, width: 27, height: 15 });
    // At the corner: −4.5 becomes 0, and 13.5 becomes 13.
    expect(cropRectangle([0.045, 0.045, 0.125, 0.125], 100, 100)).toEqual({ x: 0, y: 0, width: 13, height: 13 });
  });

  it('lie in a folder per class, named so that folders sort as classes do', async () => {
    expect(
      classFolder(
        3,
        Array.from({ length: 80 }, () => 'stop sign/red'),
      ),
    ).toBe('03_stop_sign_red');
    const root = await temporaryFolder();
    await writeSample(root, 'a', '0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.1 0.1\n');
    await writeSample(root, 'b/a', '1 0.25 0.25 0.5 0.5\n', [80, 60]);
    await writeSample(root, 'background', '');
    const data = { ...datasetConfig(root), val: [] };
    const splits = await cropDataset({ command: 'crops', data, out: join(root, 'out') }, silent);
    expect(splits).toEqual([{ split: 'train', crops: 3, unreadable: 0 }]);
    const folder = join(root, 'out', 'train');
    expect(await readdir(join(folder, '0_class0'))).toEqual(['a_0_0.jpg']);
    expect((await readdir(join(folder, '1_class1'))).sort()).toEqual(['a_0_1.jpg', 'a_1_0.jpg']);
    // 40·1.2 + 3 = 51 around 20: 0 to 45; 30·1.2 + 3 = 39 around 15: 0 to 34.
    expect(await sharp(join(folder, '1_class1', 'a_1_0.jpg')).metadata()).toMatchObject({ width: 45, height: 34 });
  });
});

it('the folder of figures has stats.json and pictures of at most 1920 px', async () => {
  const root = await temporaryFolder();
  await writeSample(root, 'a', '0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.1 0.1\n', [2400, 300]);
  await writeSample(root, 'b', undefined);
  const data = { ...datasetConfig(root), val: [] };
  const out = join(root, 'hub');
  const request = { command: 'stats', data, imgsz: 640, json: false, out } as const;
  const written = await writeHub(request, out, await scanSplits(request, silent), silent);
  expect(written).toEqual({ images: 2, unreadable: 0 });
  const stats = JSON.parse(await readFile(join(out, 'stats.json'), 'utf8')) as Record<string, unknown>;
  expect(stats).toMatchObject({
    nc: 2,
    names: ['class0', 'class1'],
    splits: [{ split: 'train', total: 2, missing: 1 }],
  });
  const sizeOf = (name: string) => sharp(join(out, 'images', 'train', name)).metadata();
  expect(await sizeOf('0_a.jpg')).toMatchObject({ width: 1920, height: 240 });
  expect(await sizeOf('1_b.jpg')).toMatchObject({ width: 40, height: 30 });
});

describe('a flat copy of a tree', () => {
  it('keeps images and their labels together where folders share names', () => {
    expect(flatNames(['a/x.jpg', 'a/x.txt', 'b/X.jpg', 'b/X.txt', 'b/c/x.jpg', 'y'])).toEqual([
      'x.jpg',
      'x.txt',
      'X-2.jpg',
      'X-2.txt',
      'x-3.jpg',
      'y',
    ]);
  });

  it('holds every file, and never goes into a folder with something in it', async () => {
    const root = await temporaryFolder();
    for (const path of ['one/x.txt', 'one/two/x.txt', 'z.txt']) await write(join(root, 'tree', path), path);
    const request = { command: 'flatten', images: join(root, 'tree'), out: join(root, 'flat') } as const;
    expect(await flatten(request)).toBe(3);
    const names = (await readdir(request.out)).sort();
    const contents = await Promise.all(names.map((name) => readFile(join(request.out, name), 'utf8')));
    expect(contents.sort()).toEqual(['one/two/x.txt', 'one/x.txt', 'z.txt']);
    await expect(flatten(request)).rejects.toMatchObject({ code: 'DATA_CANNOT_WRITE' });
    await expect(flatten({ ...request, images: join(root, 'none') })).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' });
  });
});
