/** A decoded picture: 8-bit RGB, interleaved, rows from the top. */
export interface RgbImage {
  /** `width · height · 3` bytes. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The reference's padding: this value in all three channels. */
export const PAD_GREY = 114;

/** A new picture with every byte set to `value`. */
export function filledImage(width: number, height: number, value: number = PAD_GREY): RgbImage {
  return { data: new Uint8Array(width * height * 3).fill(value), width, height };
}

/**
 * Copies a rectangle of `source` into `target`. The rectangle must lie inside both pictures.
 * @param from corner of the rectangle in `source`, pixels
 * @param to corner of the rectangle in `target`, pixels
 */
export function copyRectangle(
  source: RgbImage,
  target: RgbImage,
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
  size: { readonly width: number; readonly height: number },
): void {
  const rowBytes = size.width * 3;
  for (let row = 0; row < size.height; row++) {
    const at = ((from.y + row) * source.width + from.x) * 3;
    target.data.set(source.data.subarray(at, at + rowBytes), ((to.y + row) * target.width + to.x) * 3);
  }
}

/** Paints a rectangle of RGB bytes grey; its rows begin `rowBytes` apart. @param height,width pixels */
export function fillRectangle(pixels: Uint8Array, rowBytes: number, height: number, width: number): void {
  for (let y = 0; y < height; y++) pixels.fill(PAD_GREY, y * rowBytes, y * rowBytes + width * 3);
}
