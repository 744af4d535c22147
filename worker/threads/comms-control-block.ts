/** A few numbers that the main thread and the comms thread share without messages, because the main thread may be busy for seconds. */

const FLAGS = { drain: 0, aborted: 1, phase: 2, resends: 3 } as const;
const COUNTERS = { progress: 0, step: 1 } as const;
const FLAG_BYTES = 64;

/** Views on one shared buffer; made by the main thread, attached to by the comms thread. */
export class CommsControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #flags: Int32Array;
  readonly #counters: BigInt64Array;

  /** Attaches to `buffer`, or makes a new block. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(FLAG_BYTES * 2)) {
    this.buffer = buffer;
    this.#flags = new Int32Array(buffer, 0, FLAG_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#counters = new BigInt64Array(buffer, FLAG_BYTES);
  }

  get drainRequested(): boolean {
    return Atomics.load(this.#flags, FLAGS.drain) !== 0;
  }

  requestDrain(): void {
    Atomics.store(this.#flags, FLAGS.drain, 1);
  }

  get aborted(): boolean {
    return Atomics.load(this.#flags, FLAGS.aborted) !== 0;
  }

  setAborted(): void {
    Atomics.store(this.#flags, FLAGS.aborted, 1);
  }

  /** Comms thread: counts a frame that it asked for again. */
  addResend(): void {
    Atomics.add(this.#flags, FLAGS.resends, 1);
  }

  /** Main thread: returns how many there were since the last call. */
  takeResends(): number {
    return Atomics.exchange(this.#flags, FLAGS.resends, 0);
  }

  /** Main thread: tells the step and the phase (its index in the list of names), and counts one more sign of progress. */
  setProgress(step: number, phase: number): void {
    Atomics.store(this.#counters, COUNTERS.step, BigInt(step));
    Atomics.store(this.#flags, FLAGS.phase, phase);
    Atomics.add(this.#counters, COUNTERS.progress, 1n);
  }

  /** Comms thread: what heartbeats report. */
  readProgress(): { readonly progress: number; readonly step: number; readonly phase: number } {
    return {
      progress: Number(Atomics.load(this.#counters, COUNTERS.progress)),
      step: Number(Atomics.load(this.#counters, COUNTERS.step)),
      phase: Atomics.load(this.#flags, FLAGS.phase),
    };
  }
}
