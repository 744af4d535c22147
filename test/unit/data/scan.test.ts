/** The fast ways of a scan against the thorough ones: headers against libvips, label bytes against the parser, threads against none. */
import { readdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { idFromPath } from '../../../worker/data/image-ids.js';
import { HeaderReader } from '../../../worker/data/images/image-header.js';
import { FloatList } from '../../../worker/data/labels/float-list.js';
import { appendPlainBoxes } from '../../../worker/data/labels/label-bytes.js';
import { readCache, writeCache } from '../../../worker/data/labels/label-cache.js';
import { parseLabelText } from '../../../worker/data/labels/label-file.js';
import { openDataset } from '../../../worker/data/open-dataset.js';
import { listImages } from '../../../worker/data/scan/image-list.js';
import { openScanTask, scanYolo } from '../../../worker/data/scan/scan.js';
import { numHelpers, ScanCrew } from '../../../worker/data/scan/scan-crew.js';
import { buildStrings, numStrings, stringAt } from '../../../worker/data/string-table.js';
import { datasetConfig, png, temporaryFolder, write, writeSample } from './support.js';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});

async function header(name: string, bytes: Uint8Array) {
  const path = await write(join(root, 'headers', name), bytes);
  return new HeaderReader().read(path, bytes.length);
}

function noise(width: number, height: number): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

