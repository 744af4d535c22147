/**
 * Decoded pictures at their long side, kept in memory that all loader threads of a worker share, or in files below the
 * user's cache folder (never beside the data). A picture enters when it is first needed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from '@node-rs/crc32';
import { cacheRoot } from '../../../proto/paths.js';
import type { Dataset } from '../dataset.js';
import { longSideSize } from '../geometry/placement.js';
import type { RgbImage } from './image.js';

/** Raise when decoding or scaling changes. */
const FORMAT_VERSION = 1;
/** Pictures are packed into blocks of at most this many bytes; a typed array cannot be arbitrarily long. */
const BLOCK_BYTES = 2 ** 30;
/** The cache of one process may take this share of the machine's memory. */
const MAX_MEMORY_SHARE = 0.5;
/** States of a picture in memory. */
const ABSENT = 0;
const BEING_WRITTEN = 1;
const PRESENT = 2;
/** Width, height and checksum, 32 bits each. */
const HEADER_BYTES = 12;

/** How pictures were scaled (`reduced`: while they were decoded, then bilinearly); part of their identity. */
export type CacheKernel = 'area' | 'bilinear' | 'reduced';

/** A cache as it crosses threads. */
export type PixelCacheTable =
  | {
      readonly kind: 'ram';
      readonly blocks: readonly SharedArrayBuffer[];
      /** Per image its block and its offset in it. */
      readonly block: Int32Array;
      readonly offset: Int32Array;
      /** Per image, atomically: absent, being written, present. */
      readonly state: Int32Array;
    }
  | { readonly kind: 'disk'; readonly folder: string };

/** Room for all pictures of a data set, or the number of bytes that would be needed where that is too much. */
export function allocateRamCache(
  dataset: Dataset,
  imgsz: number,
  maxBytes: number = totalmem() * MAX_MEMORY_SHARE,
): PixelCacheTable | { readonly neededBytes: number } {
  const n = dataset.numImages;
  const block = new Int32Array(new SharedArrayBuffer(4 * n));
  const offset = new Int32Array(new SharedArrayBuffer(4 * n));
  const blockLengths: number[] = [0];
  let neededBytes = 0;
  for (let i = 0; i < n; i++) {
    const [nativeWidth, nativeHeight] = dataset.size(i);
    const { width, height } = longSideSize(nativeHeight, nativeWidth, imgsz);
    const bytes = width * height * 3;
    if (blockLengths.at(-1)! + bytes > BLOCK_BYTES) blockLengths.push(0);
    block[i] = blockLengths.length - 1;
    offset[i] = blockLengths.at(-1)!;
    blockLengths[blockLengths.length - 1]! += bytes;
    neededBytes += bytes;
  }
  if (neededBytes > maxBytes) return { neededBytes };
  // The system gives memory when it is first written to, so room that is never used costs nothing.
  const blocks = blockLengths.map((length) => new SharedArrayBuffer(length));
  return { kind: 'ram', blocks, block, offset, state: new Int32Array(new SharedArrayBuffer(4 * n)) };
}

/** A cache in files. @param folder @defaultValue `<cache root>/pixels` */
export function diskCache(folder: string = join(cacheRoot(), 'pixels')): PixelCacheTable {
  return { kind: 'disk', folder };
}

/** Which picture, and how it was scaled. */
export interface CacheEntry {
  readonly index: number;
  readonly imgsz: number;
  readonly kernel: CacheKernel;
}

/**
 * The picture of an entry: from the cache, or made and put there. In memory it may be a view that must not be written
 * to. A cache that cannot be written (a full disk) costs time, nothing else.
 */
export function throughCache(
  table: PixelCacheTable | undefined,
  dataset: Dataset,
  entry: CacheEntry,
  make: () => Promise<RgbImage>,
): Promise<RgbImage> {
  if (table === undefined) return make();
  return table.kind === 'ram'
    ? throughRam(table, dataset, entry, make)
    : throughDisk(table.folder, dataset, entry, make);
}

async function throughRam(
  table: Extract<PixelCacheTable, { kind: 'ram' }>,
  dataset: Dataset,
  { index, imgsz }: CacheEntry,
  make: () => Promise<RgbImage>,
): Promise<RgbImage> {
  const [nativeWidth, nativeHeight] = dataset.size(index);
  const { width, height } = longSideSize(nativeHeight, nativeWidth, imgsz);
  const place = new Uint8Array(table.blocks[table.block[index]!]!, table.offset[index], width * height * 3);
  if (Atomics.load(table.state, index) === PRESENT) return { data: place, width, height };
  const image = await make();
  // A file that was replaced by one of another size since the scan does not fit its place.
  const fits = image.width === width && image.height === height;
  if (fits && Atomics.compareExchange(table.state, index, ABSENT, BEING_WRITTEN) === ABSENT) {
    place.set(image.data);
    Atomics.store(table.state, index, PRESENT);
  }
  return image;
}

async function throughDisk(
  folder: string,
  dataset: Dataset,
  { index, imgsz, kernel }: CacheEntry,
  make: () => Promise<RgbImage>,
): Promise<RgbImage> {
  const path = dataset.imagePath(index);
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return make();
  const identity = [FORMAT_VERSION, path, info.size, info.mtimeMs, imgsz, kernel];
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const file = join(folder, key.slice(0, 2), key);
  const hit = parseFile(await readFile(file).catch(() => undefined));
  if (hit !== undefined) return hit;
  const image = await make();
  await writeWhole(file, image);
  return image;
}

/** The picture of a file, or undefined if it is missing or damaged. */
function parseFile(bytes: Buffer | undefined): RgbImage | undefined {
  if (bytes === undefined || bytes.length < HEADER_BYTES) return undefined;
  const width = bytes.readUInt32LE(0);
  const height = bytes.readUInt32LE(4);
  const data = bytes.subarray(HEADER_BYTES);
  const isWhole = data.length === width * height * 3 && crc32(data) === bytes.readUInt32LE(8);
  return isWhole ? { data, width, height } : undefined;
}

async function writeWhole(file: string, { data, width, height }: RgbImage): Promise<void> {
  const bytes = Buffer.alloc(HEADER_BYTES + data.length);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(height, 4);
  bytes.set(data, HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(HEADER_BYTES)), 8);
  const temporary = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
