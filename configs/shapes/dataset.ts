/** The generated data set on disk: pictures, YOLO labels and COCO annotations, made once and found again. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../../proto/errors.js';
import { cacheRoot } from '../../proto/paths.js';
import { randomStream } from '../../proto/random.js';
import { SHAPE_NAMES, SHAPES_VERSION, type ShapesParams } from './params.js';
import { paintScene } from './raster.js';
import { composeScene, type Scene } from './scene.js';

/** Where a generated data set lies; absolute. */
export interface ShapesDataset {
  readonly root: string;
  /** Image folders, with `labels/` beside `images/`. */
  readonly train: string;
  readonly val: string;
  /** COCO instances JSON of the same images. */
  readonly trainAnnotations: string;
  readonly valAnnotations: string;
  readonly names: readonly string[];
  /** Whether it was drawn just now. */
  readonly isNew: boolean;
}

export type ShapesProgress = (done: number, total: number) => void;

export interface EnsureShapesOptions {
  /** @defaultValue the user's cache */
  readonly cacheDir?: string;
  readonly onProgress?: ShapesProgress;
  readonly signal?: AbortSignal | undefined;
}

/** JPEG as in real data sets; at this quality the shapes' edges stay clean. */
const JPEG_QUALITY = 92;
type Split = 'train' | 'val';

function fileName(index: number): string {
  return `${String(index).padStart(6, '0')}.jpg`;
}

/** One label line per shape: class, centre and size as fractions of the side. */
function yoloText(scene: Scene): string {
  return scene.shapes
    .map(({ classId, box: [x1, y1, x2, y2] }) => {
      const numbers = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1].map((v) => (v / scene.imgsz).toFixed(6));
      return `${classId} ${numbers.join(' ')}\n`;
    })
    .join('');
}

/** The area that a shape's outline encloses, square pixels (shoelace formula for polygons). */
function areaOf({ outline }: Scene['shapes'][number]): number {
  if (outline.kind === 'circle') return Math.PI * outline.radius ** 2;
  const { points } = outline;
  let twice = 0;
  for (let i = 0; i < points.length; i += 2) {
    const next = (i + 2) % points.length;
    twice += points[i]! * points[next + 1]! - points[next]! * points[i + 1]!;
  }
  return Math.abs(twice) / 2;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** COCO instances of the scenes; image ids are their numbers, category ids begin with 1 as in COCO. */
function cocoInstances(scenes: readonly Scene[]): object {
  const annotations = scenes.flatMap((scene, index) =>
    scene.shapes.map((shape) => {
      const [x1, y1, x2, y2] = shape.box;
      return {
        image_id: index,
        category_id: shape.classId + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1].map(round),
        area: round(areaOf(shape)),
        iscrowd: 0,
        segmentation: shape.outline.kind === 'polygon' ? [shape.outline.points.map(round)] : [],
      };
    }),
  );
  return {
    info: { description: 'Drawn scenes of simple shapes', version: String(SHAPES_VERSION) },
    licenses: [],
    images: scenes.map((scene, index) => ({
      id: index,
      file_name: fileName(index),
      width: scene.imgsz,
      height: scene.imgsz,
    })),
    annotations: annotations.map((annotation, index) => ({ id: index + 1, ...annotation })),
    categories: SHAPE_NAMES.map((name, index) => ({ id: index + 1, name, supercategory: 'shape' })),
  };
}

async function writeSplit(
  root: string,
  split: Split,
  params: ShapesParams,
  tick: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Loaded here: a start that finds its data does not need the image library.
  const { default: sharp } = await import('sharp');
  const images = join(root, 'images', split);
  const labels = join(root, 'labels', split);
  await Promise.all([images, labels].map((folder) => mkdir(folder, { recursive: true })));
  const count = split === 'train' ? params.trainImages : params.valImages;
  const { imgsz, seed } = params;
  const scenes: Scene[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const scene = composeScene(seed, split, index, imgsz);
    const pixels = paintScene(scene, randomStream(seed, 'shapes noise', split, index));
    const jpeg = await sharp(pixels, { raw: { width: imgsz, height: imgsz, channels: 3 } })
      .jpeg({ quality: JPEG_QUALITY })
      .toBuffer();
    await writeFile(join(images, fileName(index)), jpeg);
    await writeFile(join(labels, fileName(index).replace('.jpg', '.txt')), yoloText(scene));
    scenes.push(scene);
    tick();
  }
  await mkdir(join(root, 'annotations'), { recursive: true });
  await writeFile(join(root, 'annotations', `instances_${split}.json`), JSON.stringify(cocoInstances(scenes)));
}

function describeDataset(root: string, isNew: boolean): ShapesDataset {
  return {
    root,
    train: join(root, 'images', 'train'),
    val: join(root, 'images', 'val'),
    trainAnnotations: join(root, 'annotations', 'instances_train.json'),
    valAnnotations: join(root, 'annotations', 'instances_val.json'),
    names: SHAPE_NAMES,
    isNew,
  };
}

/**
 * The data set of these parameters, drawn if it is not in the cache yet. It appears there whole or not at all, also
 * when several processes draw it at once.
 * @throws DataError `DATA_CANNOT_WRITE` if the cache cannot be written
 */
export async function ensureShapes(params: ShapesParams, options: EnsureShapesOptions = {}): Promise<ShapesDataset> {
  const key = JSON.stringify([SHAPES_VERSION, params.trainImages, params.valImages, params.imgsz, params.seed]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const folder = join(options.cacheDir ?? cacheRoot(), 'datasets');
  const root = join(folder, `shapes-${hash}`);
  if (existsSync(root)) return describeDataset(root, false);

  const temporary = join(folder, `.shapes-${hash}.${randomUUID()}`);
  const total = params.trainImages + params.valImages;
  let done = 0;
  const tick = (): void => options.onProgress?.(++done, total);
  try {
    await mkdir(temporary, { recursive: true });
    await writeSplit(temporary, 'train', params, tick, options.signal);
    await writeSplit(temporary, 'val', params, tick, options.signal);
    await rename(temporary, root).catch((error: unknown) => {
      // Somebody else was faster; theirs is the same.
      if (!existsSync(root)) throw error;
    });
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new DataError('DATA_CANNOT_WRITE', `cannot write the shapes data set to ${root}: ${String(cause)}`, {
      hint: 'make room, or set LOCKSTEP_CACHE to a folder that can be written',
      details: { root },
      cause,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return describeDataset(root, true);
}
