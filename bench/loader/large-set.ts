/** Photographs of 12 megapixels for the benchmark, composed of smaller ones. Made once, kept in the cache. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { cacheRoot } from '../../proto/paths.js';
import { listImages } from '../../worker/data/scan/image-list.js';

/** As phones make them. */
const WIDTH = 4000;
const HEIGHT = 3000;
const TILES_PER_SIDE = 5;
const JPEG_QUALITY = 90;

/** Paths of `count` large JPEG files, each of 25 photographs of the data set at a little above their own size. */
export async function ensureLargeJpegs(data: string, count: number): Promise<string[]> {
  const folder = join(cacheRoot(), 'bench', 'large-jpegs');
  mkdirSync(folder, { recursive: true });
  const photos = await listImages([join(data, 'images')]);
  const [width, height] = [WIDTH / TILES_PER_SIDE, HEIGHT / TILES_PER_SIDE];
  const paths: string[] = [];
  for (let k = 0; k < count; k++) {
    const path = join(folder, `${k}.jpg`);
    paths.push(path);
    if (existsSync(path)) continue;
    const tiles = Array.from({ length: TILES_PER_SIDE ** 2 }, async (_, i) => ({
      input: await sharp(photos[(k * TILES_PER_SIDE ** 2 + i) % photos.length])
        .resize({ width, height, fit: 'cover' })
        .toBuffer(),
      left: (i % TILES_PER_SIDE) * width,
      top: Math.floor(i / TILES_PER_SIDE) * height,
    }));
    const whole = sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: 'grey' } });
    await whole
      .composite(await Promise.all(tiles))
      .jpeg({ quality: JPEG_QUALITY })
      .toFile(`${path}.part`);
    renameSync(`${path}.part`, path);
  }
  return paths;
}
