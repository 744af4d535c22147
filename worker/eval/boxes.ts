/**
 * Boxes as rows of flat arrays: overlap, conversions, clipping, and the way from network pixels back to the image.
 *
 * xyxy = corners x1, y1, x2, y2; xywh = centre x, centre y, width, height. Arithmetic rounds to float32 where the
 * reference's tensors do, so that decisions on a threshold fall alike.
 */

const { fround } = Math;

/** How an image was brought into the network: network = native · gain + pad. */
export interface NativeMapping {
  /** Size of the image file in pixels. */
  readonly nativeWidth: number;
  readonly nativeHeight: number;
  /** Scale per axis, height first. */
  readonly gain: readonly [h: number, w: number];
  /** Padding on the left and at the top in network pixels, width first. */
  readonly pad: readonly [w: number, h: number];
}

/**
 * Returns the intersection over union of two xyxy boxes, without an epsilon: two boxes without area give NaN.
 * @param a flat array whose box starts at `aOffset`; likewise `b`. Same frame, any unit.
 */
export function boxIou(a: ArrayLike<number>, aOffset: number, b: ArrayLike<number>, bOffset: number): number {
  const ax1 = a[aOffset]!;
  const ay1 = a[aOffset + 1]!;
  const ax2 = a[aOffset + 2]!;
  const ay2 = a[aOffset + 3]!;
  const bx1 = b[bOffset]!;
  const by1 = b[bOffset + 1]!;
  const bx2 = b[bOffset + 2]!;
  const by2 = b[bOffset + 3]!;
  const w = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const h = Math.min(ay2, by2) - Math.max(ay1, by1);
  const inter = w > 0 && h > 0 ? w * h : 0;
  return inter / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - inter);
}

/** Writes the corners of the xywh box at `from` in `source` to `to` in `target`; same unit, float32 steps. */
export function xywhToXyxy(source: ArrayLike<number>, from: number, target: Float32Array, to: number): void {
  const x = source[from]!;
  const y = source[from + 1]!;
  const halfW = fround(source[from + 2]! / 2);
  const halfH = fround(source[from + 3]! / 2);
  target[to] = x - halfW;
  target[to + 1] = y - halfH;
  target[to + 2] = x + halfW;
  target[to + 3] = y + halfH;
}

/** Writes centre and size of the xyxy box at `from` in `source` to `to` in `target`; same unit, float32 steps. */
export function xyxyToXywh(source: ArrayLike<number>, from: number, target: Float32Array, to: number): void {
  const x1 = source[from]!;
  const y1 = source[from + 1]!;
  const x2 = source[from + 2]!;
  const y2 = source[from + 3]!;
  target[to] = fround(x1 + x2) / 2;
  target[to + 1] = fround(y1 + y2) / 2;
  target[to + 2] = x2 - x1;
  target[to + 3] = y2 - y1;
}

/** Clips the xyxy box at `offset` in place to [0, width] × [0, height]. */
export function clipBox(boxes: Float32Array, offset: number, width: number, height: number): void {
  boxes[offset] = clamp(boxes[offset]!, width);
  boxes[offset + 1] = clamp(boxes[offset + 1]!, height);
  boxes[offset + 2] = clamp(boxes[offset + 2]!, width);
  boxes[offset + 3] = clamp(boxes[offset + 3]!, height);
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}

/**
 * Maps xyxy boxes in place from network pixels to native pixels and clips them to the image.
 *
 * The gain of the height serves both axes, as in the reference (Q43): because sizes are truncated to whole pixels the
 * two gains differ slightly, and labels take the same way, so the comparison stays fair.
 * @param rows `numRows` rows of `stride` numbers; the box starts at `offset` of each
 */
export function scaleToNative(
  rows: Float32Array,
  numRows: number,
  stride: number,
  offset: number,
  mapping: NativeMapping,
): void {
  const gain = fround(mapping.gain[0]);
  const padX = fround(mapping.pad[0]);
  const padY = fround(mapping.pad[1]);
  for (let row = 0; row < numRows; row++) {
    const at = row * stride + offset;
    rows[at] = fround(rows[at]! - padX) / gain;
    rows[at + 1] = fround(rows[at + 1]! - padY) / gain;
    rows[at + 2] = fround(rows[at + 2]! - padX) / gain;
    rows[at + 3] = fround(rows[at + 3]! - padY) / gain;
    clipBox(rows, at, mapping.nativeWidth, mapping.nativeHeight);
  }
}

/**
 * Returns label rows (class, x1, y1, x2, y2) in native pixels.
 * @param labels rows (class, cx, cy, w, h), normalised to the network image
 * @param width of the network image in pixels; likewise `height`
 */
export function labelsToNative(
  labels: Float32Array,
  width: number,
  height: number,
  mapping: NativeMapping,
): Float32Array {
  const numLabels = labels.length / 5;
  const rows = new Float32Array(labels.length);
  const xywhPx = new Float32Array(4);
  for (let i = 0; i < numLabels; i++) {
    const at = i * 5;
    rows[at] = labels[at]!;
    xywhPx[0] = labels[at + 1]! * width;
    xywhPx[1] = labels[at + 2]! * height;
    xywhPx[2] = labels[at + 3]! * width;
    xywhPx[3] = labels[at + 4]! * height;
    xywhToXyxy(xywhPx, 0, rows, at + 1);
  }
  scaleToNative(rows, numLabels, 5, 1, mapping);
  return rows;
}
