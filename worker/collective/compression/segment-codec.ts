/**
 * How a segment of float32 numbers looks on its way to a peer. A codec works at addresses of one heap, trusts them, and always
 * makes the same number of bytes of the same number of elements.
 */
import type { CompressionMethod } from '../../../configs/run-config.js';
import { data } from '../../../proto/messages.js';
import type { CodecKernels, Encode } from './kernels.js';
import { topKCodec } from './top-k.js';

export interface SegmentCodec {
  /** What headers say about its payloads. */
  readonly payloadType: number;
  encodedBytes(count: number): number;
  /**
   * Encodes values + residual and leaves in the residual what encoding has taken away, 0 where that is not finite.
   * @param decoded where to write what the target decodes to, or 0; may be the values
   * @param noise 16 random bits per element, or 0 to round to the nearest; top-k does not round
   * @param sums address of 64 bytes for the lane checksum of the target, or 0 where none is wanted
   */
  readonly encode: Encode;
  /** Returns whether the bytes were ones that `encode` can make. */
  decode(source: number, target: number, count: number): boolean;
  /** target ← values + decoded source; the target may be the values. Returns as `decode`. */
  add(values: number, source: number, target: number, count: number): boolean;
  /**
   * Encodes values + decoded source + residual, as `add` and then `encode`, with fewer ways to memory. Returns as `decode`.
   * @param decoded not 0
   */
  reduce(
    values: number,
    source: number,
    residual: number,
    target: number,
    decoded: number,
    noise: number,
    count: number,
    sums: number,
  ): boolean;
}

/** Methods that work on any stretch of numbers by itself. PowerSGD needs whole tensors: see `low-rank.ts`. */
export type SegmentMethod = Exclude<CompressionMethod, 'none' | 'powersgd'>;

export interface SegmentCodecOptions {
  /** Top-k: which share of the elements of a segment is sent. */
  readonly topKRatio: number;
  /** Address of {@link SCRATCH_BYTES} that no one else uses. */
  readonly scratch: number;
}

/** What a codec needs besides its arguments. */
export const SCRATCH_BYTES = 264 * 1024;
/** Elements that share a scale. */
const INT8_BLOCK = 256;

/** Returns the codec of a method. */
export function segmentCodec(method: SegmentMethod, kernels: CodecKernels, options: SegmentCodecOptions): SegmentCodec {
  switch (method) {
    case 'bf16':
      return halfCodec(data.PayloadType.BFLOAT16, {
        encode: kernels.encodeBfloat16,
        decode: kernels.decodeBfloat16,
        add: kernels.addBfloat16,
        reduce: kernels.reduceBfloat16,
      });
    case 'fp16':
      return halfCodec(data.PayloadType.FLOAT16, {
        encode: kernels.encodeFloat16,
        decode: kernels.decodeFloat16,
        add: kernels.addFloat16,
        reduce: kernels.reduceFloat16,
      });
    case 'int8':
      return int8Codec(kernels);
    case 'topk':
      return topKCodec(kernels, options.topKRatio, options.scratch);
  }
}

interface HalfKernels {
  readonly encode: CodecKernels['encodeFloat16'];
  readonly decode: CodecKernels['decodeFloat16'];
  readonly add: CodecKernels['addFloat16'];
  readonly reduce: CodecKernels['reduceFloat16'];
}

/** Two bytes per element. */
function halfCodec(payloadType: number, { encode, decode, add, reduce }: HalfKernels): SegmentCodec {
  return {
    payloadType,
    encodedBytes: (count) => count * 2,
    encode,
    decode(source, target, count) {
      decode(source, target, count);
      return true;
    },
    add(values, source, target, count) {
      add(values, source, target, count);
      return true;
    },
    reduce(values, source, residual, target, decoded, noise, count, sums) {
      reduce(values, source, residual, target, decoded, noise, count, sums);
      return true;
    },
  };
}

/** The scales of all blocks, then one byte per element. */
function int8Codec(kernels: CodecKernels): SegmentCodec {
  const scaleBytes = (count: number): number => Math.ceil(count / INT8_BLOCK) * Float32Array.BYTES_PER_ELEMENT;
  return {
    payloadType: data.PayloadType.INT8,
    encodedBytes: (count) => scaleBytes(count) + count,
    encode(values, residual, target, decoded, noise, count, sums) {
      kernels.encodeInt8(values, residual, target, target + scaleBytes(count), decoded, noise, count, sums);
    },
    decode(source, target, count) {
      kernels.decodeInt8(source, source + scaleBytes(count), target, count);
      return true;
    },
    add(values, source, target, count) {
      kernels.addInt8(values, source, source + scaleBytes(count), target, count);
      return true;
    },
    reduce(values, source, residual, target, decoded, noise, count, sums) {
      const bytes = scaleBytes(count);
      kernels.reduceInt8(
        ...([values, source, source + bytes, residual, target, target + bytes, decoded, noise, count, sums] as const),
      );
      return true;
    },
  };
}
