/**
 * Sizes of JPEG and PNG files from their headers, read synchronously and without libvips, which takes ten times as long.
 * Only what is plain is answered here: for everything else, and anything that looks damaged, the answer is "ask libvips".
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** A larger picture is taken for a decompression bomb: half a gigabyte of RGB. The limit of Pillow, which the reference reads with. */
export const MAX_PIXELS = 178_956_970;

/** What a plain header says. */
export interface PlainHeader {
  /** As shown, that is with the EXIF rotation applied. */
  readonly width: number;
  readonly height: number;
  readonly format: 'jpeg' | 'png';
  /** A JPEG file that does not end with the end-of-image marker. */
  readonly isCutOff: boolean;
}

/** Headers of photographs with an EXIF block fit as a rule; what does not is read in further pieces. */
const WINDOW_BYTES = 4096;
const MAX_SEGMENTS = 256;

/** Markers of ITU-T T.81, table B.1. */
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
/** Baseline, extended sequential and progressive frames with Huffman coding. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
/** Markers without a length, and frames that are rare. */
const NOT_PLAIN: ReadonlySet<number> = new Set([
  ...[0x00, 0x01, SOI, EOI],
  ...[0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7],
  ...[0xc3, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf],
]);
/** `Exif`, two zeros: the beginning of an APP1 segment with EXIF data. */
const EXIF = Buffer.from('Exif\0\0', 'latin1');
const ORIENTATION_TAG = 0x0112;
const SHORT_TYPE = 3;
const FIRST_SIDEWAYS_ORIENTATION = 5;

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The signature and the IHDR chunk. No picture is shorter. */
const PNG_HEAD_BYTES = 33;
/** Bit depths by colour type, of the PNG specification's table 11.1. */
const PNG_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const PALETTE_TYPE = 3;

/** Reads headers, one file after the other, into one buffer. Every thread has its own. */
export class HeaderReader {
  readonly #buffer = Buffer.alloc(WINDOW_BYTES);
  #file = -1;
  /** The part of the file that the buffer holds. */
  #start = 0;
  #length = 0;

