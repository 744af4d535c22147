/**
 * How the ranks of a host agree on shared memory before the first round: rank 0 offers a segment, the others open it and say whether they
 * could, rank 0 decides. Everyone has it, or nobody uses it.
 */
import { randomBytes } from 'node:crypto';
import { LockstepError } from '../../proto/errors.js';
import { Deferred } from '../../proto/lifecycle.js';
import { data, type wire } from '../../proto/messages.js';
import { SharedSegment } from '../shared-memory/shared-segment.js';

const { Kind } = data.SharedMemory;
const PROOF_BYTES = 16;

/** A segment that all ranks have open, or why there is none. */
export type Agreement = { readonly segment: SharedSegment } | { readonly reason: string };

type Message = wire.data.SharedMemory.$Properties;

export interface AgreementOptions {
  readonly rank: number;
  readonly worldSize: number;
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

  /** Resolves once it is decided. Rank 0 begins. */
  async agree(): Promise<Agreement> {
    const { rank, wanted } = this.#options;
    if (rank === 0) {
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
    const { rank, worldSize } = this.#options;
    if (message.kind === Kind.OFFER && sender === 0 && rank !== 0) {
      if (message.ok) this.#attempt(() => SharedSegment.openPeer(message));
      this.#send(0, { kind: Kind.ANSWER, ok: this.#segment !== undefined, reason: this.#reason ?? '' });
    } else if (message.kind === Kind.ANSWER && rank === 0) {
      if (!message.ok && message.reason !== '') this.#reason ??= `rank ${sender}: ${message.reason}`;
      if (++this.#numAnswers < worldSize - 1) return;
      this.#sendAll({ kind: Kind.VERDICT, ok: this.#reason === undefined, reason: this.#reason ?? '' });
      this.#decide();
    } else if (message.kind === Kind.VERDICT && sender === 0) {
      if (!message.ok) this.#reason = message.reason;
      this.#decide();
    }
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
    this.#agreed.resolve({ reason: this.#reason ?? 'rank 0 made no offer' });
  }

  #sendAll(message: Message): void {
    for (let peer = 1; peer < this.#options.worldSize; peer++) this.#send(peer, message);
  }

  #send(peer: number, message: Message): void {
    this.#options.send(peer, data.SharedMemory.encode(message).finish());
  }
}
