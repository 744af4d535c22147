/** The exponential moving average of the weights, which is what gets validated and kept. */
import { FlatMemory } from './flat-memory.js';

const DECAY = 0.9999;
/** Updates over which the decay rises, so that the average forgets the first weights soon. */
const RAMP_UPDATES = 2000;

/** Decay at the n-th update, from 1: 0.9999·(1 − e^(−n/2000)). */
export function emaDecay(updates: number): number {
  return DECAY * (1 - Math.exp(-updates / RAMP_UPDATES));
}

/**
 * A moving average of a flat float32 array: all floating-point state, running statistics and anchors included; integer
 * counters do not belong in it.
 */
export class Ema {
  /** The average; callers may read it and save it. */
  readonly values: Float32Array;
  #updates: number;

  /**
   * @param initial copied
   * @param updates how many updates the average has behind it, after a resume
   * @param memory where the average shall lie, best that of the state which it follows
   */
  constructor(initial: Float32Array, updates = 0, memory = new FlatMemory()) {
    this.values = memory.float32(initial.length);
    this.values.set(initial);
    this.#updates = updates;
  }

  /** Begins anew from these values. */
  restart(values: Float32Array, updates = 0): void {
    this.values.set(values);
    this.#updates = updates;
  }

  get updates(): number {
    return this.#updates;
  }

  /** Moves the average towards `state`, after an optimizer step. */
  update(state: Float32Array): void {
    this.follow(state, this.advance(), 0);
  }

  /** Begins an update whose parts the caller moves, and returns by which share of the way. */
  advance(): number {
    this.#updates++;
    return 1 - emaDecay(this.#updates);
  }

  /** Moves elements `offset` … of the average towards `state`, by this share of the way. */
  follow(state: Float32Array, rest: number, offset: number): void {
    // v + (1 − d)(s − v) rather than d·v + (1 − d)·s: in float32 d and 1 − d do not add up to one, and over some thousand
    // updates the average would shrink.
    const { values } = this;
    const memory = FlatMemory.of(values);
    const operands = [
      { array: values, offset, written: true },
      { array: state, offset, written: false },
    ];
    memory.run(operands, values.length - offset, ([average, current], count) => {
      memory.kernels.moveAverage(average!, current!, count, rest);
    });
  }
}
