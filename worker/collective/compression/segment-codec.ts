/**
 * How a segment of float32 numbers looks on its way to a peer. A codec works at addresses of one heap, trusts them, and always
 * makes the same number of bytes of the same number of elements.
 */
import type { CompressionMethod } from '../../../configs/run-config.js';
import { data } from '../../../proto/messages.js';
import type { CodecKernels } from './kernels.js';
import { topKCodec } from './top-k.js';

export interface SegmentCodec {
  /** What headers say about its payloads. */
  readonly payloadType: number;
  encodedBytes(count: number): number;
  /**
   * Encodes values + residual and leaves in the residual what encoding has taken away, 0 where that is not finite.
   * @param noise 16 random bits per element, or 0 to round to the nearest; top-k does not round
   */
  encode(values: number, residual: number, target: number, noise: number, count: number): void;
  /** Returns whether the bytes were ones that `encode` can make. */
  decode(source: number, target: number, count: number): boolean;
  /** target ← values + decoded source; the target may be the values. Returns as `decode`. */
  add(values: number, source: number, target: number, count: number): boolean;
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
export const SCRATCH_BYTES = 8192;
/** Elements that share a scale. */
const INT8_BLOCK = 256;

/** Returns the codec of a method. */
export function segmentCodec(method: SegmentMethod, kernels: CodecKernels, options: SegmentCodecOptions): SegmentCodec {
  switch (method) {
    case 'bf16':
      return halfCodec(data.PayloadType.BFLOAT16, kernels.encodeBfloat16, kernels.decodeBfloat16, kernels.addBfloat16);
    case 'fp16':
      return halfCodec(data.PayloadType.FLOAT16, kernels.encodeFloat16, kernels.decodeFloat16, kernels.addFloat16);
    case 'int8':
      return int8Codec(kernels);
    case 'topk':
      return topKCodec(kernels, options.topKRatio, options.scratch);
  }
}

/** Two bytes per element. */
function halfCodec(
  payloadType: number,
  encode: CodecKernels['encodeFloat16'],
  decode: CodecKernels['decodeFloat16'],
  add: CodecKernels['addFloat16'],
): SegmentCodec {
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
  };
}

/** The scales of all blocks, then one byte per element. */
function int8Codec(kernels: CodecKernels): SegmentCodec {
  const scaleBytes = (count: number): number => Math.ceil(count / INT8_BLOCK) * Float32Array.BYTES_PER_ELEMENT;
  return {
    payloadType: data.PayloadType.INT8,
    encodedBytes: (count) => scaleBytes(count) + count,
    encode(values, residual, target, noise, count) {
      kernels.encodeInt8(values, residual, target, target + scaleBytes(count), noise, count);
    },
    decode(source, target, count) {
      kernels.decodeInt8(source, source + scaleBytes(count), target, count);
      return true;
    },
    add(values, source, target, count) {
      kernels.addInt8(values, source, source + scaleBytes(count), target, count);
      return true;
    },
  };
}
