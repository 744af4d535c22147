/** The POSIX ustar format, as far as shards need it: regular files with short ASCII names. */
import { DataError } from '../../../proto/errors.js';

/** Headers and file bodies fill whole blocks. */
export const BLOCK_BYTES = 512;

/** An archive ends with two blocks of zeros. */
export const END_OF_ARCHIVE = new Uint8Array(2 * BLOCK_BYTES);

/** Field offsets and lengths of IEEE Std 1003.1, "ustar Interchange Format". */
const NAME = { offset: 0, length: 100 };
const MODE = { offset: 100, length: 8 };
const UID = { offset: 108, length: 8 };
const GID = { offset: 116, length: 8 };
const SIZE = { offset: 124, length: 12 };
const MTIME = { offset: 136, length: 12 };
const CHECKSUM = { offset: 148, length: 8 };
const TYPE = 156;
const MAGIC = { offset: 257, length: 8 };

const REGULAR_FILE = '0'.charCodeAt(0);
/** Eleven octal digits. */
const MAX_SIZE_BYTES = 8 ** 11 - 1;

interface Field {
  readonly offset: number;
  readonly length: number;
}

function writeText(header: Uint8Array, { offset }: Field, text: string): void {
  for (let i = 0; i < text.length; i++) header[offset + i] = text.charCodeAt(i);
}

function writeOctal(header: Uint8Array, field: Field, value: number): void {
  writeText(header, field, `${value.toString(8).padStart(field.length - 1, '0')}\0`);
}

function readText(header: Uint8Array, { offset, length }: Field): string {
  const bytes = header.subarray(offset, offset + length);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
}

/** The sum of all bytes of a header, its checksum field taken as blanks. */
function checksumOf(header: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const inField = i >= CHECKSUM.offset && i < CHECKSUM.offset + CHECKSUM.length;
    sum += inField ? 0x20 : header[i]!;
  }
  return sum;
}

/** Bytes that fill up the last block of a body. */
export function paddingBytes(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/**
 * The header of a regular file, readable by everyone, without owner and time, so that equal data give equal archives.
 * @param name printable ASCII, at most 100 characters
 * @throws DataError `DATA_PACK_FAILED` for another name or a size above 8 GiB
 */
export function tarHeader(name: string, sizeBytes: number): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name) || sizeBytes > MAX_SIZE_BYTES) {
    throw new DataError('DATA_PACK_FAILED', `${name} (${sizeBytes} bytes) does not fit into a tar header`, {
      hint: 'names have up to 100 ASCII characters, files up to 8 GiB',
    });
  }
  const header = new Uint8Array(BLOCK_BYTES);
  writeText(header, NAME, name);
  writeOctal(header, MODE, 0o644);
  writeOctal(header, UID, 0);
  writeOctal(header, GID, 0);
  writeOctal(header, SIZE, sizeBytes);
  writeOctal(header, MTIME, 0);
  header[TYPE] = REGULAR_FILE;
  writeText(header, MAGIC, 'ustar\x0000');
  writeText(header, CHECKSUM, `${checksumOf(header).toString(8).padStart(6, '0')}\0 `);
  return header;
}

/** Reads a header; undefined for a block of zeros (the end) or anything else that is no header. */
export function readTarHeader(header: Uint8Array): { name: string; sizeBytes: number } | undefined {
  const stored = Number.parseInt(readText(header, CHECKSUM).trim(), 8);
  if (stored !== checksumOf(header) || !readText(header, MAGIC).startsWith('ustar')) return undefined;
  return { name: readText(header, NAME), sizeBytes: Number.parseInt(readText(header, SIZE), 8) };
}
