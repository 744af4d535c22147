/** Top-k: only the elements of largest magnitude travel, as pairs of index and value; the others wait in the residual. */
import { data } from '../../../proto/messages.js';
import type { CodecKernels } from './kernels.js';
import type { SegmentCodec } from './segment-codec.js';

/** Returns how many of `count` elements are sent: the ratio's share, rounded up. */
export function topK(count: number, ratio: number): number {
  return Math.min(count, Math.ceil(count * ratio));
}

/**
 * The payload is the indices within the segment, ascending, as uint32, then the values as float32.
 * @param ratio in (0, 1]
 * @param scratch address of 8 KiB
 */
export function topKCodec(kernels: CodecKernels, ratio: number, scratch: number): SegmentCodec {
  const add = (values: number, source: number, target: number, count: number): boolean => {
    const k = topK(count, ratio);
    return kernels.addTopK(values, source, source + k * 4, target, k, count) !== 0;
  };
  return {
    payloadType: data.PayloadType.TOP_K,
    encodedBytes: (count) => topK(count, ratio) * 8,
    encode(values, residual, target, _noise, count) {
      const k = topK(count, ratio);
      kernels.encodeTopK(values, residual, target, target + k * 4, scratch, k, count);
    },
    decode: (source, target, count) => add(0, source, target, count),
    add,
  };
}
