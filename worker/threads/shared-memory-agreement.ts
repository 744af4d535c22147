/**
 * How the ranks of a host agree on shared memory before the first round: the first of them offers a segment, the others open it and say
 * whether they could, the first decides. Everyone has it, or nobody on this host uses it.
 */
import { randomBytes } from 'node:crypto';
import { LockstepError } from '../../proto/errors.js';
import { Deferred } from '../../proto/lifecycle.js';
import { data, type wire } from '../../proto/messages.js';
import { SharedSegment } from '../shared-memory/shared-segment.js';

const { Kind } = data.SharedMemory;
const PROOF_BYTES = 16;

/** A segment that all ranks of this host have open, or why there is none; `isFine` where there is nobody to share with here. */
export type Agreement =
  | { readonly segment: SharedSegment }
  | { readonly reason: string; readonly isFine?: boolean | undefined };

type Message = wire.data.SharedMemory.$Properties;

export interface AgreementOptions {
  readonly rank: number;
  /** All ranks of this host, ascending. */
  readonly ranks: readonly number[];
  /** False where this rank is to use sockets. */
  readonly wanted: boolean;
  readonly send: (peer: number, message: Uint8Array) => void;
}

export class SharedMemoryAgreement {
  readonly #options: AgreementOptions;
  readonly #agreed = new Deferred<Agreement>();
  #segment: SharedSegment | undefined;
  #numAnswers = 0;
  /** Why it will not be; the first reason counts. */
  #reason: string | undefined;

  constructor(options: AgreementOptions) {
    this.#options = options;
  }

  /** Resolves once it is decided. The first rank begins. */
  async agree(): Promise<Agreement> {
    const { rank, wanted } = this.#options;
    if (rank === this.#first) {
      const proof = randomBytes(PROOF_BYTES);
      this.#attempt(() => SharedSegment.create('lockstep', proof));
      const fd = this.#segment?.fd ?? 0;
      this.#sendAll({ kind: Kind.OFFER, pid: process.pid, fd, proof, ok: wanted && this.#reason === undefined });
    }
    return this.#agreed.promise;
  }

  /** Takes a message of another rank; what does not fit is ignored. */
  receive(sender: number, bytes: Uint8Array): void {
    const message = data.SharedMemory.decode(bytes);
    const { rank, ranks } = this.#options;
    if (message.kind === Kind.OFFER && sender === this.#first && rank !== this.#first) {
      if (message.ok) this.#attempt(() => SharedSegment.openPeer(message));
      this.#send(this.#first, { kind: Kind.ANSWER, ok: this.#segment !== undefined, reason: this.#reason ?? '' });
    } else if (message.kind === Kind.ANSWER && rank === this.#first) {
      if (!message.ok && message.reason !== '') this.#reason ??= `rank ${sender}: ${message.reason}`;
      if (++this.#numAnswers < ranks.length - 1) return;
      this.#sendAll({ kind: Kind.VERDICT, ok: this.#reason === undefined, reason: this.#reason ?? '' });
      this.#decide();
    } else if (message.kind === Kind.VERDICT && sender === this.#first) {
      if (!message.ok) this.#reason = message.reason;
      this.#decide();
    }
  }

  get #first(): number {
    return this.#options.ranks[0]!;
  }

  #attempt(open: () => SharedSegment): void {
    if (!this.#options.wanted) {
      this.#reason ??= '--payload zmq';
      return;
    }
    try {
      this.#segment = open();
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      this.#reason ??= error.message;
    }
  }

  #decide(): void {
    if (this.#reason === undefined && this.#segment !== undefined) {
      this.#agreed.resolve({ segment: this.#segment });
      return;
    }
    this.#segment?.close();
    this.#agreed.resolve({ reason: this.#reason ?? `rank ${this.#first} made no offer` });
  }

  #sendAll(message: Message): void {
    for (const peer of this.#options.ranks) if (peer !== this.#first) this.#send(peer, message);
  }

  #send(peer: number, message: Message): void {
    this.#options.send(peer, data.SharedMemory.encode(message).finish());
  }
}
