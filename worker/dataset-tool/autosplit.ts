/** `launch dataset autosplit`: images shared out at random over list files, as the reference's function of that name does. */
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { AutosplitRequest } from '../../configs/dataset-request.js';
import { DataError } from '../../proto/errors.js';
import { randomStream } from '../../proto/random.js';
import { labelPath, listImages } from '../data/scan/image-list.js';

const SPLITS = ['train', 'val', 'test'] as const;

/** A list file that was written. */
export interface WrittenList {
  readonly path: string;
  readonly images: number;
}

/** Which split each image goes to; every image by itself, with the given chances. */
export function drawSplits(numImages: number, weights: AutosplitRequest['weights'], seed: number): number[] {
  const total = weights[0] + weights[1] + weights[2];
  const random = randomStream(seed, 'autosplit');
  return Array.from({ length: numImages }, () => {
    const draw = random.uniform(0, total);
    return draw < weights[0] ? 0 : draw < weights[0] + weights[1] ? 1 : 2;
  });
}

/**
 * Writes `autosplit_train.txt`, `autosplit_val.txt` and `autosplit_test.txt` beside the folder of images, with lines that
 * begin `./` and are relative to them.
 * @throws DataError `DATA_NOT_FOUND`, `DATA_NO_IMAGES`, `DATA_CANNOT_WRITE`
 */
export async function autosplit(request: AutosplitRequest): Promise<WrittenList[]> {
  const { images, weights, annotatedOnly, seed } = request;
  const folder = dirname(images);
  const all = await listImages([images]);
  const hasLabels = (path: string): Promise<boolean> =>
    stat(labelPath(path)).then(
      () => true,
      () => false,
    );
  const kept: string[] = [];
  for (const path of all) if (!annotatedOnly || (await hasLabels(path))) kept.push(path);
  const splits = drawSplits(kept.length, weights, seed);
  const written: WrittenList[] = [];
  for (const [number, split] of SPLITS.entries()) {
    const paths = kept.filter((_, i) => splits[i] === number);
    const path = join(folder, `autosplit_${split}.txt`);
    const lines = paths.map((image) => `./${relative(folder, image).split(sep).join('/')}\n`);
    await writeFile(path, lines.join('')).catch((cause: unknown) => {
      throw new DataError('DATA_CANNOT_WRITE', `cannot write ${path}: ${(cause as Error).message}`, {
        hint: 'the lists go beside the folder of images',
        cause,
      });
    });
    written.push({ path, images: paths.length });
  }
  return written;
}
