/** The comms thread's side of the data plane: one PULL, one PUSH per peer, and the fences before the collectives. */
import { mkdir, rm } from 'node:fs/promises';
import { monotonicMs } from '../../proto/clock.js';
import { type DataHeader, decodeDataHeader, decodeDataMessage, encodeDataHeader, runTag } from '../../proto/codec.js';
import { CollectiveError, LockstepError, ProtocolError } from '../../proto/errors.js';
import { data, type wire } from '../../proto/messages.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import { type Frames, PayloadReceiver, PayloadSender } from '../../proto/transport/zmq.js';
import { BlobExchange } from '../collective/blobs.js';
import { Compressor } from '../collective/compression/compressor.js';
import type { Exchange, ExchangeFields, ExchangeStats, WaitState } from '../collective/exchange.js';
import { LaneSums, OwnSums } from '../collective/frame-memory.js';
import type { HostBoard } from '../collective/host-board.js';
import { openExchange } from '../collective/open-exchange.js';
import { makePlan, type VectorLayout } from '../collective/plan.js';
import { isResendRequest, SentFrames } from '../collective/sent-frames.js';
import { noteMessage } from '../trace/message-spans.js';
import { threadTrace } from '../trace/thread-trace.js';
import { boardPlan, openBoard, openHostBoard } from './all-reduce-vectors.js';
import { CommsBoard } from './comms-board.js';
import type { BoardInput, CommsInput, CommsOptions, CompressionInput } from './comms-input.js';
import { DirectRoute } from './direct-route.js';
import { DroppedFrames } from './dropped-frames.js';
import { FrameMemory } from './frame-memory.js';
import { listen, NO_ENDPOINTS, type PayloadEndpoints, peerEndpoints, socketPath } from './payload-endpoints.js';
import { Resends } from './resends.js';
import { type Agreement, SharedMemoryAgreement } from './shared-memory-agreement.js';

/** Frames of the all-reduce that may wait until this rank has opened it too. Peers send at most one round. */
const MAX_UNOPENED_BYTES = 2 ** 30;

const NOTHING = new Uint8Array(0);

export interface PayloadPlaneEvents {
  onRoundDone(stats: ExchangeStats): void;
  /** No collective can succeed any more. */
  onFailure(error: LockstepError): void;
  /** A frame came damaged and was asked for again. */
  onResend(): void;
}

