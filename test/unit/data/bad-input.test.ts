/** What people and disks do to data sets: each kind is named, treated by the policy and counted; nothing else is ever thrown. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeEach, describe, expect, it } from 'vitest';
import { readDatasetYaml } from '../../../configs/dataset.js';
import { DEFAULT_HYP, readHyp } from '../../../configs/schema/hyp.js';
import { parseYaml } from '../../../configs/schema/yaml.js';
import { LockstepError } from '../../../proto/errors.js';
import type { Dataset } from '../../../worker/data/dataset.js';
import { decodeImage } from '../../../worker/data/images/decode.js';
import { MAX_PIXELS } from '../../../worker/data/images/image-header.js';
import { parseLabelText } from '../../../worker/data/labels/label-file.js';
import { openLoader } from '../../../worker/data/loader/loader.js';
import { type OpenDatasetOptions, openDataset } from '../../../worker/data/open-dataset.js';
import { Ledger } from '../../../worker/ledger/ledger.js';
import { parseModelYaml } from '../../../worker/model/spec.js';
import { datasetConfig, png, temporaryFolder, write, writeSample } from './support.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});

function open(options: Partial<OpenDatasetOptions> = {}): Promise<Dataset> {
  const cacheDir = join(root, 'cache');
  return openDataset([join(root, 'images')], datasetConfig(root), { split: 'val', cacheDir, ...options });
}

async function writeImage(name: string, content: Uint8Array, labels = '0 0.5 0.5 0.2 0.4\n'): Promise<string> {
  await write(join(root, 'labels', name.replace(/\.\w+$/, '.txt')), labels);
  return write(join(root, 'images', name), content);
}

/** A PNG of 40×30 in three greys, frame by frame, as an animation. */
async function animation(format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = await Promise.all([50, 120, 200].map((value) => png(40, 30, value)));
  return sharp(frames, { join: { animated: true } })
    .toFormat(format)
    .toBuffer();
}

