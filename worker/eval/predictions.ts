/** Files of predictions: COCO results JSON and label files, as the reference writes them. */
import { open, writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { xyxyToXywh } from './boxes.js';
import { DETECTION_COLUMNS, type Detections } from './nms.js';
import { formatGeneral, roundHalfEven } from './number-format.js';

/** The category ids 1 … 90 that COCO skipped when it went from 91 to 80 classes. */
const UNUSED_COCO_IDS = new Set([12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);
/** COCO's category id of each of its 80 classes. */
export const COCO_CATEGORY_IDS: readonly number[] = Array.from({ length: 90 }, (_, i) => i + 1).filter(
  (id) => !UNUSED_COCO_IDS.has(id),
);

/** One line of a COCO results file. */
export interface CocoResult {
  readonly image_id: number | string;
  readonly category_id: number;
  /** x, y of the top left corner, width, height in native pixels. */
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly score: number;
}

/** Returns the image id that a file's name stands for: a number where the stem is one, else the stem. */
export function imageIdOf(path: string): number | string {
  const stem = basename(path, extname(path));
  return /^\d+$/.test(stem) ? Number(stem) : stem;
}

/**
 * Returns the COCO results of one image, boxes to 3 decimals and scores to 5.
 * @param detections in native pixels
 * @param categoryIds of the classes; undefined: the class index itself
 */
export function toCocoResults(
  detections: Detections,
  imageId: number | string,
  categoryIds?: readonly number[],
): CocoResult[] {
  const box = new Float32Array(4);
  return Array.from({ length: detections.numDetections }, (_, d) => {
    const at = d * DETECTION_COLUMNS;
    const classId = detections.rows[at + 5]!;
    xyxyToXywh(detections.rows, at, box, 0);
    const x = Math.fround(box[0]! - Math.fround(box[2]! / 2));
    const y = Math.fround(box[1]! - Math.fround(box[3]! / 2));
    const round3 = (value: number) => roundHalfEven(value, 3);
    return {
      image_id: imageId,
      category_id: categoryIds?.[classId] ?? classId,
      bbox: [round3(x), round3(y), round3(box[2]!), round3(box[3]!)] as const,
      score: roundHalfEven(detections.rows[at + 4]!, 5),
    };
  });
}

/** Writes a COCO results file in pieces, so that a million records need no string of their size. */
export async function writeCocoResults(path: string, results: Iterable<CocoResult>): Promise<void> {
  const file = await open(path, 'w');
  try {
    let piece = '[';
    let separator = '';
    for (const result of results) {
      piece += separator + JSON.stringify(result);
      separator = ',\n';
      if (piece.length > 1 << 20) {
        await file.write(piece);
        piece = '';
      }
    }
    await file.write(`${piece}]\n`);
  } finally {
    await file.close();
  }
}

/**
 * Returns lines `class cx cy w h [confidence]`, normalised to the image, each number in `%g` form.
 * @param detections in native pixels
 */
export function toLabelLines(
  detections: Detections,
  nativeWidth: number,
  nativeHeight: number,
  options: { readonly confidence?: boolean } = {},
): string[] {
  const box = new Float32Array(4);
  return Array.from({ length: detections.numDetections }, (_, d) => {
    const at = d * DETECTION_COLUMNS;
    xyxyToXywh(detections.rows, at, box, 0);
    const norm = Float32Array.of(
      box[0]! / nativeWidth,
      box[1]! / nativeHeight,
      box[2]! / nativeWidth,
      box[3]! / nativeHeight,
    );
    const values = [detections.rows[at + 5]!, ...norm];
    if (options.confidence === true) values.push(detections.rows[at + 4]!);
    return values.map((value) => formatGeneral(value)).join(' ');
  });
}

/** Writes the label file of one image anew: a second run into the same folder never appends to the first (Q47). */
export async function writeLabelFile(path: string, lines: readonly string[]): Promise<void> {
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
}
