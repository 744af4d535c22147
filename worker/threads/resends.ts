/** Asks for frames again that came damaged, a bounded number of times. */
import type { DataHeader } from '../../proto/codec.js';
import { CollectiveError, type ProtocolError } from '../../proto/errors.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import type { ExchangeFields } from '../collective/exchange.js';
import { resendRequest } from '../collective/sent-frames.js';

/** How often one frame is asked for: a flaky link damages one in millions, so a third time it is the memory or the link that is broken. */
export const MAX_RESENDS = 3;

export interface ResendOptions {
  readonly log: Logger;
  /** Sends a request, which has no payload. */
  readonly ask: (peer: number, fields: ExchangeFields) => void;
  /** Called for each request. */
  readonly onAsked: () => void;
}

export class Resends {
  readonly #options: ResendOptions;
  /** By frame: in which round it was asked for, and how often. */
  readonly #asked = new Map<string, { readonly round: number; readonly times: number }>();

  constructor(options: ResendOptions) {
    this.#options = options;
  }

  /**
   * Asks the sender of a damaged frame for it.
   * @throws CollectiveError COLLECTIVE_BAD_PAYLOAD for one that was asked for too often, or is of a kind that is not kept
   */
  ask(header: DataHeader, error: ProtocolError): void {
    const request = resendRequest(header);
    if (request === undefined) throw damagedFrame(header, error, 0);
    const { round, bucket, chunk, segment, sender } = header;
    const name = `${sender} ${header.phase} ${bucket} ${chunk} ${segment} ${header.virtualBegin}`;
    const before = this.#asked.get(name);
    const times = before?.round === round ? before.times : 0;
    if (times >= MAX_RESENDS) throw damagedFrame(header, error, times);
    this.#asked.set(name, { round, times: times + 1 });
    this.#options.log.warn(
      { peer: sender, round, bucket, chunk, segment, times: times + 1, err: error },
      'a damaged frame is asked for again',
    );
    this.#options.onAsked();
    this.#options.ask(sender, request);
  }
}

/** A frame of this run was damaged on its way, and the round cannot complete without it. */
function damagedFrame(header: DataHeader, error: ProtocolError, times: number): CollectiveError {
  const { round, bucket, chunk, segment, sender } = header;
  const again = times === 0 ? '' : `, also after it was sent ${times} times more`;
  return new CollectiveError(
    'COLLECTIVE_BAD_PAYLOAD',
    `${error.message} (all-reduce ${round}, bucket ${bucket}, chunk ${chunk}, segment ${segment})${again}`,
    { hint: error.hint, details: { ...error.details, sender, round, bucket, chunk, segment, times }, cause: error },
  );
}
