/**
 * The safetensors format: 8 bytes of header length, a JSON header, the values. Reading trusts nothing: every offset
 * is checked before a byte of data is touched.
 */
import type { FileHandle } from 'node:fs/promises';
import { CheckpointError } from '../../proto/errors.js';
import {
  allocateTensorData,
  DTYPE_BYTES,
  type Dtype,
  numElements,
  type Tensor,
  type TensorMap,
  tensorBytes,
} from './tensor.js';

/** The format's own limit; more is a damaged length or not this format. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** Reads and writes go in pieces: Node takes at most 2 GiB in one, and big ones would hold the thread. */
const PIECE_BYTES = 8 << 20;
const METADATA_KEY = '__metadata__';

/** Where a tensor lies in the data part of a file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, counted from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data starts in the file. */
  readonly dataStart: number;
  readonly dataBytes: number;
}

/** Lays tensors out: larger elements first, so that all are aligned although the format allows no gaps. */
export function layOutTensors(tensors: TensorMap): Map<string, TensorEntry> {
  const names = [...tensors.keys()];
  const bytesPerElement = (name: string) => DTYPE_BYTES[tensors.get(name)!.dtype];
  names.sort((a, b) => bytesPerElement(b) - bytesPerElement(a));
  const entries = new Map<string, TensorEntry>();
  let begin = 0;
  for (const name of names) {
    const tensor = tensors.get(name)!;
    const end = begin + numElements(tensor.shape) * DTYPE_BYTES[tensor.dtype];
    if (end - begin !== tensor.data.byteLength) {
      throw new CheckpointError(
        'CHECKPOINT_SHAPE_MISMATCH',
        `tensor ${name} of shape [${tensor.shape.join(', ')}] ${tensor.dtype} has ${tensor.data.byteLength} bytes, ${end - begin} expected`,
        {
          hint: 'The shape does not belong to these values; this is a defect in the caller.',
          details: { tensor: name },
        },
      );
    }
    entries.set(name, { dtype: tensor.dtype, shape: tensor.shape, begin, end });
    begin = end;
  }
  return entries;
}

/** Returns the first bytes of a file, length and header, padded so that the data starts aligned. */
export function encodeHeader(
  entries: ReadonlyMap<string, TensorEntry>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const table = [...entries].map(([name, { dtype, shape, begin, end }]) => [
    name,
    { dtype, shape, data_offsets: [begin, end] },
  ]);
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([[METADATA_KEY, metadata], ...table])));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** Writes the values of `tensors` in the order of `entries`, piece by piece; `onPiece` sees what was written. */
export async function writeData(
  file: FileHandle,
  tensors: TensorMap,
  entries: ReadonlyMap<string, TensorEntry>,
  onPiece: (bytes: Uint8Array) => void,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for (const name of entries.keys()) {
    const bytes = tensorBytes(tensors.get(name)!);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      options.signal?.throwIfAborted();
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      onPiece(piece);
      await writeFully(file, piece);
    }
  }
}

/** Writes all of `bytes`, also where the system takes them in parts. */
export async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

/**
 * Reads and checks the header of an open file.
 * @throws CheckpointError `CHECKPOINT_NOT_SAFETENSORS`, `CHECKPOINT_TRUNCATED` or `CHECKPOINT_DAMAGED`
 */
export async function readHeader(file: FileHandle, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const start = new Uint8Array(Math.min(size, LENGTH_BYTES + 1));
  await readFully(file, start, 0, path);
  const headerBytes = checkHeaderLength(start, size, path);
  const json = new Uint8Array(headerBytes);
  await readFully(file, json, LENGTH_BYTES, path);
  const dataStart = LENGTH_BYTES + headerBytes;
  return { ...parseHeader(json, size - dataStart, path), dataStart, dataBytes: size - dataStart };
}

function checkHeaderLength(start: Uint8Array, size: number, path: string): number {
  if (size === 0) throw truncated(path, 'it is empty');
  const isZipOrPickle = (start[0] === 0x50 && start[1] === 0x4b) || start[0] === 0x80;
  if (size < LENGTH_BYTES + 2)
    throw isZipOrPickle ? notSafetensors(path, isZipOrPickle) : truncated(path, `${size} bytes`);
  const declared = new DataView(start.buffer).getBigUint64(0, true);
  const opensObject = start[LENGTH_BYTES] === 0x7b;
  if (declared < 2n || declared > BigInt(MAX_HEADER_BYTES) || !opensObject) throw notSafetensors(path, isZipOrPickle);
  if (declared > BigInt(size - LENGTH_BYTES)) {
    throw truncated(path, `the header alone has ${declared} bytes, the file ${size}`);
  }
  return Number(declared);
}

