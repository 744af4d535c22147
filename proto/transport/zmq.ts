/**
 * The four sockets of Lockstep, each with one job, over zeromq. They add what zeromq leaves to its users: sends that queue up instead
 * of failing with EBUSY, aborting a wait by closing the socket, explicit linger, and errors that say what to do.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Dealer, Pull, Push, Router, type Socket } from 'zeromq';
import { MAX_ENVELOPE_BYTES, MAX_PAYLOAD_BYTES } from '../codec.js';
import { TransportError } from '../errors.js';
import { isIpv6, parseEndpoint, tcpEndpoint } from './address.js';

/** How long a closed control socket goes on delivering what it was given, by default. */
const CONTROL_LINGER_MS = 5_000;
/** How long one peer that takes nothing may hold up the messages for the others. */
const SEND_TIMEOUT_MS = 250;
/** ZeroMQ's own pings find a dead TCP connection (pulled cable, partition) and make it reconnect. */
const PING = { heartbeatInterval: 2_000, heartbeatTimeout: 8_000, handshakeInterval: 10_000 } as const;

/** Kernel buffers of payload connections: room for a few segments, so that one side's pause does not stop the other. */
const PAYLOAD_BUFFER_BYTES = 4 * 1024 * 1024;

/** A message as it came: frames that belong to the receiver. */
export type Frames = Buffer[];

/** Identifies a connected peer of a {@link ControlServer} for as long as it is connected. */
export type PeerId = string;

export interface OpenOptions {
  /** Closes the socket when it aborts; waiting receives end. */
  readonly signal?: AbortSignal | undefined;
}

/** The coordinator's socket: ROUTER. Answers go to the peer that a message came from. */
export class ControlServer implements AsyncDisposable {
  /** Where it listens, with the port that was chosen for port 0. */
  readonly endpoint: string;
  readonly #socket: Router;
  readonly #sends = new SendQueue();

  private constructor(socket: Router, endpoint: string) {
    this.#socket = socket;
    this.endpoint = endpoint;
  }

  /**
   * Returns a server that listens on `tcp://host:port` (port 0: any free one) or `ipc:///path`.
   * @throws TransportError TRANSPORT_ADDRESS_IN_USE, TRANSPORT_BIND_FAILED, TRANSPORT_BAD_ADDRESS
   */
  static async open(endpoint: string, options: OpenOptions = {}): Promise<ControlServer> {
    options.signal?.throwIfAborted();
    const socket = new Router({
      ...PING,
      // Without it a message for a peer that has gone would vanish without a word.
      mandatory: true,
      // A worker that reconnects after a broken connection keeps its identity.
      handover: true,
      linger: CONTROL_LINGER_MS,
      maxMessageSize: MAX_ENVELOPE_BYTES,
      sendTimeout: SEND_TIMEOUT_MS,
    });
    const bound = await bindOrClose(socket, endpoint);
    closeOnAbort(socket, options.signal);
    return new ControlServer(socket, bound);
  }

  /** Messages in the order in which they came; ends when the server is closed. One reader at a time. */
  async *messages(): AsyncGenerator<{ readonly peer: PeerId; readonly frame: Buffer }> {
    for await (const frames of this.#socket) {
      const [identity, frame] = frames;
      // Our peers send one frame. Anything else comes from a stranger; an empty frame fails in the codec and is counted there.
      if (identity === undefined) continue;
      yield { peer: identity.toString('hex'), frame: frames.length === 2 && frame ? frame : Buffer.alloc(0) };
    }
  }

