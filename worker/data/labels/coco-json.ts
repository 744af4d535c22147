/** COCO "instances" JSON as a source of labels. */
import { access, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { DataError } from '../../../proto/errors.js';
import { mapBounded } from '../scan/bounded.js';
import { joinOutlines, maskOutlines } from './outline.js';
import { decodeRuns, type RunLengthMask } from './run-length.js';

/** One annotated image as the scan wants it. */
export interface CocoImage {
  /** Where the picture was found; undefined if nowhere. */
  readonly path: string | undefined;
  readonly fileName: string;
  readonly imageId: number;
  /** Rows (class, cx, cy, w, h), normalised, crowds left out. */
  readonly labels: Float32Array;
  /** Per label its outline x, y, … normalised, empty where there is none; no entry at all if no label has one. */
  readonly polygons: readonly Float32Array[];
  readonly warnings: readonly string[];
}

interface JsonImage {
  id: number;
  file_name: string;
  width: number;
  height: number;
}
interface JsonAnnotation {
  image_id: number;
  category_id: number;
  bbox: [x: number, y: number, w: number, h: number];
  /** Outlines x, y, … in pixels (several where the object is partly hidden), or a mask. */
  segmentation?: number[][] | RunLengthMask;
  iscrowd?: number;
}
interface JsonCategory {
  id: number;
  name: string;
}
interface Instances {
  images: JsonImage[];
  annotations: JsonAnnotation[];
  categories: JsonCategory[];
}

function parseInstances(text: string, path: string): Instances {
  const bad = (what: string, cause?: unknown): DataError =>
    new DataError('DATA_BAD_COCO_JSON', `${path}: ${what}`, {
      hint: 'a COCO instances file has the lists images, annotations and categories',
      details: { path },
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad('is not JSON', cause);
  }
  const { images, annotations, categories } = (value ?? {}) as Partial<Instances>;
  if (!Array.isArray(images) || !Array.isArray(annotations) || !Array.isArray(categories)) {
    throw bad('lacks one of the lists images, annotations, categories');
  }
  for (const [i, image] of images.entries()) {
    if (typeof image.id !== 'number' || typeof image.file_name !== 'string' || !(image.width > 0 && image.height > 0)) {
      throw bad(`images[${i}] needs id, file_name, width and height`);
    }
  }
  for (const [i, annotation] of annotations.entries()) {
    const { bbox } = annotation;
    if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite)) {
      throw bad(`annotations[${i}].bbox must be four numbers (x, y, width, height)`);
    }
  }
  return { images, annotations, categories };
}

/**
 * Category id → class. Where every category's name is one of the data set's names, names decide; otherwise categories
 * are numbered in ascending order of their ids (which turns COCO's 1 … 90 with gaps into 0 … 79).
 */
export function mapCategories(categories: readonly JsonCategory[], names: readonly string[]): Map<number, number> {
  if (categories.every((category) => names.includes(category.name))) {
    return new Map(categories.map((category) => [category.id, names.indexOf(category.name)]));
  }
  const ids = categories.map((category) => category.id).toSorted((a, b) => a - b);
  return new Map(ids.map((id, index) => [id, index]));
}

