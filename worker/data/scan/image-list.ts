/** From the sources in a data set's YAML to the sorted list of its images. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { DataError } from '../../../proto/errors.js';

/** Suffixes that count as images, lower case. */
export const IMAGE_SUFFIXES: ReadonlySet<string> = new Set([
  '.bmp',
  '.jpg',
  '.jpeg',
  '.png',
  '.tif',
  '.tiff',
  '.dng',
  '.webp',
  '.mpo',
]);

function isImagePath(path: string): boolean {
  return IMAGE_SUFFIXES.has(path.slice(path.lastIndexOf('.')).toLowerCase());
}

/** The label file of an image: the last `/images/` becomes `/labels/`, the suffix `.txt`. */
export function labelPath(imagePath: string): string {
  const folder = `${sep}images${sep}`;
  const at = imagePath.lastIndexOf(folder);
  const moved =
    at < 0 ? imagePath : `${imagePath.slice(0, at)}${sep}labels${sep}${imagePath.slice(at + folder.length)}`;
  const suffix = extname(moved);
  return `${suffix === '' ? moved : moved.slice(0, -suffix.length)}.txt`;
}

/** Compares by code units: the same order on every machine, whatever its locale. */
export function byCodeUnits(a: string, b: string): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

/** All files below a folder. Links to folders are followed after the folders themselves, each folder once. */
async function listFolder(root: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [root];
  const links: string[] = [];
  const visited = new Set<string>();
  for (;;) {
    const folder = folders.pop() ?? links.shift();
    if (folder === undefined) return files;
    const place = await realpath(folder);
    if (visited.has(place)) continue;
    visited.add(place);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = `${folder}${sep}${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink() && (await isFolder(path))) links.push(path);
      else files.push(path);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info?.isDirectory() === true;
}

async function listSource(source: string): Promise<string[]> {
  const info = await stat(source).catch((cause: unknown) => {
    throw new DataError('DATA_NOT_FOUND', `${source} does not exist`, {
      hint: 'check the paths in the data set YAML',
      details: { path: source },
      cause,
    });
  });
  if (info.isDirectory()) return listFolder(resolve(source));
  const folder = dirname(source);
  const lines = (await readFile(source, 'utf8')).split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('./') ? join(folder, line.slice(2)) : resolve(line)));
}

/**
 * The images of folders (searched recursively) and list files (a path a line; a leading `./` means the file's folder),
 * absolute, sorted and without repetitions.
 * @throws DataError `DATA_NOT_FOUND` for a missing source, `DATA_NO_IMAGES` if nothing in them is an image
 */
export async function listImages(sources: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(sources.map(listSource));
  // Without a comparator strings sort by code units, as byCodeUnits does, and faster.
  const images = [...new Set(lists.flat().filter(isImagePath))].sort();
  if (images.length === 0) {
    throw new DataError('DATA_NO_IMAGES', `no images in ${sources.join(', ')}`, {
      hint: `images end in ${[...IMAGE_SUFFIXES].map((s) => s.slice(1)).join(', ')}`,
      details: { sources },
    });
  }
  return images;
}
