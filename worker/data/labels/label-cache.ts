/**
 * The result of a scan, kept in the user's cache folder so that the next start does not open every image again. Never
 * beside the data. Any doubt about an entry means a new scan. An entry is one block of flat arrays, read as it lies.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { DatasetTable, ScanReport } from '../dataset.js';
import type { ScanResult } from '../scan/scan.js';
import type { ScanTask } from '../scan/scan-part.js';

/** Raise when the scan's rules or the layout change. */
const CACHE_VERSION = 4;
const MAGIC = 0x4c53_4c43;
/** Magic, bytes of the head, bytes of the arrays, checksums of both: five words. */
const PRELUDE_BYTES = 20;
/** Arrays begin at multiples of the largest element. */
const ALIGNMENT = 8;
/** No data set has gigabytes of labels; a longer entry is damaged. */
const MAX_BYTES = 2 ** 32;

type FlatArray = Uint8Array | Uint32Array | Int32Array | Float32Array | Float64Array;

interface Head {
  /** Of the files that were scanned. */
  readonly fingerprint: string;
  readonly report: ScanReport;
  /** By name; bytes from the beginning of the arrays. */
  readonly arrays: Readonly<Record<string, { readonly offset: number; readonly bytes: number }>>;
}

/** The name of an entry: another list of images, or other rules, have another. */
export function cacheKey(task: ScanTask, salt: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([CACHE_VERSION, endianness(), salt]));
  return hash.update(task.paths.starts).update(task.paths.bytes).digest('hex');
}

/**
 * Changes with every change of the data: sizes and modification times of all files involved (or their absence), in order.
 * @param extra what else the scan depended on
 */
export function fingerprint(task: ScanTask, extra: readonly string[] = []): string {
  return createHash('sha256').update(JSON.stringify(extra)).update(task.stats).digest('hex');
}

/** The arrays of a table that has no tar files, by name. */
function arraysOf({ paths, ids, sizes, labels, labelStarts, points, pointStarts }: DatasetTable) {
  return {
    ...{ paths: paths.bytes, pathStarts: paths.starts },
    ...{ ids: ids.numbers, texts: ids.texts.bytes, textStarts: ids.texts.starts },
    ...{ sizes, labels, labelStarts, points, pointStarts },
  } satisfies Record<string, FlatArray>;
}

function tableOf(arrays: Head['arrays'], memory: SharedArrayBuffer): DatasetTable {
  const place = (name: keyof ReturnType<typeof arraysOf>, bytesPerElement: number): [number, number] => {
    const { offset, bytes } = arrays[name]!;
    return [offset, bytes / bytesPerElement];
  };
  return {
    paths: {
      bytes: new Uint8Array(memory, ...place('paths', 1)),
      starts: new Uint32Array(memory, ...place('pathStarts', 4)),
    },
    ids: {
      numbers: new Float64Array(memory, ...place('ids', 8)),
      texts: {
        bytes: new Uint8Array(memory, ...place('texts', 1)),
        starts: new Uint32Array(memory, ...place('textStarts', 4)),
      },
    },
    sizes: new Int32Array(memory, ...place('sizes', 4)),
    labels: new Float32Array(memory, ...place('labels', 4)),
    labelStarts: new Int32Array(memory, ...place('labelStarts', 4)),
    points: new Float32Array(memory, ...place('points', 4)),
    pointStarts: new Int32Array(memory, ...place('pointStarts', 4)),
  };
}

/** The entry of these files, or undefined if there is none, it is of other files, or it is damaged. */
export async function readCache(folder: string, key: string, files: string): Promise<ScanResult | undefined> {
  const file = await open(entryPath(folder, key)).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const prelude = new Uint32Array(PRELUDE_BYTES / 4);
    await file.read(prelude, 0, PRELUDE_BYTES, 0);
    const [magic, headBytes = 0, arrayBytes = 0, headCrc, arrayCrc] = prelude;
    const { size } = await file.stat();
    if (magic !== MAGIC || size !== PRELUDE_BYTES + headBytes + arrayBytes) return undefined;
    const text = Buffer.alloc(headBytes);
    await file.read(text, 0, headBytes, PRELUDE_BYTES);
    if (crc32(text) !== headCrc) return undefined;
    const head = JSON.parse(text.toString('utf8')) as Head;
    if (head.fingerprint !== files) return undefined;
    const memory = new SharedArrayBuffer(arrayBytes);
    const bytes = new Uint8Array(memory);
    await file.read(bytes, 0, arrayBytes, PRELUDE_BYTES + headBytes);
    if (crc32(bytes) !== arrayCrc) return undefined;
    return { table: tableOf(head.arrays, memory), report: { ...head.report, fromCache: true } };
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * Writes an entry under a temporary name and renames it, so that processes scanning at once do no harm. Returns false
 * where the folder cannot be written: a cache is a convenience.
 */
export async function writeCache(folder: string, key: string, files: string, result: ScanResult): Promise<boolean> {
  const temporary = join(folder, `${key}.${randomUUID()}`);
  try {
    const { arrays, memory } = layOut(result.table);
    if (memory.length >= MAX_BYTES) return false;
    const head: Head = { fingerprint: files, report: result.report, arrays };
    const text = Buffer.from(JSON.stringify(head));
    const prelude = Uint32Array.of(MAGIC, text.length, memory.length, crc32(text), crc32(memory));
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'w');
    try {
      await file.writev([prelude, text, memory]);
    } finally {
      await file.close();
    }
    await rename(temporary, entryPath(folder, key));
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
    return false;
  }
}

function entryPath(folder: string, key: string): string {
  return join(folder, `${key}.labels`);
}

/** The arrays of a table one after the other. */
function layOut(table: DatasetTable): { arrays: Head['arrays']; memory: Uint8Array } {
  const arrays: Record<string, { offset: number; bytes: number }> = {};
  let end = 0;
  const all = Object.entries<FlatArray>(arraysOf(table));
  for (const [name, { byteLength }] of all) {
    arrays[name] = { offset: end, bytes: byteLength };
    end = Math.ceil((end + byteLength) / ALIGNMENT) * ALIGNMENT;
  }
  const memory = new Uint8Array(end);
  for (const [name, { buffer, byteOffset, byteLength }] of all) {
    memory.set(new Uint8Array(buffer, byteOffset, byteLength), arrays[name]!.offset);
  }
  return { arrays, memory };
}
