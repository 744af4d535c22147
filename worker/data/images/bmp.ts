/** Windows bitmaps, which libvips does not read: uncompressed, 8-bit palette, 24 and 32 bits per pixel. */
import { DataError } from '../../../proto/errors.js';
import type { RgbImage } from './image.js';

// Offsets from Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER.
const MAGIC = 0x4d42;
const PIXEL_OFFSET_AT = 10;
const INFO_AT = 14;
const MIN_INFO_BYTES = 40;
const MIN_BYTES = INFO_AT + MIN_INFO_BYTES;
const UNCOMPRESSED = 0;
const BITFIELDS = 3;
/** Blue, green, red, unused: the layout of 32 bits per pixel that nearly every writer uses. */
const USUAL_MASKS = [0x00ff0000, 0x0000ff00, 0x000000ff];

/** How many bytes {@link readBmpHeader} needs. */
export const BMP_HEADER_BYTES = 70;

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bitsPerPixel: 8 | 24 | 32;
  readonly pixelOffset: number;
  readonly paletteOffset: number;
  readonly paletteColours: number;
}

function bad(what: string): DataError {
  return new DataError('DATA_IMAGE_UNREADABLE', `bitmap ${what}`, {
    hint: 'store it as PNG, or as an uncompressed bitmap of 8, 24 or 32 bits per pixel',
  });
}

/** Whether these bytes start a bitmap. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === (MAGIC & 0xff) && bytes[1] === MAGIC >> 8;
}

/** Reads the header. @throws DataError `DATA_IMAGE_UNREADABLE` for kinds that are not supported */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < MIN_BYTES || !isBmp(bytes)) throw bad('has no header');
  const infoBytes = view.getUint32(INFO_AT, true);
  if (infoBytes < MIN_INFO_BYTES) throw bad(`has a header of ${infoBytes} bytes`);
  const width = view.getInt32(INFO_AT + 4, true);
  const signedHeight = view.getInt32(INFO_AT + 8, true);
  const bitsPerPixel = view.getUint16(INFO_AT + 14, true);
  const compression = view.getUint32(INFO_AT + 16, true);
  const usualFields =
    compression === BITFIELDS &&
    bitsPerPixel === 32 &&
    bytes.length >= MIN_BYTES + 12 &&
    USUAL_MASKS.every((mask, i) => view.getUint32(MIN_BYTES + 4 * i, true) === mask);
  if (compression !== UNCOMPRESSED && !usualFields) throw bad(`uses compression ${compression}`);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 24 && bitsPerPixel !== 32) throw bad(`has ${bitsPerPixel} bits per pixel`);
  if (width < 1 || signedHeight === 0) throw bad(`is ${width}×${signedHeight}`);
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bitsPerPixel,
    pixelOffset: view.getUint32(PIXEL_OFFSET_AT, true),
    paletteOffset: INFO_AT + infoBytes,
    paletteColours: view.getUint32(INFO_AT + 32, true) || 256,
  };
}

/**
 * Decodes a bitmap; transparency is ignored.
 * @throws DataError `DATA_IMAGE_UNREADABLE` for kinds that are not supported, and for files that are cut off
 */
export function decodeBmp(bytes: Uint8Array): RgbImage {
  const { width, height, topDown, bitsPerPixel, pixelOffset, paletteOffset, paletteColours } = readBmpHeader(bytes);
  const step = bitsPerPixel / 8;
  // Rows are padded to whole 32-bit words.
  const rowBytes = Math.ceil((width * step) / 4) * 4;
  // Checked before memory is taken: a header may promise any size.
  if (pixelOffset + rowBytes * height > bytes.length) {
    throw bad(`of ${width}×${height} px ends after ${bytes.length} bytes`);
  }
  if (bitsPerPixel === 8 && paletteOffset + 4 * paletteColours > pixelOffset) throw bad('has no room for its palette');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, out = 0; y < height; y++) {
    const row = pixelOffset + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++, out += 3) {
      const pixel = row + x * step;
      const at = bitsPerPixel === 8 ? paletteOffset + 4 * Math.min(bytes[pixel]!, paletteColours - 1) : pixel;
      data[out] = bytes[at + 2]!;
      data[out + 1] = bytes[at + 1]!;
      data[out + 2] = bytes[at]!;
    }
  }
  return { data, width, height };
}
