/**
 * The sockets of the all-reduce's segments, without an event loop: PULL and PUSH as those of zmq.ts, but frames are received into memory of the
 * caller, and waiting blocks the thread. One thread uses them.
 */
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../codec.js';
import { TransportError } from '../errors.js';
import { isIpv6, parseEndpoint } from './address.js';
import { type Address, type Libzmq, openLibzmq, throwFailed } from './libzmq.js';
import type { WakeUp } from './wake-up.js';

// Numbers of zmq.h.
const PULL = 7;
const PUSH = 8;
const SNDBUF = 11;
const RCVBUF = 12;
const RCVMORE = 13;
const LINGER = 17;
const RECONNECT_IVL = 18;
const RECONNECT_IVL_MAX = 21;
const MAXMSGSIZE = 22;
const SNDHWM = 23;
const RCVHWM = 24;
const LAST_ENDPOINT = 32;
const IPV6 = 42;
const HANDSHAKE_IVL = 66;
const DONTWAIT = 1;
const SNDMORE = 2;
const POLLIN = 1;
const EAGAIN = 11;
const EINTR = 4;
const EADDRINUSE = 98;

const BUFFER_BYTES = 4 * 1024 * 1024;
/** Smaller frames are copied: cheaper than keeping track of them. */
const MIN_IN_PLACE_BYTES = 1024;
const NOTHING = new Uint8Array(0);

/** What came first: a frame, someone who rang, or neither within the time. */
export interface Waited {
  readonly hasFrame: boolean;
  readonly isWoken: boolean;
}

/**
 * One rank's direct sockets: where its segments come in, and one way to each peer. ZeroMQ frees what is closed and does not look again, so
 * nothing here reaches it after {@link close}.
 */
export class DirectSockets {
  readonly #libzmq: Libzmq;
  readonly #context: Address;
  readonly #pull: Address;
  readonly #pushes = new Map<number, Address>();
  /** Two records of zmq_pollitem_t: a socket, a descriptor, the events that are asked for, and those that are there. */
  readonly #items = Buffer.alloc(32);
  readonly #header = new Uint8Array(MAX_HEADER_BYTES + 1);
  #closing: Promise<void> | undefined;

  /** Whether they can be had here. */
  static get isPossible(): boolean {
    return openLibzmq() !== undefined;
  }

  /** Returns sockets, or undefined where they cannot be had. @param wakeUp what ends a wait besides a frame */
  static open(wakeUp: WakeUp): DirectSockets | undefined {
    const libzmq = openLibzmq();
    return libzmq && new DirectSockets(libzmq, wakeUp);
  }

