/** The comms thread's side of the data plane: one PULL, one PUSH per peer, and the fences before the collectives. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../../proto/clock.js';
import { type DataHeader, decodeDataMessage, encodeDataHeader, runTag } from '../../proto/codec.js';
import { CollectiveError, LockstepError, MembershipError, ProtocolError, TransportError } from '../../proto/errors.js';
import { data, type wire } from '../../proto/messages.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import { parseEndpoint, tcpEndpoint } from '../../proto/transport/address.js';
import { type Frames, PayloadReceiver, PayloadSender } from '../../proto/transport/zmq.js';
import { BlobExchange } from '../collective/blobs.js';
import { Compressor } from '../collective/compression/compressor.js';
import type { Exchange, ExchangeFields, ExchangeStats, WaitState } from '../collective/exchange.js';
import { damaged } from '../collective/exchange-rounds.js';
import { LaneSums, OwnSums } from '../collective/frame-memory.js';
import { openExchange } from '../collective/open-exchange.js';
import { makePlan, type VectorLayout } from '../collective/plan.js';
import { noteMessage } from '../trace/message-spans.js';
import { threadTrace } from '../trace/thread-trace.js';
import { boardPlan, openBoard } from './all-reduce-vectors.js';
import { CommsBoard } from './comms-board.js';
import type { BoardInput, CommsInput, CommsOptions, CompressionInput } from './comms-input.js';
import { DirectLane } from './direct-lane.js';
import { FrameMemory } from './frame-memory.js';
import { type Agreement, SharedMemoryAgreement } from './shared-memory-agreement.js';

/** Frames of the all-reduce that may wait until this rank has opened it too. Peers send at most one round. */
const MAX_UNOPENED_BYTES = 2 ** 30;

const NOTHING = new Uint8Array(0);

export interface PayloadPlaneEvents {
  onRoundDone(stats: ExchangeStats): void;
  /** No collective can succeed any more. */
  onFailure(error: LockstepError): void;
}

export interface PayloadEndpoints {
  /** `ipc://…`, empty without peers. */
  readonly local: string;
  /** `tcp://…`, empty on one host. */
  readonly remote: string;
  /** The same for segments of the all-reduce; empty where there are no direct sockets. */
  readonly directLocal: string;
  readonly directRemote: string;
}

const NO_ENDPOINTS: PayloadEndpoints = { local: '', remote: '', directLocal: '', directRemote: '' };

export class PayloadPlane {
  readonly #options: CommsOptions;
  readonly #events: PayloadPlaneEvents;
  readonly #log: Logger;
  readonly #runTag: number;
  readonly #senders = new Map<number, PayloadSender>();
  readonly #dropped = new Map<string, number>();
  readonly #frameMemory = new FrameMemory();
  #receiver: PayloadReceiver | undefined;
  readonly #socketPaths: string[] = [];
  /** Segments go by it if all ranks have one. */
  #lane: DirectLane | undefined;
  /** By rank; empty if not all peers have one. */
  #directEndpoints: ReadonlyMap<number, string> = new Map();
  #isLaneConnected = false;
  #exchange: Exchange | undefined;
  #board: CommsBoard | undefined;
  #opened: Extract<CommsInput, { kind: 'openAllReduce' }> | undefined;
  #agreement: SharedMemoryAgreement | undefined;
  #blobs: BlobExchange | undefined;
  #unopened: { header: DataHeader; payload: Uint8Array }[] = [];
  #unopenedBytes = 0;
  /** Messages about shared memory that came before this rank had begun to agree. */
  readonly #unagreed: { header: DataHeader; payload: Uint8Array }[] = [];
  #generation = 0;
  #worldSize = 1;
  /** By rank. */
  #hostIds: readonly string[] = [];
  #closed = false;

  constructor(options: CommsOptions, log: Logger, events: PayloadPlaneEvents) {
    this.#options = options;
    this.#events = events;
    this.#log = log;
    this.#runTag = runTag(options.token);
  }

