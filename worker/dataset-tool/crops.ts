/** `launch dataset crops`: every labelled box as a picture of its own, in one folder per class, to train a classifier on. */
import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { CropsRequest } from '../../configs/dataset-request.js';
import { DataError } from '../../proto/errors.js';
import type { Dataset } from '../data/dataset.js';
import { decodeImage } from '../data/images/decode.js';
import type { Rectangle } from '../data/images/image.js';
import { openSharp } from '../data/images/libvips.js';
import { mapBounded } from '../data/scan/bounded.js';
import { imageInput } from '../data/shards/locations.js';
import { cannotWrite } from './cannot-write.js';
import { scanSplits, type ToolProgress } from './check.js';

const CONCURRENCY = 4;
/** The reference's margin: a fifth of the box, and so many pixels. */
const SCALE = 1.2;
const MARGIN_PX = 3;
const JPEG_QUALITY = 95;

/** What became of a split. */
export interface CroppedSplit {
  readonly split: string;
  readonly crops: number;
  /** Images that could not be decoded. */
  readonly unreadable: number;
}

/**
 * The pixels of a box with its margin, inside the picture; perhaps of no size.
 * @param box cx, cy, w, h, normalised
 */
export function cropRectangle(box: ArrayLike<number>, width: number, height: number): Rectangle {
  const halfWidth = (box[2]! * width * SCALE + MARGIN_PX) / 2;
  const halfHeight = (box[3]! * height * SCALE + MARGIN_PX) / 2;
  const x = Math.max(Math.trunc(box[0]! * width - halfWidth), 0);
  const y = Math.max(Math.trunc(box[1]! * height - halfHeight), 0);
  const right = Math.min(Math.trunc(box[0]! * width + halfWidth), width);
  const bottom = Math.min(Math.trunc(box[1]! * height + halfHeight), height);
  return { x, y, width: Math.max(right - x, 0), height: Math.max(bottom - y, 0) };
}

/** A class's folder: its number, so that they sort as the classes do, and what of its name every file system takes. */
export function classFolder(id: number, names: readonly string[]): string {
  const digits = String(names.length - 1).length;
  return `${String(id).padStart(digits, '0')}_${names[id]!.replaceAll(/[^\p{L}\p{N}-]+/gu, '_')}`;
}

/** Writes the crops of one image; returns how many. */
async function cropImage(dataset: Dataset, index: number, folder: string, names: readonly string[]): Promise<number> {
  const labels = dataset.labels(index);
  if (labels.length === 0) return 0;
  const path = dataset.imagePath(index);
  const { data, width, height } = await decodeImage(path, await imageInput(dataset.table, index));
  const sharp = await openSharp();
  const { name: stem } = parse(dataset.imageName(index));
  let written = 0;
  for (let row = 0; row < labels.length / 5; row++) {
    const part = cropRectangle(labels.subarray(5 * row + 1, 5 * row + 5), width, height);
    if (part.width === 0 || part.height === 0) continue;
    // Images of different folders may have equal names.
    const file = join(folder, classFolder(labels[5 * row]!, names), `${stem}_${index}_${row}.jpg`);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .extract({ left: part.x, top: part.y, width: part.width, height: part.height })
      .jpeg({ quality: JPEG_QUALITY })
      .toFile(file);
    written++;
  }
  return written;
}

/**
 * Writes `<out>/<split>/<class>/<image>_<number>_<row>.jpg` for every label of every split. Labels of unknown classes are left out.
 * @throws DataError as scanning does, `DATA_CANNOT_WRITE`
 */
export async function cropDataset(request: CropsRequest, progress: ToolProgress): Promise<CroppedSplit[]> {
  const { data, out } = request;
  const splits: CroppedSplit[] = [];
  for (const { split, dataset } of await scanSplits({ ...request, imgsz: 640 }, progress)) {
    const folder = join(out, split);
    for (const id of data.names.keys()) await mkdir(join(folder, classFolder(id, data.names)), { recursive: true });
    let [crops, unreadable, done] = [0, 0, 0];
    const indices = Array.from({ length: dataset.numImages }, (_, i) => i);
    await mapBounded(indices, CONCURRENCY, async (index) => {
      try {
        // Others count while this one is awaited.
        const written = await cropImage(dataset, index, folder, data.names);
        crops += written;
      } catch (error) {
        if (!(error instanceof DataError)) throw cannotWrite(folder, error);
        unreadable++;
      }
      progress(`crops ${split}`, ++done, indices.length);
    });
    splits.push({ split, crops, unreadable });
  }
  return splits;
}