  private constructor(libzmq: Libzmq, wakeUp: WakeUp) {
    this.#libzmq = libzmq;
    this.#context = libzmq.openContext();
    this.#pull = libzmq.openSocket(this.#context, PULL);
    libzmq.setNumber(this.#pull, LINGER, 0);
    libzmq.setWide(this.#pull, MAXMSGSIZE, BigInt(MAX_PAYLOAD_BYTES));
    // Per peer: 64 segments of 1 MiB. Beyond that the sender's stay where they are.
    libzmq.setNumber(this.#pull, RCVHWM, 128);
    libzmq.setNumber(this.#pull, RCVBUF, BUFFER_BYTES);
    libzmq.setNumber(this.#pull, HANDSHAKE_IVL, 10_000);
    this.#items.writeBigUInt64LE(this.#pull, 0);
    this.#items.writeInt16LE(POLLIN, 12);
    this.#items.writeInt32LE(wakeUp.fd, 24);
    this.#items.writeInt16LE(POLLIN, 28);
  }

  /**
   * Listens on one more endpoint and returns it with the port that was chosen for port 0.
   * @param endpoint as `bindTarget` returns it
   * @throws TransportError TRANSPORT_ADDRESS_IN_USE, TRANSPORT_BIND_FAILED, TRANSPORT_BAD_ADDRESS, TRANSPORT_CLOSED
   */
  bind(endpoint: string): string {
    this.#requireOpen();
    if (isIpv6(parseEndpoint(endpoint))) this.#libzmq.setNumber(this.#pull, IPV6, 1);
    if (this.#libzmq.bind(this.#pull, endpoint) < 0) throw bindError(this.#libzmq.errno(), endpoint);
    return this.#libzmq.getText(this.#pull, LAST_ENDPOINT);
  }

  /** Connects to a peer's direct endpoint in the background. @throws TransportError */
  connect(peer: number, endpoint: string): void {
    this.#requireOpen();
    const libzmq = this.#libzmq;
    const push = libzmq.openSocket(this.#context, PUSH);
    this.#pushes.set(peer, push);
    libzmq.setNumber(push, LINGER, 0);
    // What is queued lies in the vectors, so there is no need for a limit, which would have to be waited at.
    libzmq.setNumber(push, SNDHWM, 0);
    libzmq.setNumber(push, SNDBUF, BUFFER_BYTES);
    libzmq.setNumber(push, RECONNECT_IVL, 50);
    libzmq.setNumber(push, RECONNECT_IVL_MAX, 1_000);
    if (isIpv6(parseEndpoint(endpoint))) libzmq.setNumber(push, IPV6, 1);
    if (libzmq.connect(push, endpoint) < 0) throwFailed(libzmq, `connect to ${endpoint}`);
  }

  /**
   * Queues a message. A payload in shared memory is not copied: it must stay as it is until the receiver has it, which only the
   * receiver's answer can tell.
   * @throws TransportError TRANSPORT_CLOSED, TRANSPORT_SEND_FAILED
   */
  send(peer: number, header: Uint8Array, payload: Uint8Array): void {
    const push = this.#pushes.get(peer);
    if (push === undefined) throw new TransportError('TRANSPORT_CLOSED', `there is no connection to rank ${peer}`);
    const libzmq = this.#libzmq;
    const inPlace = payload.byteLength >= MIN_IN_PLACE_BYTES && payload.buffer instanceof SharedArrayBuffer;
    const sent =
      libzmq.send(push, header, DONTWAIT | SNDMORE) < 0
        ? -1
        : inPlace
          ? libzmq.sendInPlace(push, payload, DONTWAIT)
          : libzmq.send(push, payload, DONTWAIT);
    if (sent < 0) throwFailed(libzmq, `send ${payload.byteLength} bytes to rank ${peer}`);
  }

  /**
   * Returns the first frame of the next message, valid until the next call, or undefined if there is none; of one that is too long to be a
   * header, a byte more than fits. Take the rest of the message
   * by {@link receivePayload} or {@link skipPayload} before the next one.
   */
  receiveHeader(): Uint8Array | undefined {
    this.#requireOpen();
    const size = this.#libzmq.receive(this.#pull, this.#header, DONTWAIT);
    if (size >= 0) return this.#header.subarray(0, size);
    const errno = this.#libzmq.errno();
    if (errno === EAGAIN || errno === EINTR) return undefined;
    return throwFailed(this.#libzmq, 'receive');
  }

  /** Receives the second and last frame into `target`. Returns its size, which may be more than fitted; undefined if it is no such message. */
  receivePayload(target: Uint8Array): number | undefined {
    if (!this.#hasMore) return undefined;
    const size = this.#libzmq.receive(this.#pull, target, DONTWAIT);
    if (size >= 0 && !this.#hasMore) return size;
    this.skipPayload();
    return undefined;
  }

  /** Drops what is left of a message. */
  skipPayload(): void {
    while (this.#hasMore) if (this.#libzmq.receive(this.#pull, NOTHING, DONTWAIT) < 0) return;
  }

  /** Blocks until a frame has come, until someone rings, or for `timeoutMs`. */
  wait(timeoutMs: number): Waited {
    this.#requireOpen();
    this.#libzmq.poll(this.#items, 2, timeoutMs);
    return { hasFrame: this.#items.readInt16LE(14) !== 0, isWoken: this.#items.readInt16LE(30) !== 0 };
  }

  /** Closes all sockets; resolves when what was sent is delivered, or `lingerMs` have passed. Calling it again changes nothing. */
  close(lingerMs: number): Promise<void> {
    this.#closing ??= this.#close(lingerMs);
    return this.#closing;
  }

  #close(lingerMs: number): Promise<void> {
    for (const push of this.#pushes.values()) {
      this.#libzmq.setNumber(push, LINGER, lingerMs);
      this.#libzmq.closeSocket(push);
    }
    this.#pushes.clear();
    this.#libzmq.closeSocket(this.#pull);
    return this.#libzmq.endContext(this.#context);
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new TransportError('TRANSPORT_CLOSED', 'the direct sockets are closed');
  }

  get #hasMore(): boolean {
    return this.#libzmq.getNumber(this.#pull, RCVMORE) !== 0;
  }
}

function bindError(errno: number, endpoint: string): TransportError {
  if (errno === EADDRINUSE) {
    return new TransportError('TRANSPORT_ADDRESS_IN_USE', `${endpoint} is already in use`, {
      hint: 'Choose another port, or 0 for any free one; another run may still be using it.',
      details: { endpoint },
    });
  }
  return new TransportError('TRANSPORT_BIND_FAILED', `cannot listen on ${endpoint}: errno ${errno}`, {
    hint: 'Use an address of this host, a port above 1023, and for ipc a folder that exists and can be written.',
    details: { endpoint, errno },
  });
}
