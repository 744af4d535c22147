/** Watches for losses and gradients that are not finite: what is expected now and then, and when a run has diverged for good. */
import { EngineError } from '../proto/errors.js';
import type { Logger } from '../proto/telemetry/logger.js';
import { requireUsableScale } from './amp/loss-scaler.js';
import type { StepResult } from './trainer.js';

/** After so many steps in a row whose loss was not finite, the run has diverged for good. */
const MAX_NON_FINITE_STEPS = 10;

export class FiniteSteps {
  readonly #log: Logger;
  #inARow = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Looks at a step; `iteration` is its number.
   * @throws EngineError ENGINE_NON_FINITE_LOSS after ten steps in a row, and as `requireUsableScale`
   */
  check({ finite, lossScale = 1, overflowed }: StepResult, iteration: number): void {
    if (!finite) requireUsableScale(lossScale, iteration);
    if (overflowed) {
      // Expected at the start, and now and then after the scale has grown.
      this.#log.info({ step: iteration, lossScale }, 'gradients overflowed, step skipped');
      return;
    }
    this.#inARow = finite ? 0 : this.#inARow + 1;
    if (!finite) this.#log.warn({ step: iteration, inARow: this.#inARow }, 'loss not finite, step skipped');
    if (this.#inARow < MAX_NON_FINITE_STEPS) return;
    throw new EngineError('ENGINE_NON_FINITE_LOSS', `the loss was not finite in ${this.#inARow} steps in a row`, {
      hint: 'lower lr0 or warm up longer (--hyp), and look at the labels with the largest and smallest boxes',
      details: { step: iteration },
    });
  }
}