  /**
   * The header of a file, or undefined where libvips is to be asked: another format, an unusual or damaged header, or a
   * file that cannot be read.
   * @param fileBytes the file's length
   */
  read(path: string, fileBytes: number): PlainHeader | undefined {
    try {
      this.#file = openSync(path, 'r');
    } catch {
      return undefined;
    }
    try {
      this.#start = 0;
      this.#length = readSync(this.#file, this.#buffer, 0, WINDOW_BYTES, 0);
      if (this.#length < PNG_HEAD_BYTES) return undefined;
      if (this.#buffer[0] === 0xff && this.#buffer[1] === SOI) return this.#jpeg(fileBytes);
      return this.#buffer.compare(PNG_SIGNATURE, 0, 8, 0, 8) === 0 ? this.#png() : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(this.#file);
    }
  }

  /** Where in the buffer the file's bytes from `at` on are; −1: the file has fewer. */
  #find(at: number, bytes: number): number {
    if (at >= this.#start && at + bytes <= this.#start + this.#length) return at - this.#start;
    this.#start = at;
    this.#length = readSync(this.#file, this.#buffer, 0, WINDOW_BYTES, at);
    return bytes <= this.#length ? 0 : -1;
  }

  #jpeg(fileBytes: number): PlainHeader | undefined {
    const buffer = this.#buffer;
    // An ending within the first window saves a read.
    let isCutOff: boolean | undefined;
    if (this.#length === fileBytes) isCutOff = buffer[fileBytes - 2] !== 0xff || buffer[fileBytes - 1] !== EOI;
    let size: { width: number; height: number } | undefined;
    let orientation: number | undefined;
    let at = 2;
    for (let segment = 0; segment < MAX_SEGMENTS; segment++) {
      const i = this.#find(at, 4);
      if (i < 0 || buffer[i] !== 0xff) return undefined;
      const marker = buffer[i + 1]!;
      const length = buffer.readUInt16BE(i + 2);
      if (NOT_PLAIN.has(marker) || marker === 0xff || length < 2) return undefined;
      if (marker === SOS) {
        if (size === undefined) return undefined;
        isCutOff ??= this.#isCutOff(fileBytes);
        const { width, height } = size;
        const isSideways = orientation !== undefined && orientation >= FIRST_SIDEWAYS_ORIENTATION;
        return { width: isSideways ? height : width, height: isSideways ? width : height, format: 'jpeg', isCutOff };
      }
      if (FRAMES.has(marker)) {
        if (size !== undefined) return undefined;
        size = this.#frameSize(at, length);
        if (size === undefined) return undefined;
      } else if (marker === APP1) {
        const found = this.#orientation(at + 4, length - 2);
        // Two EXIF blocks, or one that cannot be read.
        if (found === 'odd' || (found !== undefined && orientation !== undefined)) return undefined;
        orientation ??= found;
      }
      at += 2 + length;
    }
    return undefined;
  }

  #frameSize(at: number, length: number): { width: number; height: number } | undefined {
    const i = this.#find(at, 10);
    if (i < 0) return undefined;
    const buffer = this.#buffer;
    const height = buffer.readUInt16BE(i + 5);
    const width = buffer.readUInt16BE(i + 7);
    const components = buffer[i + 9]!;
    const isPlain = buffer[i + 4] === 8 && [1, 3, 4].includes(components) && length === 8 + 3 * components;
    return isPlain && width > 0 && height > 0 ? { width, height } : undefined;
  }

  /** The orientation of an APP1 segment's body, undefined if it is not EXIF, 1 if EXIF does not say. */
  #orientation(at: number, bytes: number): number | 'odd' | undefined {
    if (bytes < EXIF.length) return undefined;
    const i = this.#find(at, EXIF.length);
    if (i < 0) return 'odd';
    if (this.#buffer.compare(EXIF, 0, EXIF.length, i, i + EXIF.length) !== 0) return undefined;
    const end = at + bytes;
    const tiff = at + EXIF.length;
    const head = tiff + 8 <= end ? this.#find(tiff, 8) : -1;
    if (head < 0) return 'odd';
    const order = this.#buffer.toString('latin1', head, head + 2);
    if (order !== 'II' && order !== 'MM') return 'odd';
    const isLittle = order === 'II';
    const short = (k: number): number => (isLittle ? this.#buffer.readUInt16LE(k) : this.#buffer.readUInt16BE(k));
    const long = (k: number): number => (isLittle ? this.#buffer.readUInt32LE(k) : this.#buffer.readUInt32BE(k));
    if (short(head + 2) !== 42) return 'odd';
    const directory = tiff + long(head + 4);
    const first = directory + 2 <= end ? this.#find(directory, 2) : -1;
    if (first < 0) return 'odd';
    const entries = short(first);
    const list = directory + 2 + 12 * entries <= end ? this.#find(directory + 2, 12 * entries) : -1;
    if (list < 0) return 'odd';
    for (let k = list; k < list + 12 * entries; k += 12) {
      if (short(k) !== ORIENTATION_TAG) continue;
      const value = short(k + 8);
      return short(k + 2) === SHORT_TYPE && long(k + 4) === 1 && value >= 1 && value <= 8 ? value : 'odd';
    }
    return 1;
  }

  #isCutOff(fileBytes: number): boolean {
    const i = this.#find(fileBytes - 2, 2);
    return i < 0 || this.#buffer[i] !== 0xff || this.#buffer[i + 1] !== EOI;
  }

  #png(): PlainHeader | undefined {
    const buffer = this.#buffer;
    const isHeader = buffer.readUInt32BE(8) === 13 && buffer.toString('latin1', 12, 16) === 'IHDR';
    if (!isHeader || crc32(buffer.subarray(12, 29)) !== buffer.readUInt32BE(29)) return undefined;
    const width = buffer.readUInt32BE(16);
    const height = buffer.readUInt32BE(20);
    const [depth = 0, colour = 0, compression, filter, interlace = 0] = buffer.subarray(24, 29);
    const isPlain = PNG_DEPTHS[colour]?.includes(depth) === true && compression === 0 && filter === 0 && interlace <= 1;
    if (!isPlain || width === 0 || height === 0 || width >= 2 ** 31 || height >= 2 ** 31) return undefined;
    let hasPalette = false;
    let at = PNG_HEAD_BYTES;
    for (let chunk = 0; chunk < MAX_SEGMENTS; chunk++) {
      const i = this.#find(at, 8);
      if (i < 0) return undefined;
      const type = buffer.toString('latin1', i + 4, i + 8);
      if (type === 'IDAT') {
        const isWhole = hasPalette || colour !== PALETTE_TYPE;
        return isWhole ? { width, height, format: 'png', isCutOff: false } : undefined;
      }
      // A picture may be turned by an EXIF block; the end before any data is damage.
      if (type === 'eXIf' || type === 'IEND') return undefined;
      if (type === 'PLTE') hasPalette = true;
      at += 12 + buffer.readUInt32BE(i);
    }
    return undefined;
  }
}
