/**
 * Conversions between box formats. Boxes are rows of four in a Float32Array: `xyxy` corners or `xywh` centre and size;
 * `n` means divided by the picture's width and height. Results are new arrays unless the name says "in place".
 */

/** xyxy → xywh, same unit. */
export function xyxyToXywh(boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    out[i] = (boxes[i]! + boxes[i + 2]!) / 2;
    out[i + 1] = (boxes[i + 1]! + boxes[i + 3]!) / 2;
    out[i + 2] = boxes[i + 2]! - boxes[i]!;
    out[i + 3] = boxes[i + 3]! - boxes[i + 1]!;
  }
  return out;
}

/** xywh → xyxy, same unit. */
export function xywhToXyxy(boxes: Float32Array): Float32Array {
  return xywhnToXyxy(boxes, 1, 1);
}

/**
 * Normalised xywh → pixel xyxy in a picture that is padded at the left and top.
 * @param width,height what the boxes are normalised by, pixels
 * @param padW,padH added to x and y, pixels
 */
export function xywhnToXyxy(boxes: Float32Array, width: number, height: number, padW = 0, padH = 0): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const halfW = boxes[i + 2]! / 2;
    const halfH = boxes[i + 3]! / 2;
    out[i] = width * (boxes[i]! - halfW) + padW;
    out[i + 1] = height * (boxes[i + 1]! - halfH) + padH;
    out[i + 2] = width * (boxes[i]! + halfW) + padW;
    out[i + 3] = height * (boxes[i + 1]! + halfH) + padH;
  }
  return out;
}

/** Pixel xyxy → normalised xywh. Clip first where boxes may leave the picture. */
export function xyxyToXywhn(boxes: Float32Array, width: number, height: number): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    out[i] = (boxes[i]! + boxes[i + 2]!) / 2 / width;
    out[i + 1] = (boxes[i + 1]! + boxes[i + 3]!) / 2 / height;
    out[i + 2] = (boxes[i + 2]! - boxes[i]!) / width;
    out[i + 3] = (boxes[i + 3]! - boxes[i + 1]!) / height;
  }
  return out;
}

/** Clips xyxy boxes in place to [0, width] × [0, height] pixels and returns them. */
export function clipXyxyInPlace(boxes: Float32Array, width: number, height: number): Float32Array {
  for (let i = 0; i < boxes.length; i++) {
    const limit = i % 2 === 0 ? width : height;
    boxes[i] = Math.min(Math.max(boxes[i]!, 0), limit);
  }
  return boxes;
}

/** How a network input relates to the native picture: x_network = x_native · gain + pad. */
export interface NetworkPlacement {
  readonly gain: readonly [h: number, w: number];
  readonly pad: readonly [w: number, h: number];
}

/**
 * Network-space xyxy boxes back in the native picture, clipped to it. As in the reference the gain of the height
 * serves both axes.
 * @param placement without it: that of a letterbox of the native picture to the network size
 */
export function toNativeBoxes(
  boxes: Float32Array,
  network: { readonly height: number; readonly width: number },
  native: { readonly height: number; readonly width: number },
  placement?: NetworkPlacement,
): Float32Array {
  const gain = placement?.gain[0] ?? Math.min(network.height / native.height, network.width / native.width);
  const padW = placement?.pad[0] ?? (network.width - native.width * gain) / 2;
  const padH = placement?.pad[1] ?? (network.height - native.height * gain) / 2;
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i++) {
    out[i] = Math.fround(boxes[i]! - (i % 2 === 0 ? padW : padH)) / gain;
  }
  return clipXyxyInPlace(out, native.width, native.height);
}

/** The xyxy box around points x, y, x, y, … that lie inside the picture (edges included); zeros if none does. */
export function boxAroundInsidePoints(points: ArrayLike<number>, width: number, height: number): Float64Array {
  const box = new Float64Array([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1]);
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!;
    const y = points[i + 1]!;
    if (!(x >= 0 && y >= 0 && x <= width && y <= height)) continue;
    box[0] = Math.min(box[0]!, x);
    box[1] = Math.min(box[1]!, y);
    box[2] = Math.max(box[2]!, x);
    box[3] = Math.max(box[3]!, y);
  }
  return box[2]! < 0 ? new Float64Array(4) : box;
}

/** The xywh box around a polygon x, y, x, y, …, in its unit. */
export function polygonToXywh(points: ArrayLike<number>): [x: number, y: number, w: number, h: number] {
  let x1 = Number.POSITIVE_INFINITY;
  let y1 = Number.POSITIVE_INFINITY;
  let x2 = Number.NEGATIVE_INFINITY;
  let y2 = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < points.length; i += 2) {
    x1 = Math.min(x1, points[i]!);
    x2 = Math.max(x2, points[i]!);
    y1 = Math.min(y1, points[i + 1]!);
    y2 = Math.max(y2, points[i + 1]!);
  }
  return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
}