function notSafetensors(path: string, isZipOrPickle: boolean): CheckpointError {
  return new CheckpointError('CHECKPOINT_NOT_SAFETENSORS', `${path} is not a safetensors file`, {
    hint: isZipOrPickle
      ? 'It looks like a PyTorch .pt file. Convert it where PyTorch is at hand: `safetensors.torch.save_file({k: v.float().contiguous() for k, v in model.state_dict().items()}, "FILE.safetensors")`.'
      : 'Give a .safetensors file: one of ours, or one saved with safetensors.torch.save_file.',
    details: { path },
  });
}

function truncated(path: string, what: string): CheckpointError {
  return new CheckpointError('CHECKPOINT_TRUNCATED', `${path} is cut short: ${what}`, {
    hint: 'The copy or the write was interrupted. Copy it again or use an earlier checkpoint.',
    details: { path },
  });
}

function damaged(path: string, what: string, tensor?: string): CheckpointError {
  return new CheckpointError('CHECKPOINT_DAMAGED', `${path} is damaged: ${what}`, {
    hint: 'Copy the file again or use an earlier checkpoint.',
    details: tensor === undefined ? { path } : { path, tensor },
  });
}

/**
 * Checks a header against the number of data bytes that follow it.
 * @throws CheckpointError `CHECKPOINT_DAMAGED` (names the tensor) or `CHECKPOINT_TRUNCATED`
 */
export function parseHeader(
  json: Uint8Array,
  dataBytes: number,
  path: string,
): Pick<SafetensorsHeader, 'entries' | 'metadata'> {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(json);
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, `the header is no JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  if (!isRecord(parsed)) throw damaged(path, 'the header is no JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) throw damaged(path, `tensor ${duplicate} is listed twice`, duplicate);

  const metadata: [string, string][] = [];
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(parsed)) {
    if (name !== METADATA_KEY) {
      entries.push([name, parseEntry(name, value, path)]);
      continue;
    }
    if (!isRecord(value)) throw damaged(path, 'the metadata is no JSON object');
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw damaged(path, `metadata ${key} is no string`);
      metadata.push([key, text]);
    }
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataBytes, path);
  return { entries: new Map(entries), metadata: Object.fromEntries(metadata) };
}

function parseEntry(name: string, value: unknown, path: string): TensorEntry {
  if (!isRecord(value)) throw damaged(path, `tensor ${name} has no entry`, name);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw damaged(path, `tensor ${name} has the unknown dtype ${JSON.stringify(dtype)}`, name);
  }
  if (!isCountList(shape)) throw damaged(path, `tensor ${name} has no valid shape`, name);
  if (!isCountList(offsets) || offsets.length !== 2) throw damaged(path, `tensor ${name} has no valid offsets`, name);
  const [begin, end] = offsets as [number, number];
  const expected = numElements(shape) * DTYPE_BYTES[dtype as Dtype];
  if (end - begin !== expected) {
    throw damaged(path, `tensor ${name} occupies ${end - begin} bytes, its shape needs ${expected}`, name);
  }
  return { dtype: dtype as Dtype, shape, begin, end };
}

/** The entries must cover the data exactly once, from the first byte to the last. */
function checkCoverage(entries: readonly (readonly [string, TensorEntry])[], dataBytes: number, path: string): void {
  let covered = 0;
  for (const [name, entry] of entries) {
    if (entry.begin < covered) throw damaged(path, `tensor ${name} overlaps another at byte ${entry.begin}`, name);
    if (entry.begin > covered)
      throw damaged(path, `a gap of ${entry.begin - covered} bytes before tensor ${name}`, name);
    covered = entry.end;
    if (covered > dataBytes) {
      throw truncated(path, `tensor ${name} ends at byte ${covered} of the data, only ${dataBytes} are there`);
    }
  }
  if (covered < dataBytes) throw damaged(path, `${dataBytes - covered} bytes at the end belong to no tensor`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCountList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** JSON.parse lets the last of two equal keys win, which would hide a tensor: look at the keys themselves. */
function findDuplicateKey(text: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    const token = match[0];
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && match[1] !== undefined) {
      const key = JSON.parse(token.slice(0, token.length - match[1].length)) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

/** Reads the values of one tensor of an open file. */
export async function readTensor(
  file: FileHandle,
  header: SafetensorsHeader,
  entry: TensorEntry,
  path: string,
): Promise<Tensor> {
  const { bytes, data } = allocateTensorData(entry.dtype, numElements(entry.shape));
  await readFully(file, bytes, header.dataStart + entry.begin, path);
  return { dtype: entry.dtype, shape: entry.shape, data };
}

async function readFully(file: FileHandle, target: Uint8Array, position: number, path: string): Promise<void> {
  for (let at = 0; at < target.length; ) {
    const length = Math.min(target.length - at, PIECE_BYTES);
    const { bytesRead } = await file.read(target, at, length, position + at);
    // The file shrank between stat and read.
    if (bytesRead === 0) throw truncated(path, `it ends at byte ${position + at}`);
    at += bytesRead;
  }
}
