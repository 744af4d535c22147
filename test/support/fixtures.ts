/** Reads the parity fixtures: numbers of the reference implementation (test/fixtures/README.md says how they are laid out). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../proto/paths.js';

/** A tensor as the fixture files write it: values inside, or in a side file. */
export interface TensorEntry {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data?: readonly (number | string | boolean)[];
  readonly file?: string;
  /** In elements, not bytes. */
  readonly offset?: number;
}

/** A tensor read: flat, row-major. */
export interface FixtureTensor<T> {
  readonly shape: readonly number[];
  readonly data: T;
}

const folder = process.env.FIXTURES ?? join(repoRoot, 'test/fixtures');
const sideFiles = new Map<string, Uint8Array>();

/** The parsed content of `test/fixtures/<name>.json`; the caller says what shape it expects. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as T;
}

function sideFile(name: string): Uint8Array {
  let bytes = sideFiles.get(name);
  if (bytes === undefined) {
    // A copy, so that float views are aligned whatever pool the buffer came from.
    bytes = new Uint8Array(readFileSync(join(folder, name)));
    sideFiles.set(name, bytes);
  }
  return bytes;
}

function numElements(entry: TensorEntry): number {
  return entry.shape.reduce((product, length) => product * length, 1);
}

/** A float32 tensor (`"NaN"`, `"Infinity"` and `"-Infinity"` are read as such). */
export function tensor(entry: TensorEntry): FixtureTensor<Float32Array> {
  if (entry.file === undefined) return { shape: entry.shape, data: Float32Array.from(entry.data ?? [], Number) };
  const bytes = sideFile(entry.file);
  return { shape: entry.shape, data: new Float32Array(bytes.buffer, 4 * (entry.offset ?? 0), numElements(entry)) };
}

/** A float64 tensor. */
export function tensor64(entry: TensorEntry): FixtureTensor<Float64Array> {
  return { shape: entry.shape, data: Float64Array.from(entry.data ?? [], Number) };
}

/** A byte tensor; a copy that the caller may change. */
export function tensorU8(entry: TensorEntry): FixtureTensor<Uint8Array> {
  if (entry.file === undefined) return { shape: entry.shape, data: Uint8Array.from(entry.data ?? [], Number) };
  const offset = entry.offset ?? 0;
  return { shape: entry.shape, data: sideFile(entry.file).slice(offset, offset + numElements(entry)) };
}
