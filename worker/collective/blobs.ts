/** Gather to rank 0 and broadcast from it, of bytes of any length: validation statistics, weights, decisions. Over an abstract transport. */
import type { DataHeader } from '../../proto/codec.js';
import { CollectiveError, type LockstepError } from '../../proto/errors.js';
import { Deferred } from '../../proto/lifecycle.js';
import { data } from '../../proto/messages.js';
import type { ExchangeFields } from './exchange.js';

/** One frame carries at most this much. */
export const BLOB_SEGMENT_BYTES = 1_048_576;
/** What one rank may send in one call: twice YOLOv3's weights, momentum and EMA. */
export const MAX_BLOB_BYTES = 2 ** 31;
/** Calls that a peer may be ahead of this rank. A gather does not hold up its senders, so without a bound they could fill the memory. */
const MAX_ROUNDS_AHEAD = 64;

type BlobPhase = typeof data.Phase.GATHER | typeof data.Phase.BROADCAST;

interface Inbox {
  readonly bytes: Uint8Array;
  /** By segment. */
  readonly received: Uint8Array;
  numMissing: number;
}

export interface BlobOptions {
  readonly rank: number;
  readonly worldSize: number;
  /** Queues a frame for a peer; resolves when it was handed on. The payload is a view that nobody writes to any more. */
  readonly send: (peer: number, fields: ExchangeFields, payload: Uint8Array) => Promise<void>;
}

export class BlobExchange {
  readonly #options: BlobOptions;
  readonly #inboxes = new Map<string, Inbox>();
  readonly #waiting = new Map<string, Deferred<Uint8Array>>();
  #gatherRound = 0;
  #broadcastRound = 0;
  #numDropped = 0;

  constructor(options: BlobOptions) {
    this.#options = options;
  }

  /** Frames dropped because they came twice or too late. */
  get numDropped(): number {
    return this.#numDropped;
  }

