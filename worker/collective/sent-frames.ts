/**
 * What was sent last, so that a frame that came damaged can be sent again. Nothing is copied: the memory of a frame stays as it is until
 * whoever received it has given its part to what overwrites it, and who got it damaged gives none.
 */
import type { DataHeader } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import type { ExchangeFields, ExchangeOptions } from './exchange.js';

type Send = ExchangeOptions['send'];
type FrameName = Pick<DataHeader, 'bucket' | 'chunk' | 'segment' | 'virtualBegin' | 'virtualEnd'>;

/** What is asked for, by what asks for it. */
const ASKED_PHASE: Readonly<Partial<Record<number, number>>> = {
  [data.Phase.RESEND_PARTIAL]: data.Phase.PARTIAL,
  [data.Phase.RESEND_RESULT]: data.Phase.RESULT,
};

/** Tells whether a frame asks for another one. */
export function isResendRequest({ phase }: Pick<DataHeader, 'phase'>): boolean {
  return ASKED_PHASE[phase] !== undefined;
}

/** Returns the header fields that ask a frame's sender for it again; undefined if it is no frame of an all-reduce. */
export function resendRequest(damaged: DataHeader): ExchangeFields | undefined {
  const { round, bucket, chunk, segment, virtualBegin, virtualEnd } = damaged;
  const asking = Object.keys(ASKED_PHASE).find((phase) => ASKED_PHASE[Number(phase)] === damaged.phase);
  if (asking === undefined) return undefined;
  return { phase: Number(asking), round, bucket, chunk, segment, virtualBegin, virtualEnd };
}

export class SentFrames {
  readonly #send: Send;
  readonly #frames = new Map<string, { readonly fields: ExchangeFields; readonly payload: Uint8Array }>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** Sends a frame and remembers it until its successor of a later round. The same frame for several peers is remembered once. */
  readonly send: Send = (peer, fields, payload) => {
    this.#frames.set(nameOf(fields.phase ?? 0, fields as FrameName), { fields, payload });
    this.#send(peer, fields, payload);
  };

  /** Sends the frame again that `request` asks for. Returns false if it was none of those that were sent last. */
  resend(request: DataHeader): boolean {
    const frame = this.#frames.get(nameOf(ASKED_PHASE[request.phase] ?? -1, request));
    if (frame === undefined || frame.fields.round !== request.round) return false;
    this.#send(request.sender, frame.fields, frame.payload);
    return true;
  }
}

function nameOf(phase: number, { bucket, chunk, segment, virtualBegin, virtualEnd }: FrameName): string {
  return `${phase} ${bucket} ${chunk} ${segment} ${virtualBegin} ${virtualEnd}`;
}
