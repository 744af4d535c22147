/** How much of the all-reduce was hidden behind computing. Pure. */
import { type Interval, lengthMs, union, without } from './intervals.js';

/** One step's all-reduce on one rank. */
export interface Overlap {
  /** Time during which some bucket was under way: announced by this rank and not yet summed. */
  readonly inFlightSeconds: number;
  /** Of that, the time during which the main thread did not wait for it. */
  readonly hiddenSeconds: number;
}

/**
 * Returns how a round's buckets and the main thread's wait overlap; all times are of one clock.
 *
 * @param readyMs by bucket: when this rank announced it
 * @param doneMs by bucket: when its sum was complete on this rank
 * @param waited when the main thread waited for the round
 */
export function overlapOf(readyMs: ArrayLike<number>, doneMs: ArrayLike<number>, waited: Interval): Overlap {
  const buckets = Array.from({ length: readyMs.length }, (_, i) => ({ beginMs: readyMs[i]!, endMs: doneMs[i]! }));
  const inFlight = union(buckets);
  return {
    inFlightSeconds: lengthMs(inFlight) / 1000,
    hiddenSeconds: lengthMs(without(inFlight, union([waited]))) / 1000,
  };
}

/** Adds steps up. */
export class OverlapSum {
  #inFlightSeconds = 0;
  #hiddenSeconds = 0;

  add({ inFlightSeconds, hiddenSeconds }: Overlap): void {
    this.#inFlightSeconds += inFlightSeconds;
    this.#hiddenSeconds += hiddenSeconds;
  }

  /** The share of the all-reduce that was hidden behind computing, 0 … 1; undefined where nothing was under way. */
  get hiddenShare(): number | undefined {
    return this.#inFlightSeconds > 0 ? this.#hiddenSeconds / this.#inFlightSeconds : undefined;
  }
}
