import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../worker/data/dataset.js';
import { decodeImage } from '../../../worker/data/images/decode.js';
import { type OpenDatasetOptions, openDataset } from '../../../worker/data/open-dataset.js';
import { datasetConfig, png, temporaryFolder, write, writeSample } from './support.js';

let root: string;
let cacheDir: string;
beforeEach(async () => {
  root = await temporaryFolder();
  cacheDir = join(root, 'cache');
});

function open(sources: string[] = [join(root, 'images')], options: Partial<OpenDatasetOptions> = {}): Promise<Dataset> {
  return openDataset(sources, datasetConfig(root), { split: 'train', cacheDir, ...options });
}

describe('opening a data set', () => {
  it('counts found, missing, empty and corrupt images and names the corrupt ones', async () => {
    await writeSample(root, 'a', '1 0.5 0.5 0.2 0.4\n0 0.25 0.25 0.1 0.1\n');
    await writeSample(root, 'b', undefined);
    await writeSample(root, 'c', '');
    await writeSample(root, 'd', '0 0.5 1.5 0.2 0.3\n');
    await writeSample(root, 'small', '0 0.5 0.5 0.1 0.1\n', [9, 30]);
    await write(join(root, 'images', 'zero.jpg'), '');
    await write(join(root, 'images', 'notes.md'), 'not an image');
    const dataset = await open();
    expect(dataset.report).toMatchObject({ found: 2, missing: 1, empty: 1, corrupt: 3, total: 6 });
    expect(dataset.report.messages).toEqual([
      expect.stringMatching(/d\.png: label file .*d\.txt:1: coordinate above 1/),
      expect.stringMatching(/small\.png: image of 9×30 px is too small/),
      expect.stringMatching(/zero\.jpg: cannot be read as an image/),
    ]);
    expect(dataset.numImages).toBe(3);
    expect(dataset.imageId(0)).toBe('a');
    expect(dataset.size(0)).toEqual([40, 30]);
    expect(Array.from(dataset.labels(0))).toEqual([1, 0.5, 0.5, 0.2, 0.4, 0, 0.25, 0.25, 0.1, 0.1].map(Math.fround));
    expect(dataset.labels(1).length).toBe(0);
    expect(Array.from(dataset.classCounts(2))).toEqual([1, 1]);
  });

  it('reads list files with paths relative to the list', async () => {
    await writeSample(root, '000000000012', '0 0.5 0.5 0.2 0.4\n');
    await writeSample(root, 'b', '0 0.5 0.5 0.2 0.4\n');
    const list = await write(join(root, 'train.txt'), './images/000000000012.png\n');
    const dataset = await open([list]);
    expect(dataset.numImages).toBe(1);
    expect(dataset.imageId(0)).toBe(12);
  });

  it('takes the second scan from the cache, and scans again when a label changes', async () => {
    await writeSample(root, 'a', '0 0.5 0.5 0.2 0.4\n');
    const first = await open();
    const second = await open();
    expect([first.report.fromCache, second.report.fromCache]).toEqual([false, true]);
    expect(second.labels(0)).toEqual(first.labels(0));
    await write(join(root, 'labels', 'a.txt'), '1 0.5 0.5 0.25 0.4\n');
    const third = await open();
    expect(third.report.fromCache).toBe(false);
    expect(third.labels(0)[0]).toBe(1);
  });

  it('scans again when the cache entry is damaged', async () => {
    await writeSample(root, 'a', '0 0.5 0.5 0.2 0.4\n');
    await open();
    const [entry] = await readdir(cacheDir);
    await write(join(cacheDir, entry!), 'damaged');
    expect((await open()).report).toMatchObject({ fromCache: false, found: 1 });
  });

  it('Q23: never writes into the data set', async () => {
    const jpeg = await sharp(await png(40, 30, 90))
      .jpeg()
      .toBuffer();
    const path = await write(join(root, 'images', 'cut.jpg'), jpeg.subarray(0, jpeg.length - 20));
    await write(join(root, 'labels', 'cut.txt'), '0 0.5 0.5 0.2 0.4\n0 0.5 0.5 0.2 0.4\n');
    const before = await stat(path);
    const dataset = await open();
    expect(dataset.report.messages).toEqual([
      expect.stringContaining('the JPEG file is cut off'),
      expect.stringContaining('1 duplicate label removed'),
    ]);
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(root)).toEqual(['cache', 'images', 'labels']);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'Q24: applies EXIF orientation %i to size and pixels alike',
    async (orientation) => {
      const jpeg = await sharp(await png(40, 30, 90))
        .withMetadata({ orientation })
        .jpeg()
        .toBuffer();
      const path = await write(join(root, 'images', 'a.jpg'), jpeg);
      await write(join(root, 'labels', 'a.txt'), '0 0.5 0.5 0.2 0.4\n');
      const dataset = await open();
      // Orientations 5 to 8 stand the picture on its side.
      expect(dataset.size(0)).toEqual(orientation >= 5 ? [30, 40] : [40, 30]);
      const { width, height } = await decodeImage(path);
      expect([width, height]).toEqual(dataset.size(0));
    },
  );

  it('decodes grey, transparent, CMYK and 16-bit pictures to RGB bytes', async () => {
    const source = (): Sharp => sharp({ create: { width: 20, height: 12, channels: 3, background: '#808080' } });
    const files = {
      'grey.png': source().toColourspace('b-w').png(),
      'alpha.png': source().ensureAlpha(0.5).png(),
      'cmyk.jpg': source().toColourspace('cmyk').jpeg(),
      'deep.png': source().toColourspace('rgb16').png(),
    };
    for (const [name, image] of Object.entries(files)) {
      const path = await write(join(root, name), await image.toBuffer());
      const { data, width, height } = await decodeImage(path);
      expect([name, data.length, width, height]).toEqual([name, 20 * 12 * 3, 20, 12]);
      // Mid grey, give or take what CMYK inks lose.
      expect(Math.abs(data[0]! - 128)).toBeLessThan(25);
    }
  });

  it('merges all classes under singleCls', async () => {
    await writeSample(root, 'a', '7 0.5 0.5 0.2 0.4\n');
    expect((await open(undefined, { singleCls: true })).labels(0)[0]).toBe(0);
  });
});

