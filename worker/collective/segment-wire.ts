/** Segments as frames: as the float32 numbers they are, or as a codec has it. */
import { payloadChecksum } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { GradientCodec } from './gradient-codec.js';
import type { Segment } from './plan.js';

/** What one frame carries. The payload is a view on the sender's memory. */
export interface WireSegment {
  readonly payload: Uint8Array;
  readonly payloadType: number;
  /** Where it goes to several peers, so that it is taken once. */
  readonly crc32c?: number | undefined;
}

export class SegmentWire {
  readonly #codec: GradientCodec | undefined;

  constructor(codec: GradientCodec | undefined) {
    this.#codec = codec;
  }

  /** Returns the codec, if this segment travels encoded. */
  codecOf(segment: Segment): GradientCodec | undefined {
    return this.#codec?.covers(segment) ? this.#codec : undefined;
  }

  /** Returns a segment of a vector as it lies there. */
  plain(vector: Float32Array, segment: Segment): WireSegment {
    return { payload: bytesOf(vector, segment), payloadType: data.PayloadType.FLOAT32 };
  }

  /** Returns a rank's own numbers as they travel. @param slot see {@link GradientCodec.encode} */
  outgoing(slot: number, vector: Float32Array, segment: Segment, round: number): WireSegment {
    const codec = this.codecOf(segment);
    if (codec === undefined) return this.plain(vector, segment);
    return { payload: codec.encode(slot, segment, vector, round), payloadType: codec.payloadType };
  }

  /**
   * As {@link outgoing}, for a sum that goes to everyone: it becomes here what it will be there, so that all replicas stay
   * the same.
   */
  result(vector: Float32Array, segment: Segment, round: number): WireSegment {
    const codec = this.codecOf(segment);
    const wire = this.outgoing(0, vector, segment, round);
    codec?.decode(wire.payload, spanOf(vector, segment));
    return { ...wire, crc32c: payloadChecksum(wire.payload) };
  }

  /** Writes what a frame carries to its place in a vector. @throws CollectiveError COLLECTIVE_BAD_PAYLOAD */
  read(payload: Uint8Array, vector: Float32Array, segment: Segment): void {
    const codec = this.codecOf(segment);
    if (codec === undefined) bytesOf(vector, segment).set(payload);
    else codec.decode(payload, spanOf(vector, segment));
  }

  /** Says what is wrong with the form of a frame, if anything is. */
  complaint(segment: Segment, payloadType: number, payload: Uint8Array): string | undefined {
    const codec = this.codecOf(segment);
    const expectedType = codec?.payloadType ?? data.PayloadType.FLOAT32;
    const expectedBytes = codec?.encodedBytes(segment) ?? segment.length * Float32Array.BYTES_PER_ELEMENT;
    if (payload.byteLength === expectedBytes && payloadType === expectedType) return undefined;
    return `has ${payload.byteLength} bytes of type ${payloadType} for ${segment.length} floats, expected ${expectedBytes} of type ${expectedType}`;
  }
}

/** The segment's elements of a vector. */
export function spanOf(vector: Float32Array, { offset, length }: Segment): Float32Array {
  return vector.subarray(offset, offset + length);
}

/** The segment's bytes of a vector. */
export function bytesOf(vector: Float32Array, { offset, length }: Segment): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset + offset * 4, length * 4);
}

/** Float32 numbers of a payload: a view where the frame's memory allows it. */
export function floatsOf(payload: Uint8Array): Float32Array {
  if (payload.byteOffset % 4 === 0) return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
  return new Float32Array(new Uint8Array(payload).buffer);
}