  /** By rank: which host it runs on, numbered in order of first appearance. */
  get hosts(): readonly number[] {
    const order = [...new Set(this.#hostIds)];
    return this.#hostIds.map((id) => order.indexOf(id));
  }

  /** Frames dropped so far, by reason. */
  get numDropped(): Readonly<Record<string, number>> {
    const merged = new Map(this.#dropped);
    for (const [reason, count] of this.#exchange?.dropped ?? []) merged.set(reason, (merged.get(reason) ?? 0) + count);
    const blobs = this.#blobs?.numDropped ?? 0;
    if (blobs > 0) merged.set('duplicate', (merged.get('duplicate') ?? 0) + blobs);
    return Object.fromEntries(merged);
  }

  get blobs(): BlobExchange {
    if (this.#blobs === undefined) throw notJoined();
    return this.#blobs;
  }

  /** Says that the local partial sums of a bucket are complete. @throws as `Exchange.bucketReady` */
  bucketReady(round: number, bucket: number): void {
    if (this.#exchange === undefined) throw notJoined();
    this.#exchange.bucketReady(round, bucket);
    if (this.#isLaneConnected) this.#lane?.receiveUntil(round);
  }

  /** Writing to this descriptor ends a wait for frames; undefined where this thread never waits for them. */
  get wakeFd(): number | undefined {
    return this.#directEndpoints.size > 0 ? this.#lane?.wakeFd : undefined;
  }

  /** Whether every bucket of a round is reduced. */
  isOver(round: number): boolean {
    if (this.#board !== undefined) return this.#board.board.isOver(round);
    if (this.#exchange === undefined) throw notJoined();
    return this.#exchange.round > round;
  }

  /** Returns what is missing for a round that is under way. */
  waitState(round: number): WaitState {
    if (this.#board !== undefined) return this.#board.board.waitState(round);
    if (this.#exchange === undefined) throw notJoined();
    return this.#exchange.waitState();
  }

  /** Takes part in a round in shared memory, where a bucket is complete. */
  sumBoard(round: number, bucket: number): void {
    this.#board?.sum(round, bucket);
  }

  /** Listens, before hello, so that a peer that is faster finds an open socket. @throws TransportError */
  async bind(): Promise<PayloadEndpoints> {
    const { worldSize, runtimeDir, rank, remote } = this.#options;
    if (worldSize === 1) return NO_ENDPOINTS;
    const receiver = new PayloadReceiver();
    this.#receiver = receiver;
    await mkdir(runtimeDir, { recursive: true, mode: 0o700 });
    this.#lane = DirectLane.open(
      { rank, runTag: this.#runTag },
      {
        onFrame: (header, payload) => this.#route(header, payload),
        onDropped: (reason, error) => this.#drop(reason, error),
        onDamaged: (error) => this.#fail(damaged(error)),
      },
    );
    const lane = this.#lane;
    const listen = async (name: string, bind: (endpoint: string) => Promise<string>) => {
      const path = join(runtimeDir, `${name}-${rank}.sock`);
      this.#socketPaths.push(path);
      const local = await bind(`ipc://${path}`);
      return { local, remote: remote === undefined ? '' : await bindRemote(remote, bind) };
    };
    const ordinary = await listen('payload', (endpoint) => receiver.bind(endpoint));
    if (lane === undefined) return { ...NO_ENDPOINTS, ...ordinary };
    const direct = await listen('direct', (endpoint) => lane.bind(endpoint));
    return { ...ordinary, directLocal: direct.local, directRemote: direct.remote };
  }

  /** Connects to all peers and begins to read. @throws MembershipError MEMBERSHIP_NO_ADDRESS */
  connect(world: wire.control.World): void {
    const { rank, hostId } = this.#options;
    this.#generation = world.generation;
    this.#worldSize = world.worldSize;
    this.#hostIds = Array.from(
      { length: world.worldSize },
      (_, r) => world.peers.find((peer) => (peer.rank ?? 0) === r)?.hostId ?? hostId,
    );
    const directEndpoints = new Map<number, string>();
    for (const peer of world.peers) {
      const peerRank = peer.rank ?? 0;
      if (peerRank === rank) continue;
      const endpoint = peer.hostId === hostId && peer.localEndpoint ? peer.localEndpoint : peer.remoteEndpoint;
      if (!endpoint) {
        throw new MembershipError(
          'MEMBERSHIP_NO_ADDRESS',
          `rank ${peerRank} gave no address that rank ${rank} can reach`,
          {
            hint: 'Start all nodes with the same --nnodes, so that they open sockets for each other.',
            details: { peer: peerRank, rank },
          },
        );
      }
      this.#senders.set(peerRank, new PayloadSender(endpoint));
      const direct =
        peer.hostId === hostId && peer.directLocalEndpoint ? peer.directLocalEndpoint : peer.directRemoteEndpoint;
      if (direct) directEndpoints.set(peerRank, direct);
    }
    if (directEndpoints.size === world.worldSize - 1) this.#directEndpoints = directEndpoints;
    this.#blobs = new BlobExchange({
      rank,
      worldSize: world.worldSize,
      send: (peer, fields, payload) => this.#send(peer, fields, payload),
    });
    this.#read().catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  /** Resolves when the ranks know whether they share memory. Call it once, after `connect`. */
  async agreeOnSharedMemory(world: wire.control.World): Promise<Agreement> {
    const { rank, hostId, payload = 'auto' } = this.#options;
    if (world.worldSize === 1) return { reason: 'there is one worker' };
    const strangers = world.peers.filter((peer) => peer.hostId !== hostId).map((peer) => peer.rank ?? 0);
    if (strangers.length > 0) return { reason: `rank ${strangers.join(', ')} is on another host` };
    this.#agreement = new SharedMemoryAgreement({
      rank,
      worldSize: world.worldSize,
      wanted: payload !== 'zmq',
      send: (peer, message) => this.#post(peer, { phase: data.Phase.SHARED_MEMORY }, message),
    });
    const agreed = this.#agreement.agree();
    for (const { header, payload: message } of this.#unagreed.splice(0))
      this.#agreement.receive(header.sender, message);
    return agreed;
  }

  /** Lays out the reduced vector. The vectors are shared with the main thread. @throws CollectiveError COLLECTIVE_BAD_LAYOUT */
  openAllReduce(input: Extract<CommsInput, { kind: 'openAllReduce' }>): void {
    this.#opened = input;
    this.#openRounds(input.layout, 1, input.board, input.compression);
    const unopened = this.#unopened;
    this.#unopened = [];
    for (const { header, payload } of unopened) this.#route(header, payload);
  }

  /** Goes on with other buckets from a round on. @throws CollectiveError COLLECTIVE_BAD_LAYOUT */
  relayout({ layout, round, board, compression }: Extract<CommsInput, { kind: 'relayout' }>): void {
    this.#openRounds(layout, round, board, compression);
  }

  #openRounds(
    layout: VectorLayout,
    firstRound: number,
    boardInput: BoardInput | undefined,
    compression: CompressionInput | undefined,
  ): void {
    if (this.#opened === undefined) throw notJoined();
    const { rank } = this.#options;
    const { collective, memory, partials, result, scratch, frames } = this.#opened;
    if (boardInput !== undefined) {
      const { address, scratch, base } = boardInput;
      const plan = boardPlan(layout, this.#worldSize);
      const { board } = openBoard({ memory, address }, scratch, { rank, plan, firstRound, base });
      this.#board = new CommsBoard({
        board,
        ring: (peer, round, bucket) => this.#post(peer, { phase: data.Phase.DOORBELL, round, bucket }, NOTHING),
        onFailure: (error) => this.#fail(error),
      });
      return;
    }
    const plan = makePlan(layout, this.#worldSize);
    const lane = this.#connectedLane();
    const onHeap = [...partials, result];
    const sums = frames === undefined ? new OwnSums() : new LaneSums(memory, frames, onHeap);
    this.#exchange = openExchange(collective, {
      rank,
      plan,
      hosts: this.hosts,
      codec: compression && new Compressor({ rank, plan, ...compression, onHeap }),
      partials,
      result,
      place: scratch === undefined ? undefined : { memory, scratch },
      frames: lane && frames,
      firstRound,
      now: monotonicMs,
      send: lane
        ? (peer, fields, payload) => lane.send(peer, sums, fields, payload)
        : (peer, fields, payload) => this.#post(peer, fields, payload),
      onRoundDone: (stats) => this.#events.onRoundDone(stats),
    });
    lane?.serve({ exchange: this.#exchange, sums });
  }

  /** Returns the lane if all ranks have one, connected. */
  #connectedLane(): DirectLane | undefined {
    if (this.#lane === undefined || this.#directEndpoints.size === 0) return undefined;
    if (!this.#isLaneConnected) this.#lane.connect(this.#directEndpoints, this.#generation);
    this.#isLaneConnected = true;
    return this.#lane;
  }

  /** Rejects the gathers and broadcasts that wait. */
  fail(error: LockstepError): void {
    this.#blobs?.fail(error);
    this.#lane?.stop();
  }

  /** Closes all sockets; blobs that were handed on are delivered for up to `lingerMs`. */
  async close(lingerMs: number): Promise<void> {
    this.#closed = true;
    const closing = [...this.#senders.values()].map((sender) => sender.close({ lingerMs }));
    await Promise.all([...closing, this.#lane?.close(lingerMs)]);
    await this.#receiver?.close();
    // zeromq leaves the file of an ipc socket behind.
    for (const path of this.#socketPaths) await rm(path, { force: true });
  }

  #send(peer: number, fields: ExchangeFields, payload: Uint8Array): Promise<void> {
    const sender = this.#senders.get(peer);
    if (sender === undefined) return Promise.reject(notJoined());
    const { rank } = this.#options;
    const beganMs = threadTrace.begin();
    const header = encodeDataHeader(
      { ...fields, sender: rank, generation: this.#generation, runTag: this.#runTag },
      payload,
    );
    const sent = sender.send([header, payload]);
    noteMessage('send', beganMs, fields, peer);
    return sent;
  }

  /** As {@link #send}; failing is a failure of the collective. */
  #post(peer: number, fields: ExchangeFields, payload: Uint8Array): void {
    this.#send(peer, fields, payload).catch((error: unknown) => this.#fail(error));
  }

  async #read(): Promise<void> {
    if (this.#receiver === undefined) return;
    for await (const frames of this.#receiver.messages()) {
      this.#accept(frames);
      this.#frameMemory.received(frames[1]?.byteLength ?? 0);
    }
  }

  #accept(frames: Frames): void {
    const beganMs = threadTrace.begin();
    let message: { header: DataHeader; payload: Uint8Array };
    try {
      message = decodeDataMessage(frames, { runTag: this.#runTag });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#drop(error.code, error);
      // It carries the run's tag, so it is a frame of ours that was damaged, and the round cannot complete without it.
      if (error.code === 'PROTOCOL_BAD_CHECKSUM') this.#fail(damaged(error));
      return;
    }
    if (message.header.generation !== this.#generation) this.#drop('generation');
    else this.#route(message.header, message.payload);
    noteMessage('receive', beganMs, message.header, message.header.sender);
  }

  #route(header: DataHeader, payload: Uint8Array): void {
    try {
      if (header.phase === data.Phase.GATHER || header.phase === data.Phase.BROADCAST) {
        this.#blobs?.receive(header, payload);
      } else if (header.phase === data.Phase.SHARED_MEMORY) {
        if (this.#agreement === undefined) this.#unagreed.push({ header, payload });
        else this.#agreement.receive(header.sender, payload);
      } else if (header.phase === data.Phase.DOORBELL) {
        this.#board?.help(header.round);
      } else if (this.#exchange !== undefined) {
        this.#exchange.receive(header, payload);
      } else if (this.#unopenedBytes + payload.byteLength <= MAX_UNOPENED_BYTES) {
        this.#unopenedBytes += payload.byteLength;
        this.#unopened.push({ header, payload });
      } else {
        this.#drop('overflow');
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #drop(reason: string, error?: ProtocolError): void {
    const count = (this.#dropped.get(reason) ?? 0) + 1;
    this.#dropped.set(reason, count);
    // The first of its kind is worth a line; a stranger who goes on must not fill the log.
    if (count === 1) this.#log.warn({ reason, err: error }, 'payload frame dropped');
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    if (!(error instanceof LockstepError)) throw error;
    this.#events.onFailure(error);
  }
}

/** Listens for other hosts, and returns what to tell them. @throws TransportError */
async function bindRemote(
  { bindHost, advertiseHost }: NonNullable<CommsOptions['remote']>,
  bind: (endpoint: string) => Promise<string>,
): Promise<string> {
  const bound = parseEndpoint(await bind(tcpEndpoint(bindHost, 0)));
  if (bound.kind !== 'tcp') throw new TransportError('TRANSPORT_BAD_ADDRESS', `"${bindHost}" is no TCP address`);
  const host = advertiseHost ?? bound.host;
  if (host === '0.0.0.0' || host === '::' || host === '*') {
    throw new TransportError('TRANSPORT_BAD_ADDRESS', `peers cannot connect to ${host}`, {
      hint: 'Give the address under which the other hosts reach this one.',
      details: { host },
    });
  }
  return tcpEndpoint(host, bound.port);
}

function notJoined(): CollectiveError {
  return new CollectiveError('COLLECTIVE_NOT_OPEN', 'a collective call came before the world was complete', {
    hint: 'This is a defect of the caller: await join() and call openAllReduce() first.',
  });
}
