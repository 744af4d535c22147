/** Small data sets on disk for the tests of worker/data. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { DatasetConfig } from '../../../configs/run-config.js';

/** A new folder of the test's own. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'lockstep-data-'));
}

/** Writes a file and the folders above it; returns its path. */
export async function write(path: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A PNG whose colour depends on `value`, with a white left upper quarter to tell its sides. */
export async function png(width: number, height: number, value: number): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3, value);
  for (let y = 0; y < height / 2; y++) pixels.fill(255, y * width * 3, (y * width + Math.floor(width / 2)) * 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Writes `images/<name>.png` and, unless undefined, `labels/<name>.txt`. */
export async function writeSample(
  root: string,
  name: string,
  labels: string | undefined,
  size: [number, number] = [40, 30],
): Promise<string> {
  const path = await write(join(root, 'images', `${name}.png`), await png(size[0], size[1], 40));
  if (labels !== undefined) await write(join(root, 'labels', `${name}.txt`), labels);
  return path;
}

/** The configuration of a data set with `nc` classes. */
export function datasetConfig(root: string, nc: number = 2): DatasetConfig {
  const names = Array.from({ length: nc }, (_, i) => `class${i}`);
  const images = join(root, 'images');
  return { yaml: join(root, 'data.yaml'), train: [images], val: [images], test: [], nc, names };
}
