/** The exponential moving average of the weights, which is what gets validated and kept. */

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
   */
  constructor(initial: Float32Array, updates = 0) {
    this.values = initial.slice();
    this.#updates = updates;
  }

  get updates(): number {
    return this.#updates;
  }

  /** Moves the average towards `state`, after an optimizer step. */
  update(state: Float32Array): void {
    this.#updates++;
    const decay = emaDecay(this.#updates);
    const rest = 1 - decay;
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = decay * values[i]! + rest * state[i]!;
  }
}
