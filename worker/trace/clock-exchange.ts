/** Asks the coordinator for its time, over the control plane, until the answers give a good estimate. */
import { monotonicMs } from '../../proto/clock.js';
import { type ClockOffset, type ClockSample, estimateOffset } from './clock-offset.js';

/** The shortest of so many round trips has met no queue. */
const NUM_QUESTIONS = 16;
/** An answer that takes longer would not help the estimate. */
const TIMEOUT_MS = 1_000;

export class ClockExchange {
  readonly #ask: (askedMs: number) => void;
  #answer: ((sample: ClockSample | undefined) => void) | undefined;
  #askedMs = 0;

  /** @param ask sends a ClockQuestion that carries this number */
  constructor(ask: (askedMs: number) => void) {
    this.#ask = ask;
  }

  /** Takes a ClockAnswer. One to a question that was given up is ignored. */
  receive(askedMs: number, otherMs: number): void {
    if (askedMs !== this.#askedMs) return;
    this.#answer?.({ askedMs, answeredMs: monotonicMs(), otherMs });
  }

  /** Asks, one question after the other. Without any answer the estimate has an unlimited error. */
  async measure(): Promise<ClockOffset> {
    const samples: ClockSample[] = [];
    for (let i = 0; i < NUM_QUESTIONS; i++) {
      const sample = await this.#question();
      // A coordinator that does not answer, or is too old to: more questions would only hold the run up.
      if (sample === undefined) break;
      samples.push(sample);
    }
    return estimateOffset(samples);
  }

  #question(): Promise<ClockSample | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), TIMEOUT_MS);
      const settle = (sample: ClockSample | undefined): void => {
        clearTimeout(timer);
        this.#answer = undefined;
        resolve(sample);
      };
      this.#answer = settle;
      this.#askedMs = monotonicMs();
      this.#ask(this.#askedMs);
    });
  }
}
