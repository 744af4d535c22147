/** The SIMD kernels of `worker/simd/assembly/codecs.ts`. Arguments are addresses on the heap, counts are elements. */
import { openSimd } from '../../simd/module.js';

export type Encode = (
  values: number,
  residual: number,
  target: number,
  decoded: number,
  noise: number,
  count: number,
  sums: number,
) => void;
type Decode = (source: number, target: number, count: number) => void;
type Add = (values: number, source: number, target: number, count: number) => void;
type Reduce = (
  values: number,
  source: number,
  residual: number,
  target: number,
  decoded: number,
  noise: number,
  count: number,
  sums: number,
) => void;

export interface CodecKernels {
  readonly encodeBfloat16: Encode;
  readonly decodeBfloat16: Decode;
  readonly addBfloat16: Add;
  readonly reduceBfloat16: Reduce;
  readonly encodeFloat16: Encode;
  readonly decodeFloat16: Decode;
  readonly addFloat16: Add;
  readonly reduceFloat16: Reduce;
  encodeInt8(
    values: number,
    residual: number,
    scales: number,
    target: number,
    decoded: number,
    noise: number,
    count: number,
    sums: number,
  ): void;
  decodeInt8(scales: number, source: number, target: number, count: number): void;
  addInt8(values: number, scales: number, source: number, target: number, count: number): void;
  reduceInt8(
    values: number,
    sourceScales: number,
    source: number,
    residual: number,
    scales: number,
    target: number,
    decoded: number,
    noise: number,
    count: number,
    sums: number,
  ): void;
  encodeTopK(
    values: number,
    residual: number,
    indices: number,
    target: number,
    scratch: number,
    k: number,
    count: number,
  ): void;
  /** Returns 0 when the indices are not in order. */
  addTopK(values: number, indices: number, source: number, target: number, k: number, count: number): number;
  checksum(source: number, bytes: number, out: number): void;
  fillNoise(target: number, groups: number, key0: number, key1: number, key2: number, key3: number): void;
  sumSquares(x: number, y: number, count: number): number;
  projectRows(m: number, q: number, p: number, rows: number, columns: number, rank: number): void;
  projectColumns(m: number, p: number, q: number, rows: number, columns: number, rank: number): void;
  multiply(p: number, q: number, target: number, rows: number, columns: number, rank: number): void;
  subtractFinite(target: number, source: number, count: number): void;
}

/** Random numbers of 16 bits that {@link CodecKernels.fillNoise} makes at once. */
export const NOISE_GROUP = 32;

/** Opens the kernels on a heap. */
export function openCodecKernels(memory: WebAssembly.Memory): CodecKernels {
  return openSimd<CodecKernels>('codecs', { memory });
}
