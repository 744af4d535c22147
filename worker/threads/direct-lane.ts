/**
 * The way of the all-reduce's segments where payload goes by sockets: direct sockets on the comms thread, which while a round is under
 * way waits for frames instead of for events, and looks after its events in between.
 */
import {
  checkLanes,
  type DataHeader,
  decodeDataHeader,
  encodeDirectHeader,
  type LaneChecksum,
  wrongSize,
} from '../../proto/codec.js';
import { ProtocolError, TransportError } from '../../proto/errors.js';
import { DirectSockets } from '../../proto/transport/direct.js';
import { WakeUp } from '../../proto/transport/wake-up.js';
import type { Exchange, ExchangeFields } from '../collective/exchange.js';
import { noteMessage } from '../trace/message-spans.js';
import { threadTrace } from '../trace/thread-trace.js';

/** How long the thread may be deaf to its other events: heartbeats, the coordinator's word, gathers. */
const MAX_BLOCKED_MS = 4;

export interface DirectLaneEvents {
  /** A frame of this run and generation was received; its checksum is compared, or will be by the exchange. */
  onFrame(header: DataHeader, payload: Uint8Array): void;
  onDropped(reason: string, error?: ProtocolError): void;
  /** A frame of this run and generation was damaged. */
  onDamaged(header: DataHeader, error: ProtocolError): void;
}

/** What a lane serves: one layout's rounds. */
export interface LaneRounds {
  readonly exchange: Exchange;
  /** Makes checksums. */
  readonly sums: { of(payload: Uint8Array): LaneChecksum };
}

export class DirectLane {
  /** Opened when they are first needed: with them come ZeroMQ's threads. */
  #opened: DirectSockets | undefined;
  readonly #wakeUp: WakeUp;
  readonly #identity: { readonly rank: number; readonly runTag: number };
  readonly #events: DirectLaneEvents;
  #generation = 0;
  #sums: LaneRounds['sums'] | undefined;
  #exchange: Exchange | undefined;
  #lastRound = 0;
  #isReceiving = false;
  #closed = false;

  /** Returns a lane, or undefined where direct sockets cannot be had. */
  static open(
    identity: { readonly rank: number; readonly runTag: number },
    events: DirectLaneEvents,
  ): DirectLane | undefined {
    const wakeUp = DirectSockets.isPossible ? WakeUp.open() : undefined;
    return wakeUp && new DirectLane(wakeUp, identity, events);
  }

  private constructor(
    wakeUp: WakeUp,
    identity: { readonly rank: number; readonly runTag: number },
    events: DirectLaneEvents,
  ) {
    this.#wakeUp = wakeUp;
    this.#identity = identity;
    this.#events = events;
  }

  /** Of the bell that makes the thread look after its events at once. */
  get wakeFd(): number {
    return this.#wakeUp.fd;
  }

  /** Listens on one more endpoint and returns it with its port. @throws TransportError */
  bind(endpoint: string): string {
    return this.#sockets.bind(endpoint);
  }

  /** Connects to the peers' direct endpoints, by rank. @throws TransportError */
  connect(endpoints: ReadonlyMap<number, string>, generation: number): void {
    this.#generation = generation;
    for (const [peer, endpoint] of endpoints) this.#sockets.connect(peer, endpoint);
  }

  /** Serves these rounds from now on. */
  serve({ sums, exchange }: LaneRounds): void {
    this.#sums = sums;
    this.#exchange = exchange;
  }

  /** Queues a frame. @throws TransportError; ProtocolError PROTOCOL_FRAME_TOO_LARGE */
  send(peer: number, sums: LaneRounds['sums'], fields: ExchangeFields, payload: Uint8Array): void {
    const beganMs = threadTrace.begin();
    const { laneSum: sum, laneTurn: turn } = fields;
    const checksum = typeof sum === 'number' && typeof turn === 'number' ? { sum, turn } : sums.of(payload);
    const { rank, runTag } = this.#identity;
    const stamped = { ...fields, sender: rank, generation: this.#generation, runTag };
    this.#sockets.send(peer, encodeDirectHeader(stamped, payload.byteLength, checksum), payload);
    noteMessage('send', beganMs, fields, peer);
  }

  /** Receives frames, in between this thread's other events, until a round is over. */
  receiveUntil(round: number): void {
    this.#lastRound = Math.max(this.#lastRound, round);
    if (this.#isReceiving || this.#closed) return;
    this.#isReceiving = true;
    this.#receive();
  }

  /** Receives nothing any more. */
  stop(): void {
    this.#closed = true;
  }

  /** Closes the sockets; resolves when what was sent is delivered, or `lingerMs` have passed. */
  async close(lingerMs: number): Promise<void> {
    this.#closed = true;
    await this.#opened?.close(lingerMs);
  }

  get #sockets(): DirectSockets {
    if (this.#opened !== undefined) return this.#opened;
    const sockets = this.#closed ? undefined : DirectSockets.open(this.#wakeUp);
    if (sockets === undefined) throw new TransportError('TRANSPORT_CLOSED', 'the direct sockets are closed');
    this.#opened = sockets;
    return sockets;
  }

  #receive(): void {
    const untilMs = performance.now() + MAX_BLOCKED_MS;
    for (;;) {
      if (this.#isOver) {
        this.#isReceiving = false;
        return;
      }
      const isEmpty = !this.#receiveOne();
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) break;
      if (!isEmpty) continue;
      if (!this.#sockets.wait(Math.ceil(leftMs)).isWoken) continue;
      this.#wakeUp.hush();
      break;
    }
    setImmediate(() => this.#receive());
  }

  get #isOver(): boolean {
    return this.#closed || this.#exchange === undefined || this.#exchange.round > this.#lastRound;
  }

  /** Returns whether there was a message. */
  #receiveOne(): boolean {
    const frame = this.#sockets.receiveHeader();
    if (frame === undefined) return false;
    const beganMs = threadTrace.begin();
    const header = this.#headerOf(frame);
    if (header === undefined) {
      this.#sockets.skipPayload();
      return true;
    }
    const place = this.#exchange?.place?.(header);
    const memory = place?.memory ?? new Uint8Array(header.payloadBytes);
    const size = this.#sockets.receivePayload(memory);
    try {
      if (size !== header.payloadBytes) throw wrongSize(header, size);
      if (place?.isCheckedLater !== true) checkLanes(header, this.#sums!.of(memory));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#exchange?.release?.(memory);
      this.#events.onDropped(error.code, error);
      if (error.code === 'PROTOCOL_BAD_CHECKSUM') this.#events.onDamaged(header, error);
      return true;
    }
    this.#events.onFrame(header, memory);
    noteMessage('receive', beganMs, header, header.sender);
    return true;
  }

  /** Returns what a header says if its message is to be taken. */
  #headerOf(frame: Uint8Array): DataHeader | undefined {
    try {
      const header = decodeDataHeader(frame, this.#identity);
      if (header.generation === this.#generation) return header;
      this.#events.onDropped('generation');
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#events.onDropped(error.code, error);
    }
    return undefined;
  }
}
