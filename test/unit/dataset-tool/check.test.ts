import { copyFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDatasetYaml } from '../../../configs/dataset.js';
import type { CheckRequest } from '../../../configs/dataset-request.js';
import { DEFAULT_HYP } from '../../../configs/schema/hyp.js';
import { repoRoot } from '../../../proto/paths.js';
import { autosplit } from '../../../worker/dataset-tool/autosplit.js';
import { checkDataset } from '../../../worker/dataset-tool/check.js';
import { packSplits } from '../../../worker/dataset-tool/pack-splits.js';
import { reportLines } from '../../../worker/dataset-tool/tables.js';
import { datasetConfig, temporaryFolder, write, writeSample } from '../data/support.js';

const silent = (): void => undefined;

function request(root: string, more: Partial<CheckRequest> = {}): CheckRequest {
  return {
    command: 'check',
    data: { ...datasetConfig(root), train: [join(root, 'images', 'train')], val: [join(root, 'images', 'val')] },
    cfg: join(repoRoot, 'configs', 'models', 'yolov3-tiny.yaml'),
    hyp: DEFAULT_HYP,
    imgsz: 64,
    seed: 0,
    onBadSample: 'skip',
    out: join(root, 'out'),
    json: false,
    ...more,
  };
}

/** Two good training images of 40×30, and one of each trouble. */
async function troubledSet(): Promise<string> {
  const root = await temporaryFolder();
  const first = await writeSample(root, 'train/a', '0 0.5 0.5 0.5 0.5\n');
  await writeSample(root, 'train/b', '1 0.5 0.5 0.02 0.5\n0 0.5 0.5 1 1\n', [40, 31]);
  await writeSample(root, 'train/outside', '0 0.5 0.5 1.5 0.5\n', [41, 30]);
  await writeSample(root, 'train/malformed', '0 0.5 0.5\n', [42, 30]);
  await writeSample(root, 'train/foreign', '7 0.5 0.5 0.1 0.1\n', [43, 30]);
  await writeSample(root, 'train/small', '', [8, 8]);
  await writeSample(root, 'train/background', undefined, [44, 30]);
  await write(join(root, 'images', 'train', 'text.jpg'), 'no picture');
  await writeSample(root, 'val/v', '0 0.5 0.5 0.1 0.1\n', [45, 30]);
  await copyFile(first, join(root, 'images', 'val', 'copy.png'));
  return root;
}

