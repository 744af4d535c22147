/**
 * The order-free checksum of a set of images: the sum modulo 2⁶⁴ of one keyed hash per image. Whoever adds them up, in
 * whatever order and in however many parts, gets the same sum; an image that is missing, twice or another one changes
 * it (two sets of equal size agree by chance once in 2⁶⁴). Pure.
 */
import { philox, randomStream } from '../../proto/random.js';

/** Words per image's identity. */
const WORDS = 2;

/**
 * What an image is known by, two 32-bit words each: its number and its id (not its path, which may differ from host to host).
 * @param imageIds by image number
 */
export function imageIdentities(imageIds: readonly (number | string)[]): Uint32Array {
  const words = new Uint32Array(imageIds.length * WORDS);
  for (const [index, id] of imageIds.entries()) {
    const stream = randomStream('ledger image', index, id);
    for (let k = 0; k < WORDS; k++) words[index * WORDS + k] = stream.word();
  }
  return words;
}

/** Hashes images of one epoch; the key makes the sums of two epochs unrelated. */
export class EpochHasher {
  readonly #identities: Uint32Array;
  readonly #epoch: number;
  readonly #key: readonly [number, number];
  readonly #block = new Uint32Array(4);

  constructor(identities: Uint32Array, seed: number, epoch: number) {
    const stream = randomStream(seed, 'ledger epoch', epoch);
    this.#identities = identities;
    this.#epoch = epoch;
    this.#key = [stream.word(), stream.word()];
  }

  /** Images in the data set. */
  get numImages(): number {
    return this.#identities.length / WORDS;
  }

  /** The checksum of some images, each counted as often as it is named. */
  sum(indices: Iterable<number>): bigint {
    let high = 0;
    let low = 0;
    const block = this.#block;
    for (const index of indices) {
      block[0] = this.#identities[index * WORDS]!;
      block[1] = this.#identities[index * WORDS + 1]!;
      block[2] = this.#epoch;
      block[3] = 0;
      philox(block, this.#key[0], this.#key[1]);
      // Doubles hold the sums exactly for 2²¹ images between two reductions; reducing each time costs nothing.
      low += block[0]!;
      high += block[1]! + Math.floor(low / 2 ** 32);
      low %= 2 ** 32;
      high %= 2 ** 32;
    }
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** The checksum of the whole data set. */
  sumOfAll(): bigint {
    const { numImages } = this;
    return this.sum({
      *[Symbol.iterator]() {
        for (let index = 0; index < numImages; index++) yield index;
      },
    });
  }
}

/** Bits in each of the float32 numbers that carry a checksum through a sum over ranks. */
const PART_BITS = 11n;
const PART_MASK = (1n << PART_BITS) - 1n;

/** How many float32 numbers carry a checksum. */
export const NUM_CHECKSUM_PARTS = 6;

/** Sums of parts stay exact integers in float32 for up to so many addends: 2¹¹ · 2¹³ = 2²⁴. */
export const MAX_ADDENDS = 8192;

/** Cuts a checksum into {@link NUM_CHECKSUM_PARTS} integers below 2¹¹, lowest first. */
export function toParts(checksum: bigint): Float32Array {
  return Float32Array.from({ length: NUM_CHECKSUM_PARTS }, (_, i) =>
    Number((checksum >> (PART_BITS * BigInt(i))) & PART_MASK),
  );
}

/** Puts element-wise sums of parts together again; exact for up to {@link MAX_ADDENDS} addends. */
export function fromParts(parts: ArrayLike<number>): bigint {
  let checksum = 0n;
  for (let i = 0; i < NUM_CHECKSUM_PARTS; i++) checksum += BigInt(parts[i]!) << (PART_BITS * BigInt(i));
  return BigInt.asUintN(64, checksum);
}

/** A checksum as 16 hexadecimal digits. */
export function toHex(checksum: bigint): string {
  return checksum.toString(16).padStart(16, '0');
}