/** A PNG file whose header claims this size; there is next to no data. */
async function bomb(width: number, height: number): Promise<Buffer> {
  const bytes = await png(40, 30, 10);
  // The IHDR chunk: length (4 bytes), type (4), width, height, …, then its CRC.
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  const { crc32 } = await import('@node-rs/crc32');
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

describe('a picture file', () => {
  it('that is cut off is used, and noted', async () => {
    const jpeg = await sharp(await png(200, 150, 90))
      .jpeg()
      .toBuffer();
    await writeImage('cut.jpg', jpeg.subarray(0, jpeg.length - 100));
    const { report, numImages } = await open();
    expect(numImages).toBe(1);
    expect(report.messages).toEqual([expect.stringContaining('cut.jpg: the JPEG file is cut off')]);
  });

  it('without a byte, or that is text, is left out and named', async () => {
    await writeSample(root, 'good', '0 0.5 0.5 0.2 0.4\n');
    await writeImage('zero.jpg', new Uint8Array(0));
    await writeImage('text.png', Buffer.from('<html>not found</html>'));
    const { report, numImages } = await open();
    expect(numImages).toBe(1);
    expect(report).toMatchObject({ corrupt: 2, total: 3 });
    expect(report.messages).toEqual([
      expect.stringContaining('text.png: cannot be read as an image'),
      expect.stringContaining('zero.jpg: cannot be read as an image'),
    ]);
    await expect(open({ onBadSample: 'fail' })).rejects.toMatchObject({ code: 'DATA_BAD_SAMPLE' });
  });

  it('that would unfold to more pixels than memory should hold is left out without being unfolded', async () => {
    await writeSample(root, 'good', undefined);
    const path = await writeImage('bomb.png', await bomb(100_000, 100_000));
    const { report } = await open();
    expect(report.messages).toEqual([expect.stringContaining('bomb.png: image of 100000×100000 px is too large')]);
    expect(report.messages[0]).toContain(String(MAX_PIXELS));
    // Should it come after the scan, the decoder has the same limit.
    await expect(decodeImage(path)).rejects.toMatchObject({ code: 'DATA_IMAGE_UNREADABLE' });
  });

  it('that is animated is used by its first frame', async () => {
    const path = await writeImage('moving.webp', await animation('webp'));
    const dataset = await open();
    expect(dataset.size(0)).toEqual([40, 30]);
    const image = await decodeImage(path);
    expect([image.width, image.height]).toEqual([40, 30]);
    // The first frame is the darkest one; its lower left corner shows the grey.
    expect(Math.abs(image.data[29 * 40 * 3]! - 50)).toBeLessThan(12);
  });

  it('of a kind that is not supported is left out by its content, whatever its name', async () => {
    await writeSample(root, 'good', undefined);
    await writeImage('moving.jpg', await animation('gif'));
    const { report } = await open();
    expect(report.messages).toEqual([expect.stringContaining('moving.jpg: image format gif is not supported')]);
  });

  it('that lies on its side by EXIF has the size that people see', async () => {
    const jpeg = await sharp(await png(40, 30, 90))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const path = await writeImage('turned.jpg', jpeg);
    const dataset = await open();
    expect(dataset.size(0)).toEqual([30, 40]);
    const image = await decodeImage(path);
    expect([image.width, image.height]).toEqual([30, 40]);
  });

  it.each(['cmyk', 'grey16'])('in %s becomes RGB bytes', async (kind) => {
    const source = sharp(await png(40, 30, 90));
    const bytes =
      kind === 'cmyk'
        ? await source.toColourspace('cmyk').jpeg().toBuffer()
        : await source.greyscale().toColourspace('grey16').png().toBuffer();
    const image = await decodeImage(await writeImage(kind === 'cmyk' ? 'a.jpg' : 'a.png', bytes));
    expect(image.data.length).toBe(40 * 30 * 3);
    expect((await open()).report.corrupt).toBe(0);
  });

  it('may have blanks and letters of any language in its path', async () => {
    root = join(root, 'Daten sätze', '数据 集');
    await writeSample(root, 'ein Bild – ü 图', '1 0.5 0.5 0.2 0.4\n');
    const dataset = await open();
    expect(dataset.report).toMatchObject({ found: 1, corrupt: 0 });
    expect((await decodeImage(dataset.imagePath(0))).width).toBe(40);
    const yaml = await write(join(root, 'data set.yaml'), 'path: .\ntrain: images\nval: images\nnc: 2\n');
    expect((await readDatasetYaml(yaml)).train).toEqual([join(root, 'images')]);
  });

  it('whose place is taken by a folder is left out', async () => {
    await writeSample(root, 'good', undefined);
    await mkdir(join(root, 'images', 'folder.jpg'), { recursive: true });
    expect((await open()).numImages).toBe(1);
  });
});

describe('a label file', () => {
  const problems: readonly (readonly [text: string, problem: string, line: number])[] = [
    ['0 nan 0.5 0.1 0.1', '"nan" is not a number', 1],
    ['0 0.5 0.5 0.1 0.1\n0 0.5 inf 0.1 0.1', '"inf" is not a number', 2],
    ['0 0.5 -0.5 0.1 0.1', 'negative value', 1],
    ['-1 0.5 0.5 0.1 0.1', 'negative value', 1],
    ['\n\n0 0.5 1.01 0.1 0.1', 'coordinate above 1', 3],
    ['0 0.5 0.5 0.1', '4 values', 1],
    ['0 0.5 0.5 0.1 0.1 0.9', '6 values', 1],
    ['0.5 0.5 0.5 0.1 0.1', 'class 0.5 is not an integer', 1],
    ['person 0.5 0.5 0.1 0.1', '"person" is not a number', 1],
    ['0,0.5,0.5,0.1,0.1', 'is not a number', 1],
  ];
  it.each(problems)('that says %j is refused with its line', (text, problem, line) => {
    expect(parseLabelText(text)).toMatchObject({ problem: expect.stringContaining(problem) as unknown, line });
  });

  const accepted: readonly (readonly [what: string, text: string])[] = [
    ['ends lines as Windows does', '0 0.5 0.5 0.25 0.25\r\n1 0.5 0.5 0.5 0.5\r\n'],
    ['begins with a byte order mark', '\ufeff0 0.5 0.5 0.25 0.25\n1 0.5 0.5 0.5 0.5'],
    ['has blank lines and tabs', '\n0\t0.5 0.5  0.25 0.25 \n\n \n1 0.5 0.5 0.5 0.5\n\n'],
  ];
  it.each(accepted)('that %s is read', (_what, text) => {
    expect(parseLabelText(text)).toMatchObject({
      labels: Float32Array.of(0, 0.5, 0.5, 0.25, 0.25, 1, 0.5, 0.5, 0.5, 0.5),
    });
  });

  it('of any bytes is read or refused with a line, and never throws', () => {
    const tokens = fc.constantFrom(
      '0',
      '1',
      '0.5',
      '1e9',
      '-0',
      'nan',
      '\ufeff',
      '\r',
      ' ',
      '\t',
      '\n',
      '1.5',
      '0x1',
      '',
      '…',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(tokens).map((parts) => parts.join(' ')),
      fc.array(fc.double()).map((v) => v.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseLabelText(text);
        if ('problem' in parsed) return parsed.line >= 1 && parsed.problem !== '';
        const { labels, polygons } = parsed;
        const inRange = labels.every((v, i) => (i % 5 === 0 ? Number.isInteger(v) && v >= 0 : v >= 0 && v <= 1));
        return inRange && labels.length % 5 === 0 && (polygons.length === 0 || polygons.length === labels.length / 5);
      }),
      { numRuns: 500, seed: 11 },
    );
  });
});

