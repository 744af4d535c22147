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
    this.#updates++;
    // v + (1 − d)(s − v) rather than d·v + (1 − d)·s: in float32 d and 1 − d do not add up to one, and over some thousand
    // updates the average would shrink.
    const rest = 1 - emaDecay(this.#updates);
    const { values } = this;
    const memory = FlatMemory.of(values);
    const operands = [
      { array: values, offset: 0, written: true },
      { array: state, offset: 0, written: false },
    ];
    memory.run(operands, values.length, ([average, current], count) => {
      memory.kernels.moveAverage(average!, current!, count, rest);
    });
  }
}
