/** Decides when a run has stopped getting better. */

/** Its memory, for checkpoints. */
export interface EarlyStoppingState {
  readonly bestFitness: number;
  readonly bestEpoch: number;
}

/** What an epoch's result means. */
export interface StopDecision {
  readonly stop: boolean;
  /** The next epoch may be the last, so it is validated as such. */
  readonly possibleStop: boolean;
  readonly bestEpoch: number;
}

/** Stops after `patience` epochs without a fitness at least as good as the best; 0 never stops. */
export class EarlyStopping {
  readonly #patience: number;
  #bestFitness: number;
  #bestEpoch: number;

  constructor(patience: number, state: EarlyStoppingState = { bestFitness: 0, bestEpoch: 0 }) {
    this.#patience = patience > 0 ? patience : Number.POSITIVE_INFINITY;
    this.#bestFitness = state.bestFitness;
    this.#bestEpoch = state.bestEpoch;
  }

  get state(): EarlyStoppingState {
    return { bestFitness: this.#bestFitness, bestEpoch: this.#bestEpoch };
  }

  /** Takes in the fitness of an epoch. Ties count as better, so that zeros early on do not count against a run. */
  update(epoch: number, fitness: number): StopDecision {
    if (fitness >= this.#bestFitness) {
      this.#bestFitness = fitness;
      this.#bestEpoch = epoch;
    }
    const since = epoch - this.#bestEpoch;
    return { stop: since >= this.#patience, possibleStop: since >= this.#patience - 1, bestEpoch: this.#bestEpoch };
  }
}
