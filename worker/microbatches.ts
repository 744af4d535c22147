/** The microbatches of this worker's virtual ranks, step by step, fetched ahead of the training loop. */
import type { RunConfig } from '../configs/run-config.js';
import type { Batch } from './data/batch.js';
import type { Dataset } from './data/dataset.js';
import type { Loader } from './data/loader.js';
import { type TrainPlan, trainPlan } from './data/train-plan.js';

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
  readonly #dataset: Dataset;
  readonly #loader: Loader;
  readonly #config: RunConfig;
  readonly #virtualRanks: readonly number[];
  readonly #plans = new Map<number, TrainPlan>();
  #requested: { epoch: number; step: number };

  constructor(
    dataset: Dataset,
    loader: Loader,
    config: RunConfig,
    virtualRanks: readonly number[],
    start: { epoch: number; step: number },
  ) {
    this.#dataset = dataset;
    this.#loader = loader;
    this.#config = config;
    this.#virtualRanks = virtualRanks;
    this.#requested = { ...start };
  }

  /** The plan of an epoch: which image belongs to which step and virtual rank. */
  plan(epoch: number): TrainPlan {
    let plan = this.#plans.get(epoch);
    if (plan === undefined) {
      const { batchSize, virtualRanks, seed } = this.#config;
      plan = trainPlan(this.#dataset.numImages, batchSize, virtualRanks, seed, epoch);
      this.#plans.set(epoch, plan);
      this.#plans.delete(epoch - 2);
    }
    return plan;
  }

  /** Returns the input of the given step; steps must be asked for in order. Waits for the loader. */
  async next(epoch: number, step: number): Promise<StepInput> {
    this.#requestAhead(epoch, step);
    const batches: (Batch | undefined)[] = [];
    for (const virtualRank of this.#virtualRanks) {
      const empty = this.plan(epoch).microbatch(step, virtualRank).length === 0;
      batches.push(empty ? undefined : await this.#loader.next());
    }
    return { batches };
  }

  #requestAhead(epoch: number, step: number): void {
    const stepsPerEpoch = this.plan(epoch).stepsPerEpoch;
    const wanted = epoch * stepsPerEpoch + step + STEPS_AHEAD;
    const last = this.#config.epochs * stepsPerEpoch - 1;
    while (this.#requested.epoch * stepsPerEpoch + this.#requested.step <= Math.min(wanted, last)) {
      const { epoch: e, step: s } = this.#requested;
      for (const virtualRank of this.#virtualRanks) {
        const indices = this.plan(e).microbatch(s, virtualRank);
        if (indices.length > 0) {
          this.#loader.submit({ epoch: e, indices, height: this.#config.imgsz, width: this.#config.imgsz });
        }
      }
      this.#requested = s + 1 < stepsPerEpoch ? { epoch: e, step: s + 1 } : { epoch: e + 1, step: 0 };
    }
  }
}
