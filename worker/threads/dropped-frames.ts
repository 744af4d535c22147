/** Payload frames that did not fit, by reason. */
import type { ProtocolError } from '../../proto/errors.js';
import type { Logger } from '../../proto/telemetry/logger.js';

export class DroppedFrames {
  readonly #log: Logger;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Counts a frame that is dropped before anyone looks at what it is for. */
  drop(reason: string, error?: ProtocolError): void {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    // The first of its kind is worth a line; a stranger who goes on must not fill the log.
    if (count === 1) this.#log.warn({ reason, err: error }, 'payload frame dropped');
  }

  /** Returns all counts, with what the collectives themselves have dropped. */
  with(exchange: ReadonlyMap<string, number> | undefined, numOfBlobs: number): Readonly<Record<string, number>> {
    const merged = new Map(this.#counts);
    for (const [reason, count] of exchange ?? []) merged.set(reason, (merged.get(reason) ?? 0) + count);
    if (numOfBlobs > 0) merged.set('duplicate', (merged.get('duplicate') ?? 0) + numOfBlobs);
    return Object.fromEntries(merged);
  }
}
