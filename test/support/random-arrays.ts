/** Makes reproducible float32 test data; `seed` names the stream. Failures print the case, so the seed is known. */
export class RandomArrays {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next number in [0, 1), from a linear congruential generator (Numerical Recipes' constants). */
  next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** Numbers spread evenly over [low, high). */
  uniform(count: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: count }, () => low + (high - low) * this.next());
  }

  /** Whole numbers from 0 to `end` − 1, with many repeats when `end` is small. */
  integers(count: number, end: number): Int32Array {
    return Int32Array.from({ length: count }, () => Math.floor(this.next() * end));
  }
}