  /**
   * Resolves when the message is queued for the peer; messages to one peer keep their order.
   * @throws TransportError TRANSPORT_PEER_GONE (not connected), TRANSPORT_PEER_SLOW (its queue stayed full), TRANSPORT_CLOSED
   */
  async send(peer: PeerId, frame: Uint8Array): Promise<void> {
    await this.#sends.run(async () => {
      try {
        await this.#socket.send([Buffer.from(peer, 'hex'), asBuffer(frame)]);
      } catch (error) {
        throw sendError(error, this.#socket, `peer ${peer}`);
      }
    });
  }

  /** Stops listening; what was sent is still delivered in the background, for `lingerMs` at most. */
  async close(options: { readonly lingerMs?: number } = {}): Promise<void> {
    await closeSocket(this.#socket, this.#sends, options.lingerMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export interface ControlClientOptions extends OpenOptions {
  /** A name of this peer, unique at its server, under which it is known again after a broken connection. */
  readonly identity: string;
}

/** A worker's or agent's socket: DEALER. Connects in the background and again after a loss. */
export class ControlClient implements AsyncDisposable {
  readonly endpoint: string;
  readonly #socket: Dealer;
  readonly #sends = new SendQueue();

  private constructor(socket: Dealer, endpoint: string) {
    this.#socket = socket;
    this.endpoint = endpoint;
  }

  /** Returns a client of the server at `endpoint`, which need not be there yet. @throws TransportError TRANSPORT_BAD_ADDRESS */
  static open(endpoint: string, options: ControlClientOptions): ControlClient {
    options.signal?.throwIfAborted();
    const parsed = parseEndpoint(endpoint);
    const socket = new Dealer({
      ...PING,
      routingId: options.identity,
      ipv6: isIpv6(parsed),
      linger: CONTROL_LINGER_MS,
      maxMessageSize: MAX_ENVELOPE_BYTES,
      reconnectInterval: 100,
      reconnectMaxInterval: 1_000,
    });
    connectOrClose(socket, endpoint);
    closeOnAbort(socket, options.signal);
    return new ControlClient(socket, endpoint);
  }

  /** Messages in the order in which they came; ends when the client is closed. One reader at a time. */
  async *messages(): AsyncGenerator<Buffer> {
    for await (const frames of this.#socket) yield frames.length === 1 && frames[0] ? frames[0] : Buffer.alloc(0);
  }

  /** Resolves when the message is queued; messages keep their order. @throws TransportError TRANSPORT_CLOSED */
  async send(frame: Uint8Array): Promise<void> {
    await this.#sends.run(async () => {
      try {
        await this.#socket.send(asBuffer(frame));
      } catch (error) {
        throw sendError(error, this.#socket, this.endpoint);
      }
    });
  }

  /** Waits for the queued sends, then closes; delivery goes on in the background, for `lingerMs` at most, even while the process exits. */
  async close(options: { readonly lingerMs?: number } = {}): Promise<void> {
    await closeSocket(this.#socket, this.#sends, options.lingerMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Where a worker's payload comes in: PULL, bound to one endpoint or to several. */
export class PayloadReceiver implements AsyncDisposable {
  readonly #socket: Pull;
  readonly #none = new SendQueue();

  constructor(options: OpenOptions = {}) {
    options.signal?.throwIfAborted();
    this.#socket = new Pull({
      linger: 0,
      maxMessageSize: MAX_PAYLOAD_BYTES,
      // Per peer: 64 segments of 1 MiB. Beyond that the sender waits.
      receiveHighWaterMark: 64,
      receiveBufferSize: PAYLOAD_BUFFER_BYTES,
      handshakeInterval: 10_000,
      ipv6: false,
    });
    closeOnAbort(this.#socket, options.signal);
  }

  /**
   * Listens on one more endpoint and returns it with the port that was chosen for port 0.
   * @throws TransportError TRANSPORT_ADDRESS_IN_USE, TRANSPORT_BIND_FAILED, TRANSPORT_BAD_ADDRESS
   */
  async bind(endpoint: string): Promise<string> {
    return bind(this.#socket, endpoint);
  }

  /** Messages as they come, in order per sender; ends when the receiver is closed. One reader at a time. */
  async *messages(): AsyncGenerator<Frames> {
    for await (const frames of this.#socket) yield frames;
  }

  async close(): Promise<void> {
    await closeSocket(this.#socket, this.#none, 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Payload on its way to one peer: PUSH. */
export class PayloadSender implements AsyncDisposable {
  readonly endpoint: string;
  readonly #socket: Push;
  readonly #sends = new SendQueue();

  /** Connects in the background. @throws TransportError TRANSPORT_BAD_ADDRESS */
  constructor(endpoint: string, options: OpenOptions = {}) {
    options.signal?.throwIfAborted();
    this.endpoint = endpoint;
    this.#socket = new Push({
      linger: 0,
      sendHighWaterMark: 64,
      sendBufferSize: PAYLOAD_BUFFER_BYTES,
      ipv6: isIpv6(parseEndpoint(endpoint)),
      reconnectInterval: 50,
      reconnectMaxInterval: 1_000,
    });
    connectOrClose(this.#socket, endpoint);
    closeOnAbort(this.#socket, options.signal);
  }

  /**
   * Resolves when the message is queued. Frames over 128 bytes are not copied: their memory, shared memory included, must stay as it is
   * until the receiver has it, which only the receiver's answer can tell.
   * @throws TransportError TRANSPORT_CLOSED
   */
  async send(frames: readonly [Uint8Array, Uint8Array]): Promise<void> {
    await this.#sends.run(async () => {
      try {
        await this.#socket.send([asBuffer(frames[0]), asBuffer(frames[1])]);
      } catch (error) {
        throw sendError(error, this.#socket, this.endpoint);
      }
    });
  }

  /** Closes at once; `lingerMs` above 0 first delivers what is queued. */
  async close(options: { readonly lingerMs?: number } = {}): Promise<void> {
    await closeSocket(this.#socket, this.#sends, options.lingerMs ?? 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Runs sends one after the other: zeromq allows a single one to wait. */
class SendQueue {
  #tail: Promise<void> = Promise.resolve();

  run(send: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(send);
    this.#tail = done.catch(() => {});
    return done;
  }

  drained(): Promise<void> {
    return this.#tail;
  }
}

async function bindOrClose(socket: Router, endpoint: string): Promise<string> {
  try {
    return await bind(socket, endpoint);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function bind(socket: Router | Pull, endpoint: string): Promise<string> {
  // Set only for IPv6: zeromq warns about options that change after a first bind.
  if (isIpv6(parseEndpoint(endpoint))) socket.ipv6 = true;
  const target = await bindTarget(endpoint);
  try {
    await socket.bind(target);
  } catch (error) {
    throw bindError(error, endpoint);
  }
  return socket.lastEndpoint ?? target;
}

/** Returns the endpoint as libzmq can bind to it. @throws TransportError TRANSPORT_BAD_ADDRESS */
export async function bindTarget(endpoint: string): Promise<string> {
  const parsed = parseEndpoint(endpoint);
  if (parsed.kind === 'ipc') return endpoint;
  return tcpEndpoint(await bindableHost(parsed.host), parsed.port).replace(/:0$/, ':*');
}

/** libzmq binds to addresses and interface names, and does not look names up. */
async function bindableHost(host: string): Promise<string> {
  if (host === '*' || isIP(host) !== 0 || networkInterfaces()[host] !== undefined) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new TransportError('TRANSPORT_BAD_ADDRESS', `the host name "${host}" is not known here`, {
      hint: 'Use an IP address of this host, or the name of one of its network interfaces.',
      details: { host },
      cause: error,
    });
  }
}

function connectOrClose(socket: Dealer | Push, endpoint: string): void {
  try {
    socket.connect(endpoint);
  } catch (error) {
    socket.close();
    throw new TransportError('TRANSPORT_BAD_ADDRESS', `cannot connect to "${endpoint}": ${text(error)}`, {
      hint: 'Check the host name and the port.',
      details: { endpoint },
      cause: error,
    });
  }
}

function closeOnAbort(socket: Socket, signal: AbortSignal | undefined): void {
  signal?.addEventListener('abort', () => socket.close(), { once: true });
}

async function closeSocket(socket: Socket, sends: SendQueue, lingerMs: number | undefined): Promise<void> {
  if (socket.closed) return;
  if (lingerMs !== undefined) socket.linger = lingerMs;
  // With linger 0 nobody waits for what is queued, least of all for a peer that no longer reads.
  if (lingerMs !== 0) await Promise.race([sends.drained(), pause(lingerMs ?? CONTROL_LINGER_MS)]);
  socket.close();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** A view, not a copy; zeromq takes plain Uint8Arrays for strings. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bindError(error: unknown, endpoint: string): TransportError {
  if (errno(error) === 'EADDRINUSE') {
    return new TransportError('TRANSPORT_ADDRESS_IN_USE', `${endpoint} is already in use`, {
      hint: 'Choose another port, or 0 for any free one; another run may still be using it.',
      details: { endpoint },
      cause: error,
    });
  }
  return new TransportError('TRANSPORT_BIND_FAILED', `cannot listen on ${endpoint}: ${text(error)}`, {
    hint: 'Use an address of this host, a port above 1023, and for ipc a folder that exists and can be written.',
    details: { endpoint, errno: errno(error) },
    cause: error,
  });
}

function sendError(error: unknown, socket: Socket, peer: string): TransportError {
  const details = { peer, errno: errno(error) };
  if (socket.closed) {
    return new TransportError('TRANSPORT_CLOSED', `the connection to ${peer} is closed`, { details, cause: error });
  }
  if (errno(error) === 'EHOSTUNREACH') {
    return new TransportError('TRANSPORT_PEER_GONE', `${peer} is not connected`, { details, cause: error });
  }
  if (errno(error) === 'EAGAIN') {
    return new TransportError('TRANSPORT_PEER_SLOW', `${peer} takes no messages`, { details, cause: error });
  }
  return new TransportError('TRANSPORT_SEND_FAILED', `cannot send to ${peer}: ${text(error)}`, {
    details,
    cause: error,
  });
}

function errno(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
