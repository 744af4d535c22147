/** Tells about images that could not be read while training: each file once, by the rank that met it. */
import type { Logger } from '../proto/telemetry/logger.js';
import type { Batch } from './data/loader/batch.js';

export class BadItemLog {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #told = new Set<string>();

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log;
  }

  /** Looks through the batches of a step, of which some may be missing. */
  add(epoch: number, batches: readonly (Pick<Batch, 'badItems'> | undefined)[]): void {
    for (const { path, error } of batches.flatMap((batch) => batch?.badItems ?? [])) {
      // The message names the file that is bad, which may be another tile of the image's mosaic.
      if (this.#told.has(error.message)) continue;
      this.#told.add(error.message);
      this.#log.warn({ epoch, path, code: error.code, reason: error.message }, 'image skipped: a grey one stands in');
    }
  }
}
