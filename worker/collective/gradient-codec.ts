/** How a segment of float32 numbers looks on its way to a peer: fewer bytes for less precision. */

/**
 * Encodes and decodes segments of one vector. Errors that encoding makes are kept by element and added to the next round's numbers
 * before these are encoded (error feedback), so that none is lost for good.
 */
export interface GradientCodec {
  readonly name: string;
  /** What headers say about payloads of this codec; a number of `data.PayloadType`. */
  readonly payloadType: number;
  /** The most bytes that a segment of `length` elements takes. */
  maxBytes(length: number): number;
  /**
   * Writes elements `offset` … `offset + length − 1` of `source` to `target` and returns how many bytes it took.
   * @param residual errors of the same elements so far, as long as the vector; read and brought up to date
   */
  encode(source: Float32Array, offset: number, length: number, residual: Float32Array, target: Uint8Array): number;
  /**
   * Writes the elements of a payload to `target`, which is as long as the segment.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD for bytes that are none of this codec's
   */
  decode(payload: Uint8Array, target: Float32Array): void;
}
