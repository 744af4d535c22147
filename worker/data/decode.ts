/** Image files to pixels: most JPEG files by kernels of our own, the rest by sharp (libvips). */
import { open, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { DataError } from '../../proto/errors.js';
import { threadTrace } from '../trace/thread-trace.js';
import { BMP_HEADER_BYTES, decodeBmp, isBmp, readBmpHeader } from './bmp.js';
import type { RgbImage } from './image.js';
import { MAX_PIXELS } from './image-header.js';
import { readJpegHeader } from './jpeg-header.js';
import { openSharp } from './libvips.js';
import { decodedPicture, jpegPicture, type Picture, wholePicture } from './picture.js';

/** The sixth to eighth EXIF orientations and the fifth lie on their side. */
const FIRST_SIDEWAYS_ORIENTATION = 5;

/** No pixels are made, so no size is too large to be told. */
const HEADER_ONLY = { failOn: 'none', limitInputPixels: false } as const;

export interface ImageHeader {
  /** As shown, that is with the EXIF rotation applied. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
}

function describe(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split('\n')[0] ?? message;
}

function unreadable(path: string, cause: unknown): DataError {
  return new DataError('DATA_IMAGE_UNREADABLE', `${path}: cannot be read as an image: ${describe(cause)}`, {
    hint: 'replace or remove the file; supported are JPEG, PNG, WebP, TIFF, GIF and BMP data',
    details: { path },
    cause,
  });
}

/** The first bytes of a file that is called a bitmap and is one; others (PNG data with that suffix) go to libvips. */
async function bmpHead(path: string): Promise<Uint8Array | undefined> {
  if (extname(path).toLowerCase() !== '.bmp') return undefined;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(BMP_HEADER_BYTES), 0, BMP_HEADER_BYTES, 0);
    return isBmp(buffer) ? buffer.subarray(0, bytesRead) : undefined;
  } finally {
    await file.close();
  }
}

/**
 * Size and format from the file's header, without decoding its pixels.
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function readImageHeader(path: string): Promise<ImageHeader> {
  // Outside of the try: a library that does not load is no fault of the image.
  const sharp = await openSharp();
  try {
    const bmp = await bmpHead(path);
    if (bmp !== undefined) {
      const { width, height } = readBmpHeader(bmp);
      return { width, height, format: 'bmp' };
    }
    const { width, height, orientation = 1, format } = await sharp(path, HEADER_ONLY).metadata();
    return orientation >= FIRST_SIDEWAYS_ORIENTATION
      ? { width: height, height: width, format }
      : { width, height, format };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Whether a JPEG file ends with the end-of-image marker; a file cut off in transfer does not. */
export async function endsLikeJpeg(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(2);
    await file.read(tail, 0, 2, Math.max(size - 2, 0));
    return tail[0] === 0xff && tail[1] === 0xd9;
  } finally {
    await file.close();
  }
}

/** The bytes of an image: as given, or of the file. */
async function bytesOf(path: string, input: string | Uint8Array): Promise<Uint8Array> {
  try {
    return typeof input === 'string' ? await readFile(input) : input;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Reads an image so that parts of it can be had. Its size is known at once; pixels of JPEG files are only made when asked for.
 * @param path names the picture in messages
 * @param input the file's path or its bytes
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function openPicture(path: string, input: string | Uint8Array = path): Promise<Picture> {
  const bytes = await bytesOf(path, input);
  // Files are bitmaps by their name as well.
  const mayBeBmp = typeof input !== 'string' || extname(path).toLowerCase() === '.bmp';
  if (mayBeBmp && isBmp(bytes)) return decodedPicture(decodeBitmap(path, bytes));
  const header = readJpegHeader(bytes);
  if (header === undefined || header.width * header.height > MAX_PIXELS) {
    return decodedPicture(await decodeByLibrary(path, bytes));
  }
  return jpegPicture(bytes, header, () => decodeByLibrary(path, bytes));
}

/**
 * The picture as 8-bit RGB with the EXIF rotation applied. Grey, palette, CMYK and 16-bit pictures are converted, alpha
 * is dropped, colour profiles are ignored (as the reference's reader does). Of a truncated file the rest is grey.
 * @param path names the picture in messages
 * @param input the file's path or its bytes
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function decodeImage(path: string, input: string | Uint8Array = path): Promise<RgbImage> {
  return wholePicture(await openPicture(path, input));
}

function decodeBitmap(path: string, bytes: Uint8Array): RgbImage {
  try {
    return decodeBmp(bytes);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function decodeByLibrary(path: string, bytes: Uint8Array): Promise<RgbImage> {
  // Outside of the try: a library that does not load is no fault of the image.
  const sharp = await openSharp();
  const beganMs = threadTrace.begin();
  try {
    const { data, info } = await sharp(bytes, {
      failOn: 'none',
      ignoreIcc: true,
      sequentialRead: true,
      limitInputPixels: MAX_PIXELS,
    })
      .autoOrient()
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new DataError('DATA_IMAGE_UNREADABLE', `${info.channels} channels after decoding`);
    threadTrace.end('decode_by_library', beganMs, info.width, info.height);
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
