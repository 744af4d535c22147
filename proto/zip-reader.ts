/** Reads zip archives (wheels, data sets) without loading them: the list of entries, and single entries as checked streams. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { EngineError } from './errors.js';

/** One file of an archive. */
export interface ZipEntry {
  /** Path with forward slashes. */
  readonly name: string;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  readonly crc32: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Where the entry's local header starts in the archive. */
  readonly headerOffset: number;
}

// Signatures and sizes from PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 – 4.3.16.
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_BYTES = 56;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const ZIP64_EXTRA_ID = 1;
const NEEDS_ZIP64 = 0xffffffff;
/** A wheel's directory is 2 MB, that of COCO's images 12 MB; what is far larger is neither. */
const MAX_DIRECTORY_BYTES = 256 * 1024 * 1024;

function damaged(path: string, what: string): EngineError {
  return new EngineError('ENGINE_ARCHIVE_DAMAGED', `${path} is not a whole zip archive: ${what}`, {
    hint: 'Delete the file and try again; it is downloaded anew.',
    details: { path },
  });
}

/** An open archive. Close it, or hold it with `await using`. */
export class ZipReader implements AsyncDisposable {
  readonly path: string;
  readonly entries: readonly ZipEntry[];
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, entries: readonly ZipEntry[]) {
    this.path = path;
    this.#file = file;
    this.entries = entries;
  }

  /** Opens an archive and reads its directory. @throws EngineError ENGINE_ARCHIVE_DAMAGED */
  static async open(path: string): Promise<ZipReader> {
    const file = await open(path, 'r');
    try {
      return new ZipReader(path, file, await readDirectory(path, file));
    } catch (error) {
      await file.close();
      // A field that points outside its record.
      if (error instanceof RangeError) throw damaged(path, error.message);
      throw error;
    }
  }

  /** The content of a small entry, checked. @throws EngineError ENGINE_ARCHIVE_DAMAGED */
  async read(entry: ZipEntry): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#stream(entry, async (source) => {
      for await (const chunk of source) chunks.push(chunk as Buffer);
    });
    return Buffer.concat(chunks);
  }

  /**
   * Writes an entry to a file (folders are made) and resolves to its SHA-256 in hex.
   * @throws EngineError ENGINE_ARCHIVE_DAMAGED
   */
  async extract(entry: ZipEntry, target: string, options: { signal?: AbortSignal | undefined } = {}): Promise<string> {
    await mkdir(dirname(target), { recursive: true });
    const checker = await this.#stream(entry, (source) => pipeline(source, createWriteStream(target), options));
    return checker.sha256.digest('hex');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stream(entry: ZipEntry, consume: (source: Checker) => Promise<void>): Promise<Checker> {
    const header = await readAt(this.path, this.#file, entry.headerOffset, LOCAL_BYTES);
    if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw damaged(this.path, `no local header for ${entry.name}`);
    const start = entry.headerOffset + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    const checker = new Checker(this.path, entry);
    if (entry.bytes === 0) {
      checker.end();
      await consume(checker);
      return checker;
    }
    const raw = createReadStream(this.path, {
      start,
      end: start + entry.compressedBytes - 1,
      highWaterMark: 1 << 20,
    });
    if (entry.method !== 0 && entry.method !== 8) {
      throw damaged(this.path, `${entry.name} uses compression method ${entry.method}`);
    }
    const stages = entry.method === 8 ? [raw, createInflateRaw({ chunkSize: 1 << 20 }), checker] : [raw, checker];
    try {
      await Promise.all([pipeline(stages), consume(checker)]);
      return checker;
    } catch (error) {
      if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
        throw damaged(this.path, `${entry.name}: ${error.message}`);
      }
      throw error;
    }
  }
}

/** Passes an entry's bytes on and fails at the end when length or CRC-32 differ from the directory. */
class Checker extends Transform {
  readonly #path: string;
  readonly #entry: ZipEntry;
  readonly sha256 = createHash('sha256');
  #crc = 0;
  #bytes = 0;

