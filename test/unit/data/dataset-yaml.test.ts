import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDatasetYaml } from '../../../configs/dataset.js';
import type { DatasetConfig } from '../../../configs/run-config.js';
import { composeScene } from '../../../configs/shapes/scene.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { temporaryFolder, write } from './support.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

async function read(text: string, options: { singleCls?: boolean } = {}): Promise<DatasetConfig> {
  const yaml = await write(join(root, 'yamls', 'data.yaml'), text);
  return readDatasetYaml(yaml, { cwd: root, cacheDir: join(root, 'cache'), ...options });
}

describe('a data set YAML', () => {
  it('takes path relative to its own folder, else to the working folder', async () => {
    await mkdir(join(root, 'sets', 'images'), { recursive: true });
    const text = 'path: sets\ntrain: images\nval: [images]\nnc: 2\n';
    expect((await read(text)).train).toEqual([join(root, 'sets', 'images')]);
    await mkdir(join(root, 'yamls', 'sets', 'images'), { recursive: true });
    expect(await read(text)).toMatchObject({
      train: [join(root, 'yamls', 'sets', 'images')],
      val: [join(root, 'yamls', 'sets', 'images')],
      test: [],
      nc: 2,
      names: ['class0', 'class1'],
    });
  });

  it('accepts names by number', async () => {
    await mkdir(join(root, 'images'));
    expect((await read('train: images\nval: images\nnames:\n  0: cat\n  1: dog\n')).names).toEqual(['cat', 'dog']);
  });

  it('takes one name for several classes where they count as one, and only there', async () => {
    await mkdir(join(root, 'images'));
    const text = 'train: images\nval: images\nnc: 3\nnames: [thing]\n';
    expect(await read(text, { singleCls: true })).toMatchObject({ nc: 3, names: ['thing'] });
    await expect(read(text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID_VALUE',
      hint: expect.stringContaining('--single-cls'),
    });
    await expect(read(text.replace('thing', 'a, b'), { singleCls: true })).rejects.toMatchObject({
      code: 'CONFIG_INVALID_VALUE',
    });
  });

  it('names unknown keys with their place and the nearest known one', async () => {
    await expect(read('train: a\nval: b\nnc: 1\nnmaes: [x]\n')).rejects.toMatchObject({
      code: 'CONFIG_UNKNOWN_KEY',
      message: expect.stringMatching(/data\.yaml:4:\d+: unknown key 'nmaes'/),
      hint: "did you mean 'names'?",
    });
  });

  it.each([
    ['more names than nc', 'train: a\nval: b\nnc: 1\nnames: [x, y]\n'],
    ['neither nc nor names', 'train: a\nval: b\n'],
    ['no val', 'train: .\nnc: 1\n'],
    ['a gap in the numbered names', 'train: a\nval: b\nnames: {0: x, 2: y}\n'],
  ])('refuses %s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'CONFIG_INVALID_VALUE' });
  });

  it('Q45: says what is missing of train and val, and where to download it', async () => {
    await expect(
      read('path: sets\ntrain: images/a\nval: images/b\nnc: 1\ndownload: https://example.org/set.zip\n'),
    ).rejects.toMatchObject({
      code: 'DATA_NOT_FOUND',
      message: expect.stringMatching(/train: .*images\/a.*val: .*images\/b/),
      hint: expect.stringContaining('download https://example.org/set.zip and unpack to'),
    });
  });
});

describe('the generated shapes', () => {
  const yaml = 'generator: {kind: shapes, train_images: 6, val_images: 3, imgsz: 96, seed: 4}\n';

  it('are drawn once and found again', async () => {
    const first = await read(yaml);
    expect(first).toMatchObject({ nc: 3, names: ['circle', 'rectangle', 'triangle'] });
    const image = await readFile(join(first.train[0]!, '000000.jpg'));
    expect(await read(yaml)).toEqual(first);
    const elsewhere = join(root, 'cache2');
    const again = await readDatasetYaml(join(root, 'yamls', 'data.yaml'), { cacheDir: elsewhere });
    expect(await readFile(join(again.train[0]!, '000000.jpg'))).toEqual(image);
    // No temporary folder is left behind.
    expect((await readdir(join(elsewhere, 'datasets'))).length).toBe(1);
  });

  it('have the same boxes as YOLO labels and as COCO annotations', async () => {
    const config = await read(yaml);
    const options = { split: 'train', cacheDir: join(root, 'labels') } as const;
    const yolo = await openDataset(config.train, config, options);
    const json = join(config.train[0]!, '..', '..', 'annotations', 'instances_train.json');
    const coco = await openDataset([json], config, options);
    expect(yolo.report).toMatchObject({ found: 6, corrupt: 0 });
    expect(coco.numImages).toBe(6);
    for (let i = 0; i < 6; i++) {
      expect(coco.imagePath(i)).toBe(yolo.imagePath(i));
      const [a, b] = [yolo.labels(i), coco.labels(i)];
      expect(b.length).toBe(a.length);
      // Texts carry 6 decimals of the side, the JSON 3 of a pixel.
      a.forEach((value, k) => {
        expect(Math.abs(value - b[k]!)).toBeLessThan(2e-5);
      });
    }
  });

  it('lie wholly inside their picture and hardly cover each other', () => {
    for (let index = 0; index < 50; index++) {
      const { shapes } = composeScene(1, 'train', index, 160);
      expect(shapes.length).toBeGreaterThan(0);
      for (const { box } of shapes) {
        expect(Math.min(...box)).toBeGreaterThanOrEqual(-1e-9);
        expect(Math.max(...box)).toBeLessThanOrEqual(160 + 1e-9);
        // 0.125 to 0.55 of 160 px.
        const longer = Math.max(box[2] - box[0], box[3] - box[1]);
        expect(longer).toBeGreaterThanOrEqual(20 - 1e-9);
        expect(longer).toBeLessThanOrEqual(88 + 1e-9);
      }
    }
  });
});