describe('bad data', () => {
  it('names file, line and class of a label outside nc', async () => {
    await writeSample(root, 'a', '0 0.5 0.5 0.2 0.4\n2 0.5 0.5 0.2 0.4\n');
    await expect(open()).rejects.toMatchObject({
      code: 'DATA_CLASS_OUT_OF_RANGE',
      message: expect.stringMatching(/a\.txt:2: class 2, .* nc: 2, so classes run from 0 to 1/),
    });
  });

  it('stops at corrupt images under the policy fail', async () => {
    await writeSample(root, 'a', '0 0.5 0.5 0.2 0.4\n');
    await write(join(root, 'images', 'b.png'), 'no picture');
    await expect(open(undefined, { onBadSample: 'fail' })).rejects.toMatchObject({ code: 'DATA_BAD_SAMPLE' });
  });

  it.each([
    ['DATA_NOT_FOUND', async () => ['nowhere']],
    ['DATA_NO_IMAGES', async () => [await write(join(root, 'empty.txt'), '\n')].map((p) => p)],
    ['DATA_ALL_UNREADABLE', async () => [join(await write(join(root, 'images', 'b.png'), 'no picture'), '..')]],
    ['DATA_NO_LABELS', async () => [join(await writeSample(root, 'a', undefined), '..')]],
    ['DATA_BAD_COCO_JSON', async () => [await write(join(root, 'a.json'), '{"images": []}')]],
  ])('says %s', async (code, sources) => {
    await expect(open(await sources())).rejects.toMatchObject({ code });
  });

  it('accepts validation images without any label', async () => {
    await writeSample(root, 'a', undefined);
    expect((await open(undefined, { split: 'val' })).report).toMatchObject({ found: 0, missing: 1 });
  });
});

describe('COCO instances JSON', () => {
  const instances = (names: string[]): string =>
    JSON.stringify({
      images: [
        { id: 7, file_name: 'a.png', width: 40, height: 30 },
        { id: 8, file_name: 'gone.png', width: 40, height: 30 },
      ],
      annotations: [
        { image_id: 7, category_id: 90, bbox: [10, 6, 20, 12], iscrowd: 0 },
        { image_id: 7, category_id: 3, bbox: [30, 0, 20, 30], iscrowd: 0 },
        { image_id: 7, category_id: 3, bbox: [0, 0, 40, 30], iscrowd: 1 },
        { image_id: 7, category_id: 3, bbox: [5, 5, 0, 4], iscrowd: 0 },
      ],
      categories: [
        { id: 90, name: names[1] },
        { id: 3, name: names[0] },
      ],
    });

  it('numbers categories by ascending id, clips boxes, skips crowds and finds images beside the annotations', async () => {
    await writeSample(root, 'a', undefined);
    const json = await write(join(root, 'annotations', 'instances_train.json'), instances(['cat', 'dog']));
    const dataset = await open([json]);
    expect(dataset.imageId(0)).toBe(7);
    // (10, 6, 20, 12) of 40×30: centre (20, 12). (30, 0, 20, 30) is cut at x = 40: centre (35, 15), width 10.
    expect(Array.from(dataset.labels(0))).toEqual([1, 0.5, 0.4, 0.5, 0.4, 0, 0.875, 0.5, 0.25, 1].map(Math.fround));
    expect(dataset.report).toMatchObject({ found: 1, corrupt: 1, total: 2 });
    expect(dataset.report.messages).toEqual([
      expect.stringContaining('a box without area was dropped'),
      'gone.png: image not found',
    ]);
  });

  it('lets names decide where all of them are known', async () => {
    await writeSample(root, 'a', undefined);
    const json = await write(join(root, 'annotations', 'instances_train.json'), instances(['class1', 'class0']));
    const classes = (await open([json])).labels(0).filter((_, i) => i % 5 === 0);
    expect(Array.from(classes)).toEqual([0, 1]);
  });
});
