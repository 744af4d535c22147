/** Where a native picture ends up in a batch: first scaled to the long side, then letterboxed to the batch's shape. */
import { clipXyxyInPlace, type NetworkPlacement, xywhnToXyxy, xyxyToXywhn } from './boxes.js';
import { type LetterboxGeometry, letterboxGeometry } from './letterbox.js';

/** Both steps of the placement, and their sum as validation wants it. */
export interface ImagePlacement extends NetworkPlacement {
  /** Size after the first step, pixels. */
  readonly resizedHeight: number;
  readonly resizedWidth: number;
  readonly letterbox: LetterboxGeometry;
}

/** The picture's size when its long side becomes `imgsz`; fractions of pixels are cut off as in the reference. */
export function longSideSize(height: number, width: number, imgsz: number): { height: number; width: number } {
  const ratio = imgsz / Math.max(height, width);
  if (ratio === 1) return { height, width };
  // A very long strip must keep one row.
  return { height: Math.max(Math.trunc(height * ratio), 1), width: Math.max(Math.trunc(width * ratio), 1) };
}

/**
 * The placement of a picture of native size `height`×`width` in a batch of `batchHeight`×`batchWidth`.
 * @param imgsz the long side after the first step, pixels
 * @param scaleUp whether the letterbox may enlarge; the reference allows it when augmenting
 */
export function placeImage(
  height: number,
  width: number,
  imgsz: number,
  batchHeight: number,
  batchWidth: number,
  scaleUp: boolean,
): ImagePlacement {
  const resized = longSideSize(height, width, imgsz);
  const letterbox = letterboxGeometry(resized.height, resized.width, batchHeight, batchWidth, {
    auto: false,
    scaleUp,
  });
  return {
    resizedHeight: resized.height,
    resizedWidth: resized.width,
    letterbox,
    gain: [resized.height / height, resized.width / width],
    pad: [letterbox.padW, letterbox.padH],
  };
}

/** Splits label rows (class, four numbers) into their boxes [n, 4]. */
function boxesOf(labels: Float32Array): Float32Array {
  const boxes = new Float32Array((labels.length / 5) * 4);
  for (let i = 0; i < labels.length / 5; i++) boxes.set(labels.subarray(5 * i + 1, 5 * i + 5), 4 * i);
  return boxes;
}

/** The label rows with other boxes. */
function withBoxes(labels: Float32Array, boxes: Float32Array): Float32Array {
  const rows = new Float32Array(labels.length);
  for (let i = 0; i < labels.length / 5; i++) {
    rows[5 * i] = labels[5 * i]!;
    rows.set(boxes.subarray(4 * i, 4 * i + 4), 5 * i + 1);
  }
  return rows;
}

/**
 * Labels of the native picture in pixels of the batch.
 * @param labels rows (class, cx, cy, w, h), normalised to the native picture
 * @returns rows (class, x1, y1, x2, y2)
 */
export function labelsInNetwork(labels: Float32Array, placement: ImagePlacement): Float32Array {
  const { resizedWidth, resizedHeight, letterbox, pad } = placement;
  const width = letterbox.ratioW * resizedWidth;
  const height = letterbox.ratioH * resizedHeight;
  return withBoxes(labels, xywhnToXyxy(boxesOf(labels), width, height, pad[0], pad[1]));
}

/** A polygon (x, y, … normalised to the native picture) in pixels of the batch. */
export function polygonInNetwork(points: Float32Array, placement: ImagePlacement): Float32Array {
  const { resizedWidth, resizedHeight, letterbox, pad } = placement;
  const width = letterbox.ratioW * resizedWidth;
  const height = letterbox.ratioH * resizedHeight;
  return points.map((v, i) => (i % 2 === 0 ? v * width + pad[0] : v * height + pad[1]));
}

/** What keeps the far edges of normalised boxes inside the last cell, pixels. */
const EDGE_PX = 1e-3;

/**
 * Pixel labels clipped to the batch's picture and normalised by its size.
 * @param labels rows (class, x1, y1, x2, y2)
 * @returns rows (class, cx, cy, w, h)
 */
export function normaliseLabels(labels: Float32Array, width: number, height: number): Float32Array {
  const boxes = clipXyxyInPlace(boxesOf(labels), width - EDGE_PX, height - EDGE_PX);
  return withBoxes(labels, xyxyToXywhn(boxes, width, height));
}
