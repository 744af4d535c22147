/**
 * Random numbers keyed by what they are for. `randomStream(seed, 'epoch', 3, 'image', 17)` gives the same numbers in
 * every process, whatever was drawn before and by whom; there is no global generator whose state could be shared,
 * forgotten or advanced by the wrong number of threads.
 *
 * The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3):
 * a block cipher over a counter. The key parts are hashed with the same cipher in Davies-Meyer form.
 */
import { ConfigError } from './errors.js';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Weyl increments of the key schedule: the golden ratio and √3 − 1 in 32 bits. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_POW_32 = 4294967296;

/** Tags that keep `1`, `'1'` and neighbouring strings apart in the hash. */
const TAG_NUMBER = 1;
const TAG_STRING = 2;

/** The upper 32 bits of the unsigned product of two 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/**
 * Philox4x32-10 in place: encrypts the four counter words in `block` under a 64-bit key.
 * @param block four 32-bit words, replaced by four random words
 */
export function philox(block: Uint32Array, key0: number, key1: number): void {
  let c0 = block[0]!;
  let c1 = block[1]!;
  let c2 = block[2]!;
  let c3 = block[3]!;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

const numberBytes = new Float64Array(1);
const numberWords = new Uint32Array(numberBytes.buffer);
const encoder = new TextEncoder();

/**
 * Hashes the parts of a key to 128 bits; order, type and boundaries of the parts matter. Words 0 and 1 are the cipher's key,
 * words 2 and 3 the upper half of the counters of the stream that {@link randomStream} opens.
 */
export function randomKey(parts: readonly (number | string)[]): Uint32Array {
  const state = new Uint32Array(4);
  const mixed = new Uint32Array(4);
  const absorb = (word0: number, word1: number): void => {
    mixed.set(state);
    philox(mixed, word0, word1);
    for (let i = 0; i < 4; i++) state[i]! ^= mixed[i]!;
  };
  absorb(parts.length, 0);
  for (const part of parts) {
    if (typeof part === 'number') {
      numberBytes[0] = part === 0 ? 0 : part; // −0 and 0 are one key
      absorb(TAG_NUMBER, 8);
      absorb(numberWords[0]!, numberWords[1]!);
    } else {
      const bytes = encoder.encode(part);
      absorb(TAG_STRING, bytes.length);
      const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
      padded.set(bytes);
      const view = new DataView(padded.buffer);
      for (let at = 0; at < padded.length; at += 8) absorb(view.getUint32(at, true), view.getUint32(at + 4, true));
    }
  }
  return state;
}

/** An endless sequence of random numbers. Draws advance it; streams of other keys are independent of it. */
export class RandomStream {
  readonly #key: Uint32Array;
  readonly #block = new Uint32Array(4);
  #blockIndex = 0;
  #used = 4;
  #spareNormal: number | undefined;

  constructor(key: readonly (number | string)[]) {
    this.#key = randomKey(key);
  }

  /** 32 random bits as an integer in [0, 2³²). */
  word(): number {
    if (this.#used === 4) {
      this.#block[0] = this.#blockIndex % TWO_POW_32;
      this.#block[1] = Math.floor(this.#blockIndex / TWO_POW_32);
      this.#block[2] = this.#key[2]!;
      this.#block[3] = this.#key[3]!;
      philox(this.#block, this.#key[0]!, this.#key[1]!);
      this.#blockIndex++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A double in [low, high) with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.word() >>> 5) * 67108864 + (this.word() >>> 6);
    const value = low + (high - low) * (bits / 9007199254740992);
    // Scaling may round up to `high` itself.
    return value < high || low === high ? value : low;
  }

  /** Fills `target` with values in [low, high] of one word each: 32 bits, more than a float32 can hold. */
  fillUniform(target: Float32Array, low: number, high: number): Float32Array {
    const scale = (high - low) / TWO_POW_32;
    for (let i = 0; i < target.length; i++) target[i] = low + this.word() * scale;
    return target;
  }

  /**
   * An integer in [low, highInclusive], without bias.
   * @throws ConfigError `CONFIG_RANDOM_RANGE` for an empty range or one wider than 2³²
   */
  integer(low: number, highInclusive: number): number {
    const span = highInclusive - low + 1;
    if (!(span >= 1 && span <= TWO_POW_32)) {
      throw new ConfigError('CONFIG_RANDOM_RANGE', `no random integer between ${low} and ${highInclusive}`, {
        hint: 'the upper end is inclusive and must not lie below the lower one',
      });
    }
    const limit = TWO_POW_32 - (TWO_POW_32 % span);
    let word = this.word();
    while (word >= limit) word = this.word();
    return low + (word % span);
  }

  /** A standard normal value (Box-Muller; the two values of a pair are handed out one by one). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A value of the beta distribution with shapes a, b > 0, in (0, 1), as a ratio of two gamma values. */
  beta(a: number, b: number): number {
    const x = this.#gamma(a);
    return x / (x + this.#gamma(b));
  }

  /** Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), with their boost below shape 1. */
  #gamma(shape: number): number {
    if (shape < 1) return this.#gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** The numbers 0 … n−1 in random order (Fisher-Yates). */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i);
      const moved = order[i]!;
      order[i] = order[j]!;
      order[j] = moved;
    }
    return order;
  }

  /**
   * One of the items, each equally likely.
   * @throws ConfigError `CONFIG_RANDOM_RANGE` when there are none
   */
  choice<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }
}

/**
 * Opens the stream of a key. The parts are told apart by type, order and length: `(1, 2)`, `(12)` and `('1', 2)` are
 * three unrelated streams.
 */
export function randomStream(...key: (number | string)[]): RandomStream {
  return new RandomStream(key);
}