  constructor(path: string, entry: ZipEntry) {
    super({ highWaterMark: 1 << 20 });
    this.#path = path;
    this.#entry = entry;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#crc = crc32(chunk, this.#crc);
    this.sha256.update(chunk);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    const { name, bytes, crc32: wanted } = this.#entry;
    if (this.#bytes !== bytes) done(damaged(this.#path, `${name} has ${this.#bytes} bytes, its entry says ${bytes}`));
    else if (this.#crc !== wanted) done(damaged(this.#path, `${name} does not match its CRC-32`));
    else done();
  }
}

async function readAt(path: string, file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  if (bytesRead !== length) throw damaged(path, `it ends before byte ${offset + length}`);
  return buffer;
}

async function readDirectory(path: string, file: FileHandle): Promise<ZipEntry[]> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, END_BYTES + MAX_COMMENT_BYTES);
  const tail = await readAt(path, file, size - tailBytes, tailBytes);
  let at = tail.length - END_BYTES;
  while (at >= 0 && tail.readUInt32LE(at) !== END_SIGNATURE) at -= 1;
  if (at < 0) throw damaged(path, 'no end record');
  let numEntries = tail.readUInt16LE(at + 10);
  let directoryBytes = tail.readUInt32LE(at + 12);
  let directoryOffset = tail.readUInt32LE(at + 16);
  const locatorAt = at - END64_LOCATOR_BYTES;
  if (locatorAt >= 0 && tail.readUInt32LE(locatorAt) === END64_LOCATOR_SIGNATURE) {
    const end64 = await readAt(path, file, Number(tail.readBigUInt64LE(locatorAt + 8)), END64_BYTES);
    if (end64.readUInt32LE(0) !== END64_SIGNATURE) throw damaged(path, 'no zip64 end record');
    numEntries = Number(end64.readBigUInt64LE(32));
    directoryBytes = Number(end64.readBigUInt64LE(40));
    directoryOffset = Number(end64.readBigUInt64LE(48));
  }
  if (directoryBytes > MAX_DIRECTORY_BYTES) throw damaged(path, `its directory has ${directoryBytes} bytes`);
  const directory = await readAt(path, file, directoryOffset, directoryBytes);
  const entries: ZipEntry[] = [];
  let offset = 0;
  for (let i = 0; i < numEntries; i += 1) {
    if (offset + CENTRAL_BYTES > directory.length || directory.readUInt32LE(offset) !== CENTRAL_SIGNATURE) {
      throw damaged(path, `entry ${i} of ${numEntries} is not in the directory`);
    }
    const nameBytes = directory.readUInt16LE(offset + 28);
    const extraBytes = directory.readUInt16LE(offset + 30);
    const commentBytes = directory.readUInt16LE(offset + 32);
    const end = offset + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes;
    if (end > directory.length) throw damaged(path, `entry ${i} of ${numEntries} is cut off`);
    entries.push(parseEntry(directory.subarray(offset, end), nameBytes, extraBytes));
    offset = end;
  }
  return entries;
}

function parseEntry(record: Buffer, nameBytes: number, extraBytes: number): ZipEntry {
  let compressedBytes = record.readUInt32LE(20);
  let bytes = record.readUInt32LE(24);
  let headerOffset = record.readUInt32LE(42);
  const extra = record.subarray(CENTRAL_BYTES + nameBytes, CENTRAL_BYTES + nameBytes + extraBytes);
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== ZIP64_EXTRA_ID) continue;
    // The field holds only those values that did not fit, in this order.
    let field = at + 4;
    const next = () => {
      const value = Number(extra.readBigUInt64LE(field));
      field += 8;
      return value;
    };
    if (bytes === NEEDS_ZIP64) bytes = next();
    if (compressedBytes === NEEDS_ZIP64) compressedBytes = next();
    if (headerOffset === NEEDS_ZIP64) headerOffset = next();
  }
  return {
    name: record.toString('utf8', CENTRAL_BYTES, CENTRAL_BYTES + nameBytes),
    method: record.readUInt16LE(10),
    crc32: record.readUInt32LE(16),
    compressedBytes,
    bytes,
    headerOffset,
  };
}
