/** Waiting on a word of shared memory without spending the processor, across processes. */
import { openLibc } from './libc.js';

const ALL = 0x7fffffff;

/** Blocks threads until another one, of whatever process, rings. `Atomics.wait` does this only within a process. */
export class Futex {
  readonly #word: Int32Array;
  /** Seconds and nanoseconds, as the kernel wants them. */
  readonly #timeout = new BigInt64Array(2);
  readonly #libc = openLibc();

  /** @param word one element of shared memory that is mapped from a file */
  constructor(word: Int32Array) {
    this.#word = word;
  }

  /** Blocks while the word is `expected`, until someone wakes the waiters or `timeoutMs` (below 1000) have passed; at once where it cannot. */
  wait(expected: number, timeoutMs: number): void {
    this.#timeout[1] = BigInt(Math.round(timeoutMs * 1e6));
    this.#libc?.futexWait(this.#word, expected, this.#timeout);
  }

  /** Wakes all who wait. */
  wake(): void {
    this.#libc?.futexWake(this.#word, ALL);
  }
}