describe('the check of a data set', () => {
  it('sorts what it finds by kind, counts boxes, and says why training would not start', async () => {
    const root = await troubledSet();
    const report = await checkDataset(request(root), silent);
    const [train, val] = report.splits;
    expect(train).toMatchObject({ split: 'train', total: 8, usable: 4, leftOut: 4, missing: 1, labels: 3 });
    const kinds = train!.findings.map(({ kind, leftOut }) => `${kind}${leftOut ? ', left out' : ''}`).sort();
    expect(kinds).toEqual([
      'class out of range',
      'labels malformed, left out',
      'labels out of range, left out',
      'too small, left out',
      'unreadable, left out',
    ]);
    // At 64 px the long side of 40 px is scaled by 1.6; the box of 0.02 · 40 px is 1.28 px wide.
    expect(train!.tiny).toBe(1);
    // Areas in native pixels: 20 · 15, 0.8 · 15.5 and 40 · 31 = 1240 > 32².
    expect(train!.areas).toEqual({ small: 2, medium: 1, large: 0 });
    expect(train!.classes.map(({ labels, images }) => [labels, images])).toEqual([
      [2, 2],
      [1, 1],
    ]);
    expect(val).toMatchObject({ split: 'val', usable: 2, missing: 1 });
    expect(report).toMatchObject({ ok: false, problems: ['train: 1 images with labels of unknown classes'] });
    expect(report.duplicates).toEqual([
      expect.objectContaining({
        acrossSplits: true,
        images: [`train: ${join(root, 'images/train/a.png')}`, `val: ${join(root, 'images/val/copy.png')}`],
      }),
    ]);
    expect(report.anchors?.bestPossibleRecall).toBeGreaterThan(0);
    expect(reportLines(report).join('\n')).toContain('the data set cannot be trained on: train: 1 images');
  });

  it('leaves the report and the pictures in its folder and nothing beside the data', async () => {
    const root = await troubledSet();
    const before = (await readdir(join(root, 'images'), { recursive: true })).sort();
    const report = await checkDataset(request(root), silent);
    expect((await readdir(join(root, 'out'))).sort()).toEqual([
      'dataset-report.json',
      'labels.jpg',
      'labels_correlogram.jpg',
      'train_batch0.jpg',
    ]);
    const stored = JSON.parse(await readFile(join(root, 'out', 'dataset-report.json'), 'utf8')) as unknown;
    expect(stored).toEqual(JSON.parse(JSON.stringify(report)));
    expect((await readdir(join(root, 'images'), { recursive: true })).sort()).toEqual(before);
  });

  it('takes images that cannot be used for a problem only under the policy fail', async () => {
    const root = await temporaryFolder();
    await writeSample(root, 'train/a', '0 0.5 0.5 0.5 0.5\n');
    await write(join(root, 'images', 'train', 'text.jpg'), 'no picture');
    await writeSample(root, 'val/v', '0 0.5 0.5 0.1 0.1\n');
    expect((await checkDataset(request(root), silent)).ok).toBe(true);
    const strict = await checkDataset(request(root, { onBadSample: 'fail' }), silent);
    expect(strict.problems).toEqual(['train: 1 images cannot be used']);
  });
});

describe('packing a data set', () => {
  it('writes a YAML that names the packed splits', async () => {
    const root = await temporaryFolder();
    await writeSample(root, 'train/a', '0 0.5 0.5 0.5 0.5\n');
    await writeSample(root, 'val/v', '1 0.5 0.5 0.1 0.1\n');
    const out = join(root, 'packed set');
    const { data } = request(root);
    const { splits, yaml } = await packSplits(
      { command: 'pack', data, out, shardBytes: 2 ** 20, onBadSample: 'skip' },
      silent,
    );
    expect(splits.map(({ split, images, shards }) => [split, images, shards])).toEqual([
      ['train', 1, 1],
      ['val', 1, 1],
    ]);
    expect(await readDatasetYaml(yaml)).toMatchObject({
      train: [join(out, 'train.shards.json')],
      val: [join(out, 'val.shards.json')],
      nc: 2,
    });
  });
});

describe('autosplit', () => {
  it('shares out every image once, reproducibly, in about the given shares', async () => {
    const root = await temporaryFolder();
    for (let i = 0; i < 40; i++) await write(join(root, 'images', `${i}.jpg`), '');
    await write(join(root, 'labels', '3.txt'), '');
    const options = { command: 'autosplit', images: join(root, 'images'), weights: [0.5, 0.5, 0], seed: 1 } as const;
    const lists = await autosplit({ ...options, annotatedOnly: false });
    expect(lists.map(({ images }) => images).reduce((a, b) => a + b)).toBe(40);
    expect(lists[2]!.images).toBe(0);
    // 40 draws at one half: outside 8 … 32 once in 10⁴ seeds.
    expect(lists[0]!.images).toBeGreaterThan(8);
    const train = await readFile(lists[0]!.path, 'utf8');
    expect(train.split('\n')[0]).toMatch(/^\.\/images\/\d+\.jpg$/);
    await autosplit({ ...options, annotatedOnly: false });
    expect(await readFile(lists[0]!.path, 'utf8')).toBe(train);
    const annotated = await autosplit({ ...options, annotatedOnly: true });
    expect(annotated.map(({ images }) => images).reduce((a, b) => a + b)).toBe(1);
  });
});
