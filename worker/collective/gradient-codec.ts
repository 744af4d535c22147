/** How a segment of float32 numbers looks on its way to a peer: fewer bytes for less precision. */
import type { LaneChecksum } from '../../proto/codec.js';
import type { Segment } from './plan.js';

/** What encoding took away in a round, measured on some of the segments. */
export interface CompressionFigures {
  /** Σ of the squares of what was to be encoded: gradients with what earlier rounds had left. */
  readonly signal: number;
  /** Σ of the squares of what this round has left for the next. */
  readonly error: number;
}

/** A segment as bytes. */
export interface EncodedSegment {
  /** A view that stays as it is until the same slot encodes the same segment again. */
  readonly payload: Uint8Array;
  /** Of the payload, where the codec makes checksums, while the bytes are in the cache. */
  readonly lanes: LaneChecksum | undefined;
}

/**
 * Encodes and decodes segments of one vector. What encoding takes away is kept by element and added to the next round's numbers
 * before these are encoded (error feedback), so that nothing is lost for good.
 */
export interface GradientCodec {
  /** What headers say about its payloads. */
  readonly payloadType: number;
  /** Whether a segment travels encoded; counts and statistics do not. */
  covers(segment: Segment): boolean;
  encodedBytes(segment: Segment): number;
  /**
   * Encodes a segment.
   * @param values as long as the segment
   * @param slot which memory of errors to use: a slot encodes each element at most once per round
   * @param decoded where to write what the payload decodes to, if anywhere; may be the values
   */
  encode(slot: number, segment: Segment, values: Float32Array, round: number, decoded?: Float32Array): EncodedSegment;
  /**
   * Writes the elements of a payload to `target`, which is as long as the segment.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD for bytes that are none of this codec's
   */
  decode(payload: Uint8Array, target: Float32Array): void;
  /**
   * Decodes a payload into memory of the codec's own.
   * @param operand which of them: one per partial sum
   * @returns a view that is valid until the same operand is decoded again
   * @throws as `decode`
   */
  decodeOperand(operand: number, payload: Uint8Array, length: number): Float32Array;
  /** target ← values + payload, all as long as the segment; the target may be the values. @throws as `decode` */
  add(values: Float32Array, payload: Uint8Array, target: Float32Array): void;
  /** Encodes values + payload, with slot 0, and writes what that decodes to to `sum`. @throws as `decode` */
  reduce(segment: Segment, values: Float32Array, payload: Uint8Array, sum: Float32Array, round: number): EncodedSegment;
  /** Returns what was measured since the last call. */
  takeFigures(): CompressionFigures;
}
