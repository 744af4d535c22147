/** Image files to pixels: most JPEG files by kernels of our own, the rest by sharp (libvips). */
import { open, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { DataError } from '../../../proto/errors.js';
import { threadTrace } from '../../trace/thread-trace.js';
import { BMP_HEADER_BYTES, decodeBmp, isBmp, readBmpHeader } from './bmp.js';
import type { RgbImage } from './image.js';
import { MAX_PIXELS } from './image-header.js';
import { isJpeg, readJpegHeader } from './jpeg-header.js';
import { openSharp } from './libvips.js';
import { decodedPicture, jpegPicture, type Picture, wholePicture } from './picture.js';
import { reductionFor, type Size } from './reduction.js';

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

/** The size as shown. */
function upright({ width, height, orientation = 1 }: Size & { readonly orientation?: number | undefined }): Size {
  return orientation >= FIRST_SIDEWAYS_ORIENTATION ? { width: height, height: width } : { width, height };
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
    const metadata = await sharp(path, HEADER_ONLY).metadata();
    return { ...upright(metadata), format: metadata.format };
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

/** A picture that was opened to be scaled down. */
export interface OpenedPicture {
  /** Of the file, or at a fraction of its size. */
  readonly picture: Picture;
  /** Of the file, pixels. */
  readonly native: Size;
  /** What the whole file's picture measures in pixels of `picture`: with fractions where the last of them stand for less than one. */
  readonly extent: Size;
}

function atFullSize(picture: Picture): OpenedPicture {
  return { picture, native: picture, extent: picture };
}

/**
 * Reads an image so that parts of it can be had. Its size is known at once; pixels of JPEG files are only made when asked for,
 * and of those that are several times as large as they are wanted only a half, a quarter or an eighth of each row and column.
 * @param path names the picture in messages
 * @param input the file's path or its bytes
 * @param wantedLongSide pixels; the picture is at least twice as large. @defaultValue it has the file's size
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function openPicture(
  path: string,
  input: string | Uint8Array = path,
  wantedLongSide: number = Number.POSITIVE_INFINITY,
): Promise<OpenedPicture> {
  const bytes = await bytesOf(path, input);
  // Files are bitmaps by their name as well.
  const mayBeBmp = typeof input !== 'string' || extname(path).toLowerCase() === '.bmp';
  if (mayBeBmp && isBmp(bytes)) return atFullSize(decodedPicture(decodeBitmap(path, bytes)));
  const header = readJpegHeader(bytes);
  if (header === undefined || header.width * header.height > MAX_PIXELS) {
    return openByLibrary(path, bytes, wantedLongSide);
  }
  const { width, height } = header;
  const reduction = reductionFor(Math.max(width, height), wantedLongSide);
  return {
    picture: jpegPicture(bytes, header, () => decodeByLibrary(path, bytes), reduction),
    native: { width, height },
    extent: { width: width / reduction, height: height / reduction },
  };
}

/** libvips shrinks JPEG files while it decodes them, too; by which factor is its own choice. */
async function openByLibrary(path: string, bytes: Uint8Array, wantedLongSide: number): Promise<OpenedPicture> {
  const native = isJpeg(bytes) && Number.isFinite(wantedLongSide) ? await librarySize(path, bytes) : undefined;
  const longSide = native === undefined ? 0 : Math.max(native.width, native.height);
  if (native === undefined || reductionFor(longSide, wantedLongSide) === 1) {
    return atFullSize(decodedPicture(await decodeByLibrary(path, bytes)));
  }
  const scale = (2 * wantedLongSide) / longSide;
  const size = {
    width: Math.max(Math.round(native.width * scale), 1),
    height: Math.max(Math.round(native.height * scale), 1),
  };
  return { picture: decodedPicture(await decodeByLibrary(path, bytes, size)), native, extent: size };
}

async function librarySize(path: string, bytes: Uint8Array): Promise<Size> {
  const sharp = await openSharp();
  try {
    return upright(await sharp(bytes, HEADER_ONLY).metadata());
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * The picture as 8-bit RGB with the EXIF rotation applied. Grey, palette, CMYK and 16-bit pictures are converted, alpha
 * is dropped, colour profiles are ignored (as the reference's reader does). Of a truncated file the rest is grey.
 * @param path names the picture in messages
 * @param input the file's path or its bytes
 * @throws DataError `DATA_IMAGE_UNREADABLE`
 */
export async function decodeImage(path: string, input: string | Uint8Array = path): Promise<RgbImage> {
  return wholePicture((await openPicture(path, input)).picture);
}

function decodeBitmap(path: string, bytes: Uint8Array): RgbImage {
  try {
    return decodeBmp(bytes);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @param size to shrink the picture to. @defaultValue its own */
async function decodeByLibrary(path: string, bytes: Uint8Array, size?: Size): Promise<RgbImage> {
  // Outside of the try: a library that does not load is no fault of the image.
  const sharp = await openSharp();
  const beganMs = threadTrace.begin();
  try {
    const opened = sharp(bytes, {
      failOn: 'none',
      ignoreIcc: true,
      sequentialRead: true,
      limitInputPixels: MAX_PIXELS,
    }).autoOrient();
    const shrunk = size === undefined ? opened : opened.resize({ ...size, fit: 'fill', kernel: 'linear' });
    const { data, info } = await shrunk
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
