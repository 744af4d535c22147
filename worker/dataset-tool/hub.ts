/** `launch dataset stats --out`: the figures as `stats.json`, beside pictures small enough to look at in a browser. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { StatsRequest } from '../../configs/dataset-request.js';
import { DataError } from '../../proto/errors.js';
import { decodeImage } from '../data/images/decode.js';
import { openSharp } from '../data/images/libvips.js';
import { mapBounded } from '../data/scan/bounded.js';
import { imageInput } from '../data/shards/locations.js';
import { cannotWrite } from './cannot-write.js';
import type { ScannedSplit, ToolProgress } from './check.js';

const CONCURRENCY = 4;
/** As the reference has them. */
const MAX_SIDE_PX = 1920;
const JPEG_QUALITY = 75;

/**
 * Writes `<out>/stats.json` and `<out>/images/<split>/<number>_<name>.jpg`, at most 1920 px long.
 * @returns images written and images that could not be decoded
 * @throws DataError `DATA_CANNOT_WRITE`
 */
export async function writeHub(
  { data, imgsz }: StatsRequest,
  out: string,
  splits: readonly ScannedSplit[],
  progress: ToolProgress,
): Promise<{ images: number; unreadable: number }> {
  const sharp = await openSharp();
  let [images, unreadable] = [0, 0];
  try {
    await mkdir(out, { recursive: true });
    const figures = splits.map(({ figures: split }) => split);
    const stats = { data: data.yaml, nc: data.nc, names: data.names, imgsz, splits: figures };
    await writeFile(join(out, 'stats.json'), `${JSON.stringify(stats, undefined, 2)}\n`);
    for (const { split, dataset } of splits) {
      const folder = join(out, 'images', split);
      await mkdir(folder, { recursive: true });
      const indices = Array.from({ length: dataset.numImages }, (_, i) => i);
      await mapBounded(indices, CONCURRENCY, async (index) => {
        const path = dataset.imagePath(index);
        const image = await imageInput(dataset.table, index)
          .then((input) => decodeImage(path, input))
          .catch((error: unknown) => {
            if (error instanceof DataError) return undefined;
            throw error;
          });
        if (image === undefined) {
          unreadable++;
          return;
        }
        const { name: stem } = parse(dataset.imageName(index));
        await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
          .resize({ width: MAX_SIDE_PX, height: MAX_SIDE_PX, fit: 'inside', withoutEnlargement: true })
          .jpeg({ quality: JPEG_QUALITY })
          .toFile(join(folder, `${index}_${stem}.jpg`));
        progress(`pictures ${split}`, ++images, indices.length);
      });
    }
  } catch (cause) {
    throw cannotWrite(out, cause);
  }
  return { images, unreadable };
}
