/** `launch dataset flatten`: the files of a tree of folders, copied side by side into one. */
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import type { FlattenRequest } from '../../configs/dataset-request.js';
import { DataError } from '../../proto/errors.js';
import { cannotWrite } from './cannot-write.js';

/**
 * Names for files, side by side. Files of one folder whose names differ in their suffix only (an image and its labels) keep one name
 * between them; where folders share a name, later ones get a number.
 * @param paths relative, in order
 */
export function flatNames(paths: readonly string[]): string[] {
  const stems = new Map<string, string>();
  const taken = new Set<string>();
  return paths.map((path) => {
    const suffix = extname(path);
    const whole = suffix === '' ? path : path.slice(0, -suffix.length);
    let stem = stems.get(whole);
    if (stem === undefined) {
      const wanted = whole.slice(whole.lastIndexOf('/') + 1);
      stem = wanted;
      for (let number = 2; taken.has(stem.toLowerCase()); number++) stem = `${wanted}-${number}`;
      stems.set(whole, stem);
      taken.add(stem.toLowerCase());
    }
    return `${stem}${suffix}`;
  });
}

/**
 * Copies every file below `images` into `out`, which must be a new folder or an empty one.
 * @returns how many
 * @throws DataError `DATA_NOT_FOUND`, `DATA_CANNOT_WRITE`
 */
export async function flatten({ images, out }: FlattenRequest): Promise<number> {
  const entries = await readdir(images, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new DataError('DATA_NOT_FOUND', `${images} is not a folder`, { hint: 'name one with --images', cause });
  });
  const files = entries.filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => relative(images, join(parentPath, name))).sort();
  const names = flatNames(paths);
  try {
    await mkdir(out, { recursive: true });
    if ((await readdir(out)).length > 0) {
      throw new DataError('DATA_CANNOT_WRITE', `${out} is not empty`, { hint: 'choose another --out' });
    }
    for (const [i, path] of paths.entries()) {
      await copyFile(join(images, path), join(out, names[i]!), constants.COPYFILE_FICLONE);
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw cannotWrite(out, cause);
  }
  return paths.length;
}