describe('the header of a plain picture', () => {
  const kinds: readonly (readonly [name: string, make: () => Sharp])[] = [
    ['baseline.jpg', () => noise(41, 30).jpeg()],
    ['progressive.jpg', () => noise(41, 30).jpeg({ progressive: true })],
    ['full colour.jpg', () => noise(41, 30).jpeg({ chromaSubsampling: '4:4:4' })],
    ['grey.jpg', () => noise(41, 30).greyscale().jpeg()],
    ['cmyk.jpg', () => noise(41, 30).toColourspace('cmyk').jpeg()],
    ['profile.jpg', () => noise(41, 30).withIccProfile('p3').jpeg()],
    ['large.jpg', () => noise(301, 200).jpeg({ quality: 100 })],
    ['rgb.png', () => noise(41, 30).png()],
    ['palette.png', () => noise(41, 30).png({ palette: true })],
    ['deep.png', () => noise(41, 30).toColourspace('rgb16').png()],
    ['interlaced.png', () => noise(41, 30).png({ progressive: true })],
    ['alpha.png', () => noise(41, 30).ensureAlpha(0.5).png()],
  ];
  it.each(kinds)('says what libvips says: %s', async (name, make) => {
    const bytes = await make().toBuffer();
    const { width, height, format } = await sharp(bytes).metadata();
    expect(await header(name, bytes)).toEqual({ width, height, format, isCutOff: false });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is turned by EXIF orientation %i as libvips turns it', async (orientation) => {
    const bytes = await noise(41, 30).withMetadata({ orientation }).jpeg().toBuffer();
    const { width, height } = await sharp(bytes)
      .autoOrient()
      .toBuffer({ resolveWithObject: true })
      .then(({ info }) => info);
    expect(await header(`turned${orientation}.jpg`, bytes)).toMatchObject({ width, height });
  });

  it('tells a JPEG that is cut off, short or long', async () => {
    for (const [name, image] of [
      ['short.jpg', noise(41, 30)],
      ['long.jpg', noise(301, 200)],
    ] as const) {
      const bytes = await image.jpeg({ quality: 100 }).toBuffer();
      expect(await header(`cut ${name}`, bytes.subarray(0, bytes.length - 2))).toMatchObject({ isCutOff: true });
    }
  });

  it.each([
    ['webp', () => noise(41, 30).webp()],
    ['gif', () => noise(41, 30).gif()],
    ['tiff', () => noise(41, 30).tiff()],
    ['turned png', () => noise(41, 30).withMetadata({ orientation: 6 }).png()],
  ] as const)('is left to libvips where it is not plain: %s', async (name, make) => {
    expect(await header(name, await make().toBuffer())).toBeUndefined();
  });

  it('never contradicts libvips, whatever bytes are changed, and never throws', async () => {
    const originals = await Promise.all([
      noise(41, 30).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      noise(41, 30).png().toBuffer(),
    ]);
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const reader = new HeaderReader();
    const path = join(root, 'fuzz');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), changes, async (original, edits) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of edits) bytes[at] = value;
        await writeFile(path, bytes);
        const quick = reader.read(path, bytes.length);
        if (quick === undefined) return;
        // What libvips refuses is found when it is decoded; where it agrees, it must agree on the size.
        const slow = await sharp(bytes, { failOn: 'none', limitInputPixels: false })
          .metadata()
          .catch(() => undefined);
        if (slow === undefined) return;
        const { width, height, orientation = 1 } = slow;
        expect([quick.width, quick.height]).toEqual(orientation >= 5 ? [height, width] : [width, height]);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

describe('label bytes', () => {
  function append(text: string): number[] | undefined {
    const rows = new FloatList();
    const bytes = Buffer.from(text);
    const count = appendPlainBoxes(bytes, bytes.length, rows);
    if (count === undefined) expect(rows.length).toBe(0);
    return count === undefined ? undefined : [...rows.toArray()];
  }

  it('give the parser’s numbers, to the bit', () => {
    // Up to 20 digits: beyond 15 the division is no longer exact, and Number() decides.
    const fraction = fc
      .tuple(fc.constantFrom('0', '', '00'), fc.bigInt(0n, 10n ** 20n - 1n))
      .map(([whole, v]) => `${whole}.${v}`);
    const row = fc.tuple(fc.nat(90), fraction, fraction, fraction, fraction).map((v) => v.join(' '));
    const text = fc
      .tuple(fc.array(row, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', ' \n\n\t'))
      .map(([r, end]) => r.join(end) + end);
    fc.assert(
      fc.property(text, (content) => {
        const parsed = parseLabelText(content);
        const isPlain = !('problem' in parsed) && parsed.warning === undefined;
        expect(append(content)).toEqual(isPlain ? [...parsed.labels] : undefined);
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it.each([
    '0 0.5 0.5 0.2',
    '0 0.5 0.5 0.2 0.2 0.2',
    '0 0.5 0.5 0.2 1.5',
    '0.5 0.5 0.5 0.2 0.2',
    '-1 0.5 0.5 0.2 0.2',
    '0 5e-1 0.5 0.2 0.2',
    '0 0.5 0.5 0.2 nan',
    '0 0.5.5 0.5 0.2 0.2',
    '0 . 0.5 0.2 0.2',
    '\ufeff0 0.5 0.5 0.2 0.2',
    '0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2',
    '0 0.1 0.1 0.6 0.2 0.4 0.7',
  ])('leave %j to the parser', (text) => {
    expect(append(text)).toBeUndefined();
  });

  it('without any row are empty', () => {
    expect(append(' \n\r\n')).toEqual([]);
  });
});

describe('a scan', () => {
  /** Every kind of file that a part can meet, over several parts of 256 images. */
  async function mixedSet(): Promise<string> {
    const folder = await temporaryFolder();
    const jpeg = await noise(41, 30).jpeg().toBuffer();
    for (let i = 0; i < 600; i++) {
      const stem = String(i).padStart(4, '0');
      await write(join(folder, 'images', `${stem}.jpg`), i % 97 === 0 ? 'no picture' : jpeg);
      const box = `${i % 2} 0.5 0.5 0.${(i % 9) + 1} 0.25\n`;
      const outline = '1 0.1 0.1 0.6 0.2 0.4 0.7\n';
      const text = i % 5 === 0 ? box + outline : i % 7 === 0 ? '' : i % 11 === 0 ? `${box}${box}` : box;
      if (i % 13 !== 0) await write(join(folder, 'labels', `${stem}.txt`), i % 101 === 0 ? 'rubbish' : text);
    }
    await write(join(folder, 'images', 'x.png'), await png(40, 30, 9));
    await write(join(folder, 'images', 'y.webp'), await noise(41, 30).webp().toBuffer());
    return folder;
  }

  it('by three threads finds what the caller finds alone', async () => {
    const paths = await listImages([join(await mixedSet(), 'images')]);
    const results = [];
    for (const numThreads of [0, 3]) {
      await using crew = new ScanCrew(numThreads);
      const task = openScanTask(paths, true);
      await crew.stat(task, {});
      const done: number[] = [];
      const result = await scanYolo(crew, task, paths, { onProgress: (count) => done.push(count) });
      expect(done.at(-1)).toBe(602);
      results.push(result);
    }
    expect(results[1]).toEqual(results[0]);
    const { report, table } = results[0]!;
    // 0, 97, … 582: seven that are no pictures; of the bad label files 101, … 505 none is among them, and 0 has no label file.
    expect(report).toMatchObject({ total: 602, corrupt: 12 });
    expect(numStrings(table.paths)).toBe(590);
    expect(table.points.length).toBeGreaterThan(0);
  });

  it('stops when its signal aborts', async () => {
    const paths = await listImages([join(await mixedSet(), 'images')]);
    await using crew = new ScanCrew(1);
    const task = openScanTask(paths, true);
    await crew.stat(task, {});
    const controller = new AbortController();
    const scan = scanYolo(crew, task, paths, { signal: controller.signal });
    controller.abort();
    await expect(scan).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('takes helpers for large data sets only, at most one per core', () => {
    expect([numHelpers(4000, 8), numHelpers(118_287, 2), numHelpers(118_287, 64)]).toEqual([0, 1, 15]);
  });

  it('follows links to folders, each folder once', async () => {
    const folder = await temporaryFolder();
    const real = await writeSample(folder, 'real/a', undefined);
    await symlink(join(folder, 'images', 'real'), join(folder, 'images', 'link'));
    await symlink(join(folder, 'images'), join(folder, 'images', 'real', 'loop'));
    expect(await listImages([join(folder, 'images')])).toEqual([real]);
    const elsewhere = await temporaryFolder();
    await symlink(join(folder, 'images', 'real'), join(elsewhere, 'link'));
    expect(await listImages([elsewhere])).toEqual([join(elsewhere, 'link', 'a.png')]);
  });
});

describe('the label cache', () => {
  it('keeps one entry per list of images, and takes a damaged or shortened one for none', async () => {
    const folder = await temporaryFolder();
    await writeSample(folder, 'a', '0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.6 0.2 0.4 0.7\n');
    await writeSample(folder, '0012', undefined);
    const cacheDir = join(folder, 'cache');
    const open = () => openDataset([join(folder, 'images')], datasetConfig(folder), { split: 'train', cacheDir });
    const first = await open();
    await write(join(folder, 'labels', 'a.txt'), '1 0.25 0.5 0.2 0.4\n1 0.1 0.1 0.6 0.2 0.4 0.7\n');
    const second = await open();
    expect([first.labels(1)[0], second.labels(1)[0]]).toEqual([0, 1]);
    const [entry, ...others] = await readdir(cacheDir);
    expect(others).toEqual([]);
    const third = await open();
    expect(third.report).toEqual({ ...second.report, fromCache: true });
    expect(third.table).toEqual(second.table);
    const { size } = await stat(join(cacheDir, entry!));
    await truncate(join(cacheDir, entry!), size - 8);
    expect((await open()).report.fromCache).toBe(false);
  });

  it('of a folder that cannot be written is no error', async () => {
    const file = await write(join(root, 'not a folder'), '');
    const { table, report } = await openDataset(
      [join(await writeSample(join(root, 'one'), 'a', undefined), '..')],
      datasetConfig(root),
      { split: 'val', cacheDir: file },
    );
    expect(await writeCache(file, 'key', 'files', { table, report })).toBe(false);
    expect(await readCache(file, 'key', 'files')).toBeUndefined();
  });
});

describe('a table of strings', () => {
  it('gives back any text', () => {
    const strings = ['', 'plain', 'ü 图/😀.jpg', '', 'end'];
    const table = buildStrings(strings);
    expect(strings.map((_, i) => stringAt(table, i))).toEqual(strings);
  });
});

describe('an image’s id', () => {
  it.each([
    ['/a/000000000139.jpg', 139],
    ['/a/b.c.png', 'b.c'],
    ['/a.b/12', 12],
    ['/a/.hidden', '.hidden'],
  ])('of %s is %s', (path, id) => {
    expect(idFromPath(path)).toBe(id);
  });
});
