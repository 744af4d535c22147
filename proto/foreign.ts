/** Calls into libraries that Node has no face for, through koffi. */
import { createRequire } from 'node:module';

/** A function of a library; addresses are numbers where the signature says `uintptr_t`, else bigints. */
export interface ForeignFunction {
  (...args: readonly unknown[]): unknown;
  /** The same on another thread; the last argument is called when it is over. */
  async: (...args: readonly unknown[]) => void;
}

export interface ForeignLibrary {
  /** @param signature as a C prototype */
  func(signature: string): ForeignFunction;
  /** Where a symbol lies. */
  symbol(name: string): bigint;
}

/** The parts of koffi that are used here; its own types allow more than we do. */
export interface ForeignInterface {
  /** @param path of a shared library; null for what is loaded already */
  load(path: string | null): ForeignLibrary;
  decode(address: bigint, type: string): unknown;
  errno(): number;
}

/** Returns what tells where an array's first byte lies. @param libc the C library */
export function openAddressOf(libc: ForeignLibrary): (array: ArrayBufferView) => bigint {
  const memmove = libc.func('void *memmove(void *to, void *from, size_t bytes)');
  // Moving nothing returns where it would have gone to.
  return (array) => memmove(array, array, 0) as bigint;
}

interface Koffi extends ForeignInterface {
  config(settings: { readonly sync_stack_size: number }): void;
}

/**
 * Calls run on a stack of koffi's own, of 2 MiB. TensorFlow expects that of a process, commonly 8 MiB; this is the most
 * that koffi gives, and pages that nobody touches cost nothing.
 */
const STACK_BYTES = 16 * 2 ** 20;

let opened: ForeignInterface | null | undefined;

/** Returns the interface, or undefined where there is none for this platform, or `LOCKSTEP_NO_FFI` is 1. */
export function openForeign(): ForeignInterface | undefined {
  opened ??= open() ?? null;
  return opened ?? undefined;
}

function open(): ForeignInterface | undefined {
  if (process.env.LOCKSTEP_NO_FFI === '1') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    // Possible only until the first library is loaded.
    koffi.config({ sync_stack_size: STACK_BYTES });
    return koffi;
  } catch {
    return undefined;
  }
}
