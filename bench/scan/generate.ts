/** A data set as large as COCO's training split in numbers of files, and tiny in pixels. Made once, kept in the cache. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { cacheRoot } from '../../proto/paths.js';
import { randomStream } from '../../proto/random.js';
import { NUM_CLASSES } from './figures.js';

/** Distinct pictures; every file holds one of them. */
const NUM_PICTURES = 24;
/** Distinct label files. */
const NUM_LABEL_FILES = 997;
export const LABELS_PER_IMAGE = 7;

/** Where a data set of so many images lies or will lie. Deleting the folder is fine. */
export function scanSetFolder(numImages: number): string {
  return join(cacheRoot(), 'bench', `scan-${numImages}`);
}

/** JPEG files of different sizes, of noise. */
async function pictures(): Promise<Buffer[]> {
  return Promise.all(
    Array.from({ length: NUM_PICTURES }, (_, k) => {
      const random = randomStream('scan picture', k);
      const [width, height] = [32 + 4 * (k % 5), 32 + 4 * (k % 3)];
      const pixels = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255));
      return sharp(pixels, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 75 })
        .toBuffer();
    }),
  );
}

/** Label files as COCO's look when converted: six decimals, boxes inside the picture. */
function labelFiles(): string[] {
  return Array.from({ length: NUM_LABEL_FILES }, (_, k) => {
    const random = randomStream('scan labels', k);
    const rows = Array.from({ length: LABELS_PER_IMAGE }, () => {
      const [w, h] = [random.uniform(0.01, 0.6), random.uniform(0.01, 0.6)];
      const [cx, cy] = [random.uniform(w / 2, 1 - w / 2), random.uniform(h / 2, 1 - h / 2)];
      return `${random.integer(0, NUM_CLASSES - 1)} ${[cx, cy, w, h].map((v) => v.toFixed(6)).join(' ')}\n`;
    });
    return rows.join('');
  });
}

/** The data set's folder, made if it is not there whole. */
export async function ensureScanSet(numImages: number): Promise<string> {
  const folder = scanSetFolder(numImages);
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return folder;
  rmSync(folder, { recursive: true, force: true });
  const images = join(folder, 'images', 'train');
  const labels = join(folder, 'labels', 'train');
  mkdirSync(images, { recursive: true });
  mkdirSync(labels, { recursive: true });
  const jpegs = await pictures();
  const texts = labelFiles();
  for (let i = 0; i < numImages; i++) {
    const stem = String(i).padStart(12, '0');
    writeFileSync(join(images, `${stem}.jpg`), jpegs[i % jpegs.length]!);
    writeFileSync(join(labels, `${stem}.txt`), texts[i % texts.length]!);
  }
  writeFileSync(whole, '');
  return folder;
}