export class PayloadPlane {
  readonly #options: CommsOptions;
  readonly #events: PayloadPlaneEvents;
  readonly #runTag: number;
  readonly #senders = new Map<number, PayloadSender>();
  readonly #dropped: DroppedFrames;
  readonly #frameMemory = new FrameMemory();
  #receiver: PayloadReceiver | undefined;
  readonly #socketPath: string;
  /** Of segments, where all ranks can. */
  #direct: DirectRoute | undefined;
  readonly #resends: Resends;
  #sent: SentFrames | undefined;
  #exchange: Exchange | undefined;
  #board: CommsBoard | undefined;
  #hostBoard: HostBoard | undefined;
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
    this.#dropped = new DroppedFrames(log);
    this.#runTag = runTag(options.token);
    this.#socketPath = socketPath(options, 'payload');
    this.#resends = new Resends({
      log,
      ask: (peer, fields) => this.#post(peer, fields, NOTHING),
      onAsked: () => events.onResend(),
    });
  }

  /** By rank: which host it runs on, numbered in order of first appearance. */
  get hosts(): readonly number[] {
    const order = [...new Set(this.#hostIds)];
    return this.#hostIds.map((id) => order.indexOf(id));
  }

  /** Frames dropped so far, by reason. */
  get numDropped(): Readonly<Record<string, number>> {
    return this.#dropped.with(this.#exchange?.dropped, this.#blobs?.numDropped ?? 0);
  }

  get blobs(): BlobExchange {
    if (this.#blobs === undefined) throw notJoined();
    return this.#blobs;
  }

  /** Says that the local partial sums of a bucket are complete. @throws as `Exchange.bucketReady` */
  bucketReady(round: number, bucket: number): void {
    if (this.#exchange === undefined) throw notJoined();
    this.#exchange.bucketReady(round, bucket);
    this.#direct?.receiveUntil(round);
  }

  /** Of the bell that ends a wait for frames; undefined where this thread never waits for them. */
  get wakeFd(): number | undefined {
    return this.#direct?.wakeFd;
  }

  /** Says that a bucket is complete on all ranks of this host, which share memory. @throws as `Exchange.bucketReady` */
  hostReady(round: number, bucket: number): void {
    for (const peer of this.#hostBoard?.otherLeaders(bucket) ?? []) this.#ring(peer, round, bucket);
    this.bucketReady(round, bucket);
  }

  /** Whether every bucket of a round is reduced. */
  isOver(round: number): boolean {
    const board = this.#board?.board ?? this.#hostBoard;
    if (board !== undefined) return board.isOver(round);
    if (this.#exchange === undefined) throw notJoined();
    return this.#exchange.round > round;
  }

  /** Returns what is missing for a round that is under way. */
  waitState(round: number): WaitState {
    if (this.#board !== undefined) return this.#board.board.waitState(round);
    if (this.#exchange === undefined) throw notJoined();
    return this.#exchange.waitState(round);
  }

  /** Takes part in a round in shared memory, where a bucket is complete. */
  sumBoard(round: number, bucket: number): void {
    this.#board?.sum(round, bucket);
  }

  /** Listens, before hello, so that a peer that is faster finds an open socket. @throws TransportError */
  async bind(): Promise<PayloadEndpoints> {
    const { worldSize, runtimeDir, remote } = this.#options;
    if (worldSize === 1) return NO_ENDPOINTS;
    const receiver = new PayloadReceiver();
    this.#receiver = receiver;
    await mkdir(runtimeDir, { recursive: true, mode: 0o700 });
    const onFrame = (header: DataHeader, frame: Uint8Array) => this.#route(header, frame);
    const onDropped = (reason: string, error?: ProtocolError) => this.#dropped.drop(reason, error);
    const onDamaged = (header: DataHeader, error: ProtocolError) => this.#askAgain(header, error);
    const direct = new DirectRoute(this.#options, this.#runTag, { onFrame, onDropped, onDamaged });
    this.#direct = direct;
    const ordinary = await listen(this.#socketPath, remote, (endpoint) => receiver.bind(endpoint));
    return { ...ordinary, ...(await direct.offer()) };
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
    for (const [peer, endpoint] of peerEndpoints(world, this.#options))
      this.#senders.set(peer, new PayloadSender(endpoint));
    this.#direct?.agree(world);
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
    const { rank, payload = 'auto' } = this.#options;
    if (world.worldSize === 1) return { reason: 'there is one worker' };
    const { hosts } = this;
    const isHere = (peer: number) => hosts[peer] === hosts[rank];
    const ranks = [...hosts.keys()].filter(isHere);
    if (ranks.length === 1) {
      const strangers = [...hosts.keys()].filter((peer) => !isHere(peer));
      // Alone on this host; there is sharing on others.
      const isFine = new Set(hosts).size < hosts.length;
      return { reason: `rank ${strangers.join(', ')} is on another host`, isFine };
    }
    this.#agreement = new SharedMemoryAgreement({
      rank,
      ranks,
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
    const isOneHost = new Set(this.hosts).size === 1;
    if (boardInput !== undefined && isOneHost) {
      const { address, scratch, base } = boardInput;
      const plan = boardPlan(layout, this.#worldSize);
      // Others' parts are none of its business: nobody waits for them yet, and whoever does takes them over.
      const patienceMs = Number.POSITIVE_INFINITY;
      const { board } = openBoard({ memory, address }, scratch, { rank, plan, patienceMs, firstRound, base });
      this.#board = new CommsBoard({
        board,
        ring: (peer, round, bucket) => this.#ring(peer, round, bucket),
        onFailure: (error) => this.#fail(error),
      });
      return;
    }
    const plan = makePlan(layout, this.#worldSize);
    const { hosts } = this;
    const hostBoard =
      boardInput &&
      openHostBoard({ memory, address: boardInput.address }, { rank, plan, hosts, firstRound, base: boardInput.base })
        .board;
    this.#hostBoard = hostBoard;
    const onHeap = [...partials, result, ...(hostBoard === undefined ? [] : [hostBoard.result])];
    const space = boardInput?.scratch ?? scratch;
    // In the hierarchy some hosts share memory and others may not, so that some ranks also wait for doorbells. All ranks decide alike.
    const isShared = !isOneHost && new Set(hosts).size < this.#worldSize;
    const lane = this.#direct?.open(collective !== 'hierarchical' || !isShared);
    const sums = frames === undefined ? new OwnSums() : new LaneSums(memory, frames, onHeap);
    const sent = new SentFrames(
      lane
        ? (peer, fields, payload) => lane.send(peer, sums, fields, payload)
        : (peer, fields, payload) => this.#post(peer, fields, payload),
    );
    this.#sent = sent;
    const exchange: Exchange = openExchange(collective, {
      rank,
      plan,
      hosts,
      hostBoard,
      codec:
        compression &&
        new Compressor({ rank, plan, ...compression, onHeap: [...onHeap, memory], makesLanes: lane !== undefined }),
      partials,
      result,
      place: space === undefined ? undefined : { memory, scratch: space },
      frames: lane && frames,
      firstRound,
      now: monotonicMs,
      send: sent.send,
      onDamaged: (header, error) => {
        this.#dropped.drop(error.code, error);
        this.#askAgain(header, error);
      },
      onRoundDone: (stats) => {
        // In shared memory the main thread sees for itself when a round is over.
        if (hostBoard === undefined) this.#events.onRoundDone(stats);
        else hostBoard.noteStats(stats, exchange.dropped);
      },
    });
    this.#exchange = exchange;
    lane?.serve({ exchange, sums });
  }

  /** Rejects the gathers and broadcasts that wait. */
  fail(error: LockstepError): void {
    this.#blobs?.fail(error);
    this.#direct?.stop();
  }

  /** Closes all sockets; blobs that were handed on are delivered for up to `lingerMs`. */
  async close(lingerMs: number): Promise<void> {
    this.#closed = true;
    const closing = [...this.#senders.values()].map((sender) => sender.close({ lingerMs }));
    await Promise.all([...closing, this.#direct?.close(lingerMs)]);
    await this.#receiver?.close();
    // zeromq leaves the file of an ipc socket behind.
    await rm(this.#socketPath, { force: true });
  }

  #send(peer: number, fields: ExchangeFields, payload: Uint8Array): Promise<void> {
    const sender = this.#senders.get(peer);
    if (sender === undefined) return Promise.reject(notJoined());
    const beganMs = threadTrace.begin();
    const identity = { sender: this.#options.rank, generation: this.#generation, runTag: this.#runTag };
    const header = encodeDataHeader({ ...fields, ...identity }, payload);
    const sent = sender.send([header, payload]);
    noteMessage('send', beganMs, fields, peer);
    return sent;
  }

  /** As {@link #send}; failing is a failure of the collective. */
  #post(peer: number, fields: ExchangeFields, payload: Uint8Array): void {
    this.#send(peer, fields, payload).catch((error: unknown) => this.#fail(error));
  }

  /** Tells a rank of this host that a bucket is complete in shared memory. */
  #ring(peer: number, round: number, bucket: number): void {
    this.#post(peer, { phase: data.Phase.DOORBELL, round, bucket }, NOTHING);
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
    const identity = { runTag: this.#runTag };
    let message: { header: DataHeader; payload: Uint8Array };
    try {
      message = decodeDataMessage(frames, identity);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#dropped.drop(error.code, error);
      if (error.code === 'PROTOCOL_BAD_CHECKSUM') this.#askAgain(decodeDataHeader(frames[0]!, identity), error);
      return;
    }
    if (message.header.generation !== this.#generation) this.#dropped.drop('generation');
    else this.#route(message.header, message.payload);
    noteMessage('receive', beganMs, message.header, message.header.sender);
  }

  /** A frame carries the run's tag, so it is one of ours that was damaged, and the round that it is for cannot complete without it. */
  #askAgain(header: DataHeader, error: ProtocolError): void {
    const { round } = header;
    if (header.generation !== this.#generation || !this.#senders.has(header.sender)) return;
    const current = this.#exchange?.round ?? round;
    const isReduced = header.phase === data.Phase.PARTIAL || header.phase === data.Phase.RESULT;
    // Of a round that is over, or is not to come yet, nothing is missing.
    if (isReduced && round !== current && round !== current + 1) return;
    try {
      this.#resends.ask(header, error);
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #route(header: DataHeader, payload: Uint8Array): void {
    try {
      if (header.phase === data.Phase.GATHER || header.phase === data.Phase.BROADCAST) {
        this.#blobs?.receive(header, payload);
      } else if (header.phase === data.Phase.SHARED_MEMORY) {
        if (this.#agreement === undefined) this.#unagreed.push({ header, payload });
        else this.#agreement.receive(header.sender, payload);
      } else if (isResendRequest(header)) {
        if (this.#sent?.resend(header) !== true) this.#dropped.drop('round');
      } else if (header.phase === data.Phase.DOORBELL && this.#board !== undefined) {
        this.#board.help(header.round);
      } else if (header.phase === data.Phase.DOORBELL && this.#hostBoard !== undefined) {
        this.bucketReady(header.round, header.bucket);
      } else if (this.#exchange !== undefined) {
        this.#exchange.receive(header, payload);
      } else if (this.#unopenedBytes + payload.byteLength <= MAX_UNOPENED_BYTES) {
        this.#unopenedBytes += payload.byteLength;
        this.#unopened.push({ header, payload });
      } else {
        this.#dropped.drop('overflow');
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    if (!(error instanceof LockstepError)) throw error;
    this.#events.onFailure(error);
  }
}

function notJoined(): CollectiveError {
  return new CollectiveError('COLLECTIVE_NOT_OPEN', 'a collective call came before the world was complete', {
    hint: 'This is a defect of the caller: await join() and call openAllReduce() first.',
  });
}
