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
 * @param scratch address of 264 KiB
 */
export function topKCodec(kernels: CodecKernels, ratio: number, scratch: number): SegmentCodec {
  const encodedBytes = (count: number): number => topK(count, ratio) * 8;
  const codec: SegmentCodec = {
    payloadType: data.PayloadType.TOP_K,
    encodedBytes,
    encode(values, residual, target, decoded, _noise, count, sums) {
      const k = topK(count, ratio);
      kernels.encodeTopK(values, residual, target, target + k * 4, scratch, k, count);
      if (decoded !== 0) codec.decode(target, decoded, count);
      if (sums !== 0) kernels.checksum(target, encodedBytes(count), sums);
    },
    decode: (source, target, count) => codec.add(0, source, target, count),
    add(values, source, target, count) {
      const k = topK(count, ratio);
      return kernels.addTopK(values, source, source + k * 4, target, k, count) !== 0;
    },
    reduce(values, source, residual, target, decoded, noise, count, sums) {
      const isValid = codec.add(values, source, decoded, count);
      if (isValid) codec.encode(decoded, residual, target, decoded, noise, count, sums);
      return isValid;
    },
  };
  return codec;
}