  /** Resolves on rank 0 with everybody's bytes by rank, elsewhere with undefined once the bytes are handed on. */
  async gather(bytes: Uint8Array): Promise<Uint8Array[] | undefined> {
    const { rank, worldSize } = this.#options;
    const round = ++this.#gatherRound;
    if (rank !== 0) {
      await this.#sendAll(0, data.Phase.GATHER, round, bytes);
      return undefined;
    }
    const others = Array.from({ length: worldSize - 1 }, (_, i) => this.#take(data.Phase.GATHER, round, i + 1));
    return [bytes, ...(await Promise.all(others))];
  }

  /**
   * Resolves with rank 0's bytes; on rank 0 once they are handed on.
   * @throws CollectiveError COLLECTIVE_BAD_BROADCAST when rank 0 gives none
   */
  async broadcast(bytes?: Uint8Array): Promise<Uint8Array> {
    const { rank, worldSize } = this.#options;
    const round = ++this.#broadcastRound;
    if (rank !== 0) return this.#take(data.Phase.BROADCAST, round, 0);
    if (bytes === undefined) {
      throw new CollectiveError('COLLECTIVE_BAD_BROADCAST', 'rank 0 called broadcast without bytes', {
        hint: 'This is a defect of the caller.',
      });
    }
    const peers = Array.from({ length: worldSize - 1 }, (_, i) => i + 1);
    await Promise.all(peers.map((peer) => this.#sendAll(peer, data.Phase.BROADCAST, round, bytes)));
    return bytes;
  }

  /** Takes one verified GATHER or BROADCAST frame. @throws CollectiveError COLLECTIVE_BAD_PAYLOAD */
  receive(header: DataHeader, payload: Uint8Array): void {
    const phase = header.phase === data.Phase.GATHER ? data.Phase.GATHER : data.Phase.BROADCAST;
    const { rank, worldSize } = this.#options;
    const current = phase === data.Phase.GATHER ? this.#gatherRound : this.#broadcastRound;
    const isForUs = phase === data.Phase.GATHER ? rank === 0 && header.sender !== 0 : rank !== 0 && header.sender === 0;
    const numSegments = Math.max(1, Math.ceil(header.totalBytes / BLOB_SEGMENT_BYTES));
    const begin = header.segment * BLOB_SEGMENT_BYTES;
    const expectedBytes = Math.min(BLOB_SEGMENT_BYTES, header.totalBytes - begin);
    if (!isForUs || header.sender >= worldSize) throw badBlob(header, 'is not for this rank');
    if (header.totalBytes > MAX_BLOB_BYTES || header.segment >= numSegments || payload.byteLength !== expectedBytes) {
      throw badBlob(header, `has ${payload.byteLength} of ${header.totalBytes} bytes`);
    }
    if (header.round > current + MAX_ROUNDS_AHEAD) throw badBlob(header, `is too far ahead of call ${current}`);
    const key = inboxKey(phase, header.round, header.sender);
    if (header.round <= current && !this.#waiting.has(key)) {
      this.#numDropped++;
      return;
    }
    let inbox = this.#inboxes.get(key);
    if (inbox === undefined) {
      inbox = {
        bytes: new Uint8Array(header.totalBytes),
        received: new Uint8Array(numSegments),
        numMissing: numSegments,
      };
      this.#inboxes.set(key, inbox);
    }
    if (inbox.bytes.byteLength !== header.totalBytes) throw badBlob(header, 'changes its total size');
    if (inbox.received[header.segment] !== 0) {
      this.#numDropped++;
      return;
    }
    inbox.received[header.segment] = 1;
    inbox.numMissing--;
    inbox.bytes.set(payload, begin);
    this.#deliver(key);
  }

  /** Ranks whose bytes are awaited, with what for. */
  waitState(): { readonly phase: 'gather' | 'broadcast'; readonly ranks: readonly number[] } {
    const keys = [...this.#waiting.keys()];
    const isGather = keys.some((key) => key.startsWith(`${data.Phase.GATHER}/`));
    return { phase: isGather ? 'gather' : 'broadcast', ranks: keys.map((key) => Number(key.split('/')[2])) };
  }

  /** Rejects what waits. */
  fail(error: LockstepError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  async #sendAll(peer: number, phase: BlobPhase, round: number, bytes: Uint8Array): Promise<void> {
    const numSegments = Math.max(1, Math.ceil(bytes.byteLength / BLOB_SEGMENT_BYTES));
    for (let segment = 0; segment < numSegments; segment++) {
      const begin = segment * BLOB_SEGMENT_BYTES;
      const payload = bytes.subarray(begin, begin + BLOB_SEGMENT_BYTES);
      const fields = { round, phase, segment, totalBytes: bytes.byteLength, payloadType: data.PayloadType.BYTES };
      await this.#options.send(peer, fields, payload);
    }
  }

  #take(phase: BlobPhase, round: number, sender: number): Promise<Uint8Array> {
    const key = inboxKey(phase, round, sender);
    const waiting = new Deferred<Uint8Array>();
    this.#waiting.set(key, waiting);
    this.#deliver(key);
    return waiting.promise;
  }

  #deliver(key: string): void {
    const inbox = this.#inboxes.get(key);
    const waiting = this.#waiting.get(key);
    if (inbox === undefined || waiting === undefined || inbox.numMissing > 0) return;
    this.#inboxes.delete(key);
    this.#waiting.delete(key);
    waiting.resolve(inbox.bytes);
  }
}

function inboxKey(phase: BlobPhase, round: number, sender: number): string {
  return `${phase}/${round}/${sender}`;
}

function badBlob(header: DataHeader, what: string): CollectiveError {
  const { round, segment, sender, phase } = header;
  return new CollectiveError(
    'COLLECTIVE_BAD_PAYLOAD',
    `a frame from rank ${sender} (call ${round}, segment ${segment}) ${what}`,
    {
      hint: 'All ranks must make the same calls in the same order: start them from the same version and configuration.',
      details: { round, segment, sender, phase },
    },
  );
}