/** The folders where pictures of a JSON file may lie, in the order they are tried. */
export function cocoImageFolders(jsonPath: string): string[] {
  const folder = dirname(jsonPath);
  const parent = dirname(folder);
  const split = basename(jsonPath, '.json').replace(/^instances_/, '');
  return [
    join(parent, 'images', split),
    join(parent, 'images'),
    join(parent, split),
    parent,
    join(folder, 'images', split),
    join(folder, 'images'),
    folder,
  ];
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function locate(fileName: string, folders: string[]): Promise<string | undefined> {
  if (isAbsolute(fileName)) return (await exists(fileName)) ? fileName : undefined;
  for (const folder of folders) {
    const path = join(folder, fileName);
    if (await exists(path)) {
      // Its neighbours lie there too: try this folder first from now on.
      if (folders[0] !== folder) folders.unshift(folder);
      return path;
    }
  }
  return undefined;
}

function labelRow(annotation: JsonAnnotation, image: JsonImage, classId: number): number[] | undefined {
  const [x, y, w, h] = annotation.bbox;
  const x1 = Math.min(Math.max(x, 0), image.width);
  const y1 = Math.min(Math.max(y, 0), image.height);
  const x2 = Math.min(Math.max(x + w, 0), image.width);
  const y2 = Math.min(Math.max(y + h, 0), image.height);
  if (!(x2 > x1 && y2 > y1)) return undefined;
  return [
    classId,
    (x1 + x2) / 2 / image.width,
    (y1 + y2) / 2 / image.height,
    (x2 - x1) / image.width,
    (y2 - y1) / image.height,
  ];
}

/** An annotation's outline, normalised; empty where it has none that can be used. */
function outlineOf({ segmentation }: JsonAnnotation, image: JsonImage): Float32Array {
  if (segmentation === undefined || segmentation === null) return new Float32Array(0);
  let outlines: number[][];
  let { width, height } = image;
  if (Array.isArray(segmentation)) {
    outlines = segmentation.filter((part) => Array.isArray(part) && part.length >= 6 && part.length % 2 === 0);
  } else {
    const mask = Array.isArray(segmentation.size) ? decodeRuns(segmentation) : undefined;
    if (mask === undefined) return new Float32Array(0);
    ({ width, height } = mask);
    outlines = maskOutlines(mask);
  }
  const points = joinOutlines(outlines);
  if (!points.every(Number.isFinite)) return new Float32Array(0);
  return Float32Array.from(points, (v, i) => Math.min(Math.max(v / (i % 2 === 0 ? width : height), 0), 1));
}

/**
 * Reads an instances file. Crowd regions are skipped, boxes are clipped to their image, empty boxes dropped with a
 * warning; outlines (polygons, run lengths as numbers or text) come along where they are well-formed.
 * @param names the data set's class names, for {@link mapCategories}
 * @throws DataError `DATA_BAD_COCO_JSON` for a malformed file, `DATA_NOT_FOUND` if none of its images can be found
 */
export async function readCocoInstances(jsonPath: string, names: readonly string[]): Promise<CocoImage[]> {
  const { images, annotations, categories } = parseInstances(await readFile(jsonPath, 'utf8'), jsonPath);
  const classOf = mapCategories(categories, names);
  const byImage = groupByImage(annotations);
  const folders = cocoImageFolders(jsonPath);
  const tried = [...folders];
  const located = await mapBounded(images, 16, (image) => locate(image.file_name, folders));
  if (images.length > 0 && located.every((path) => path === undefined)) {
    throw new DataError('DATA_NOT_FOUND', `none of the ${images.length} images of ${jsonPath} was found`, {
      hint: `put them into one of ${tried.join(', ')}`,
      details: { path: jsonPath, firstImage: images[0]!.file_name },
    });
  }
  return images.map((image, i) => {
    const warnings: string[] = [];
    const rows: number[][] = [];
    const polygons: Float32Array[] = [];
    for (const annotation of byImage.get(image.id) ?? []) {
      if (annotation.iscrowd) continue;
      const classId = classOf.get(annotation.category_id);
      if (classId === undefined) {
        throw new DataError(
          'DATA_BAD_COCO_JSON',
          `${jsonPath}: an annotation of image ${image.id} has category ${annotation.category_id}, which is not listed`,
          { hint: 'add the category to "categories"', details: { path: jsonPath, imageId: image.id } },
        );
      }
      const row = labelRow(annotation, image, classId);
      if (row === undefined) warnings.push('a box without area was dropped');
      else {
        rows.push(row);
        polygons.push(outlineOf(annotation, image));
      }
    }
    return {
      path: located[i],
      fileName: image.file_name,
      imageId: image.id,
      labels: Float32Array.from(rows.flat()),
      polygons: polygons.some((polygon) => polygon.length > 0) ? polygons : [],
      warnings,
    };
  });
}

function groupByImage(annotations: readonly JsonAnnotation[]): Map<number, JsonAnnotation[]> {
  const groups = new Map<number, JsonAnnotation[]>();
  for (const annotation of annotations) {
    const group = groups.get(annotation.image_id);
    if (group === undefined) groups.set(annotation.image_id, [annotation]);
    else group.push(annotation);
  }
  return groups;
}