describe('a YAML file', () => {
  it('that is broken is refused with its line and what stands there', async () => {
    const path = await write(join(root, 'broken.yaml'), 'path: .\ntrain: images\nval: [images\nnc: 2\n');
    await expect(readDatasetYaml(path)).rejects.toMatchObject({
      code: 'CONFIG_YAML_SYNTAX',
      message: expect.stringMatching(/broken\.yaml:\d+:\d+: .+ in ".+"/) as unknown,
    });
  });

  it('whose aliases multiply without end is refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? '1' : `*a${i - 1}`)
          .join(', ')}]`,
    );
    expect(() => parseYaml(levels.join('\n'), 'bomb.yaml')).toThrowError(
      expect.objectContaining({ code: 'CONFIG_YAML_SYNTAX' }),
    );
  });

  /** Data set, hyperparameters and model from valid files with pieces cut, doubled and exchanged. */
  const mutations = (text: string): fc.Arbitrary<string> => {
    const pieces = fc.constantFrom(
      '',
      '\n',
      ': ',
      '- ',
      '[',
      '{',
      '&a *a',
      '!!x ',
      '"',
      "'",
      '\t',
      '\0',
      '? ',
      '|',
      '%',
      '1e999',
      '-5',
      '~',
      '…',
    );
    const edit = fc.record({ at: fc.nat(text.length), length: fc.nat(30), piece: pieces });
    return fc
      .array(edit, { minLength: 1, maxLength: 4 })
      .map((edits) =>
        edits.reduce((now, { at, length, piece }) => now.slice(0, at) + piece + now.slice(at + length), text),
      );
  };

  it('of any content is read or refused with one of our errors', async () => {
    const readers: readonly (readonly [text: string, read: (text: string) => unknown])[] = [
      [
        'path: .\ntrain: images\nval: [images, more]\nnc: 2\nnames: {0: a, 1: b}\n',
        async (text) => readDatasetYaml(await write(join(root, 'fuzz.yaml'), text)),
      ],
      [await readFile('configs/hyps/scratch.yaml', 'utf8'), (text) => readHyp(parseYaml(text, 'fuzz.yaml'))],
      [await readFile('configs/models/yolov3-tiny.yaml', 'utf8'), (text) => parseModelYaml(text, 'fuzz.yaml')],
    ];
    for (const [valid, read] of readers) {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof({ weight: 4, arbitrary: mutations(valid) }, fc.string({ unit: 'binary' })),
          async (text) => {
            try {
              await read(text);
            } catch (error) {
              if (!(error instanceof LockstepError)) throw error;
            }
          },
        ),
        { numRuns: 150, seed: 3 },
      );
    }
  });
});

describe('a file that is removed while training', () => {
  it('is skipped by name, counted apart, and the ledger closes', async () => {
    for (let i = 0; i < 4; i++) await writeSample(root, `image${i}`, '0 0.5 0.5 0.2 0.4\n');
    const dataset = await open();
    const hyp = { ...DEFAULT_HYP, mosaic: 0 };
    await using loader = openLoader(dataset, {
      numThreads: 0,
      capacityBatches: 1,
      hyp,
      augment: true,
      seed: 0,
      imgsz: 64,
    });
    const ledger = new Ledger(dataset.imageIds(), 0);
    ledger.begin(0);
    await rm(dataset.imagePath(2));
    for (const indices of [Int32Array.of(0, 1), Int32Array.of(2, 3)]) {
      loader.submit({ epoch: 0, indices, height: 64, width: 64 });
      const batch = await loader.next();
      const ledgerEntry = ledger.entry(
        0,
        batch.items.map(({ index }) => index),
      );
      ledger.commit({ badImages: batch.badItems.length, finite: true, ledgerEntry });
      if (batch.badItems.length > 0) expect(batch.badItems[0]!.error.message).toContain('image2.png');
      batch.release();
    }
    expect(loader.numBadItems).toBe(1);
    expect(ledger.verdict()).toMatchObject({ complete: true, images: 4, unreadable: 1 });
  });
});
