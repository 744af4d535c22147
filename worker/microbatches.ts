/** The microbatches of this worker's virtual ranks, step by step, fetched ahead of the training loop. */
import { milestone } from '../proto/telemetry/milestones.js';
import type { Batch } from './data/loader/batch.js';
import type { Loader } from './data/loader/loader.js';
import type { EpochPlans } from './epoch-plans.js';

/** What one step of this worker is made of. */
export interface StepInput {
  /** By local virtual rank, ascending; undefined where the last step of an epoch has no image left for it. */
  readonly batches: readonly (Batch | undefined)[];
}

/** How many steps are requested ahead of the one that is being trained. */
const STEPS_AHEAD = 3;

/**
 * Requests samples in exactly the order in which they will be used, across epoch borders, so that the loader
 * threads never idle while a step or a validation runs.
 */
export class MicrobatchStream {
  readonly #plans: EpochPlans;
  readonly #loader: Loader;
  readonly #epochs: number;
  readonly #virtualRanks: readonly number[];
  #requested: { epoch: number; step: number };
  #hasDelivered = false;

  /**
   * @param epochs of the whole run
   * @param virtualRanks this worker's, ascending
   * @param start the first step that will be asked for
   */
  constructor(
    plans: EpochPlans,
    loader: Loader,
    epochs: number,
    virtualRanks: readonly number[],
    start: { epoch: number; step: number },
  ) {
    this.#plans = plans;
    this.#loader = loader;
    this.#epochs = epochs;
    this.#virtualRanks = virtualRanks;
    this.#requested = { ...start };
  }

  /** Requests the first steps before anyone asks for them. */
  requestFirst(): void {
    const { epoch, step } = this.#requested;
    if (epoch < this.#epochs) this.#requestAhead(epoch, step);
  }

  /** Returns the input of the given step; steps must be asked for in order. Waits for the loader. */
  async next(epoch: number, step: number): Promise<StepInput> {
    this.#requestAhead(epoch, step);
    const batches: (Batch | undefined)[] = [];
    for (const virtualRank of this.#virtualRanks) {
      const empty = this.#plans.plan(epoch).microbatch(step, virtualRank).length === 0;
      batches.push(empty ? undefined : await this.#loader.next());
    }
    if (!this.#hasDelivered) milestone('first batch');
    this.#hasDelivered = true;
    return { batches };
  }

  #requestAhead(epoch: number, step: number): void {
    const { stepsPerEpoch } = this.#plans.plan(epoch);
    const wanted = epoch * stepsPerEpoch + step + STEPS_AHEAD;
    const last = (this.#plans.areKnownAhead ? this.#epochs : epoch + 1) * stepsPerEpoch - 1;
    while (this.#requested.epoch * stepsPerEpoch + this.#requested.step <= Math.min(wanted, last)) {
      const { epoch: e, step: s } = this.#requested;
      for (const virtualRank of this.#virtualRanks) {
        const request = this.#plans.request(e, s, virtualRank);
        if (request !== undefined) this.#loader.submit(request);
      }
      this.#requested = s + 1 < stepsPerEpoch ? { epoch: e, step: s + 1 } : { epoch: e + 1, step: 0 };
    }
  }
}
