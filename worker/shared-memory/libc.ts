/** The few calls of the C library that Node has no face for: memory files, mappings, and waits on a word of shared memory. */
import { openAddressOf, openForeign } from '../../proto/foreign.js';

/** A machine address; koffi's form of a pointer. */
export type Address = bigint;

/** Calls return what the C functions do; -1 (or an address of all ones) means failure, and `errno()` why. */
export interface Libc {
  memfdCreate(name: string, flags: number): number;
  mmap(address: Address, bytes: number, protection: number, flags: number, fd: number, offset: number): Address;
  /** Takes whole pages of a mapped file out of this process, until they are touched again; what is in them stays. */
  unmapPages(pages: Uint8Array): number;
  futexWait(word: Int32Array, expected: number, timeout: BigInt64Array): number;
  futexWake(word: Int32Array, numWaiters: number): number;
  /** Where an array's first byte lies. */
  addressOf(array: Uint8Array): Address;
  readByte(address: Address): number;
  errno(): number;
}

/** Numbers of the futex call by processor; the two that koffi and the engines have binaries for. */
const SYS_FUTEX: Readonly<Record<string, number>> = { x64: 202, arm64: 98 };
const MADV_DONTNEED = 4;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;

let opened: Libc | null | undefined;

/** Returns the calls, or undefined where there are none: not on Linux, another C library, or no koffi for this platform. */
export function openLibc(): Libc | undefined {
  opened ??= load() ?? null;
  return opened ?? undefined;
}

function load(): Libc | undefined {
  const futex = SYS_FUTEX[process.arch];
  if (process.platform !== 'linux' || futex === undefined) return undefined;
  try {
    const koffi = openForeign();
    if (koffi === undefined) return undefined;
    const library = koffi.load('libc.so.6');
    const memfdCreate = library.func('int memfd_create(const char *name, unsigned int flags)');
    const mmap = library.func('void *mmap(void *addr, size_t len, int prot, int flags, int fd, int64_t off)');
    const madvise = library.func('int madvise(void *addr, size_t len, int advice)');
    // No argument is a floating-point number, so the variadic call has the plain calling convention.
    const syscall = library.func(
      'long syscall(long number, void *word, long op, long value, void *timeout, void *word2, long value3)',
    );
    return {
      memfdCreate: (name, flags) => memfdCreate(name, flags) as number,
      mmap: (...args) => mmap(...args) as Address,
      unmapPages: (pages) => madvise(pages, pages.byteLength, MADV_DONTNEED) as number,
      futexWait: (word, expected, timeout) => syscall(futex, word, FUTEX_WAIT, expected, timeout, null, 0) as number,
      futexWake: (word, numWaiters) => syscall(futex, word, FUTEX_WAKE, numWaiters, null, null, 0) as number,
      addressOf: openAddressOf(library),
      readByte: (address) => koffi.decode(address, 'uint8') as number,
      errno: () => koffi.errno(),
    };
  } catch {
    return undefined;
  }
}
