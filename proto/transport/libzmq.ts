/**
 * ZeroMQ's own functions, called in the library that the zeromq package has loaded already. The package's sockets hand out each frame as
 * new memory outside of V8's heap, which only a full collection gives back; these receive into memory of the caller.
 */
import { readFileSync } from 'node:fs';
// Loads the library.
import 'zeromq';
import { TransportError } from '../errors.js';
import { type ForeignInterface, type ForeignLibrary, openForeign } from '../foreign.js';

/** A machine address; koffi's form of a pointer. */
export type Address = bigint;

/** Calls return what the C functions do; -1 means failure, and `errno()` why. */
export interface Libzmq {
  openContext(): Address;
  /** Resolves when all sockets of the context are closed and have delivered what they had to. */
  endContext(context: Address): Promise<void>;
  openSocket(context: Address, type: number): Address;
  closeSocket(socket: Address): number;
  bind(socket: Address, endpoint: string): number;
  connect(socket: Address, endpoint: string): number;
  setNumber(socket: Address, option: number, value: number): number;
  setWide(socket: Address, option: number, value: bigint): number;
  getNumber(socket: Address, option: number): number;
  getText(socket: Address, option: number): string;
  /** Copies the bytes. */
  send(socket: Address, bytes: Uint8Array, flags: number): number;
  /** Does not: the bytes must stay as they are until the receiver has them. */
  sendInPlace(socket: Address, bytes: Uint8Array, flags: number): number;
  /** Returns the frame's size, of which what fits was written. */
  receive(socket: Address, target: Uint8Array, flags: number): number;
  /** Waits for what `items` describe, records of `zmq_pollitem_t`. */
  poll(items: Uint8Array, numItems: number, timeoutMs: number): number;
  errno(): number;
}

const MAX_TEXT_BYTES = 256;
/** Below the 32 MiB from which on glibc learns nothing; it then keeps up to twice as much. */
const LARGE_BLOCK_BYTES = 30 * 2 ** 20;

let opened: Libzmq | null | undefined;

/** Returns the calls, or undefined where there are none: not on Linux, or no koffi for this platform. */
export function openLibzmq(): Libzmq | undefined {
  opened ??= load() ?? null;
  return opened ?? undefined;
}

/** Throws what a failed call means. @param what was to be done */
export function throwFailed(libzmq: Libzmq, what: string): never {
  const errno = libzmq.errno();
  throw new TransportError('TRANSPORT_SEND_FAILED', `ZeroMQ cannot ${what}: errno ${errno}`, { details: { errno } });
}

function load(): Libzmq | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const path = readFileSync('/proc/self/maps', 'utf8').match(/\/.*zeromq\/.*addon\.node$/m)?.[0];
    if (path === undefined) return undefined;
    const foreign = openForeign();
    return foreign && bindCalls(foreign, path);
  } catch {
    return undefined;
  }
}

/**
 * Frames are allocated and freed all the time, and glibc gives freed memory back to the kernel at once, until the process has freed a
 * larger block than that for the first time (see M_MMAP_THRESHOLD in mallopt(3)). A block that is never touched will do.
 */
function keepFreedMemory(libc: ForeignLibrary): void {
  const malloc = libc.func('void *malloc(size_t bytes)');
  const free = libc.func('void free(void *block)');
  free(malloc(LARGE_BLOCK_BYTES));
}

function bindCalls(foreign: ForeignInterface, path: string): Libzmq {
  const library = foreign.load(path);
  const contextNew = library.func('void *zmq_ctx_new()');
  const contextTerm = library.func('int zmq_ctx_term(void *context)');
  const socketNew = library.func('void *zmq_socket(void *context, int type)');
  const close = library.func('int zmq_close(void *socket)');
  const bind = library.func('int zmq_bind(void *socket, const char *endpoint)');
  const connect = library.func('int zmq_connect(void *socket, const char *endpoint)');
  const setOption = library.func('int zmq_setsockopt(void *socket, int option, void *value, size_t bytes)');
  const getOption = library.func('int zmq_getsockopt(void *socket, int option, void *value, void *bytes)');
  const send = library.func('int zmq_send(void *socket, void *bytes, size_t size, int flags)');
  const sendConst = library.func('int zmq_send_const(void *socket, void *bytes, size_t size, int flags)');
  const receive = library.func('int zmq_recv(void *socket, void *target, size_t size, int flags)');
  const poll = library.func('int zmq_poll(void *items, int count, long timeout)');
  keepFreedMemory(foreign.load('libc.so.6'));
  const number = new Int32Array(1);
  const wide = new BigInt64Array(1);
  const size = new BigUint64Array(1);
  const text = Buffer.alloc(MAX_TEXT_BYTES);
  return {
    openContext: () => contextNew() as Address,
    endContext: (context) => new Promise((resolve) => contextTerm.async(context, () => resolve())),
    openSocket: (context, type) => socketNew(context, type) as Address,
    closeSocket: (socket) => close(socket) as number,
    bind: (socket, endpoint) => bind(socket, endpoint) as number,
    connect: (socket, endpoint) => connect(socket, endpoint) as number,
    setNumber(socket, option, value) {
      number[0] = value;
      return setOption(socket, option, number, number.byteLength) as number;
    },
    setWide(socket, option, value) {
      wide[0] = value;
      return setOption(socket, option, wide, wide.byteLength) as number;
    },
    getNumber(socket, option) {
      size[0] = BigInt(number.byteLength);
      getOption(socket, option, number, size);
      return number[0] ?? 0;
    },
    getText(socket, option) {
      size[0] = BigInt(MAX_TEXT_BYTES);
      getOption(socket, option, text, size);
      // The size counts the zero at the end.
      return text.toString('utf8', 0, Number(size[0]) - 1);
    },
    send: (socket, bytes, flags) => send(socket, bytes, bytes.byteLength, flags) as number,
    sendInPlace: (socket, bytes, flags) => sendConst(socket, bytes, bytes.byteLength, flags) as number,
    receive: (socket, target, flags) => receive(socket, target, target.byteLength, flags) as number,
    poll: (items, numItems, timeoutMs) => poll(items, numItems, timeoutMs) as number,
    errno: () => foreign.errno(),
  };
}
