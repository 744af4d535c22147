/** Each thread's memory for pixel kernels: what one picture needs at a time, given back as a whole. */
import { SIMD_ALIGNMENT, SimdHeap } from '../../simd/heap.js';
import { openSimd } from '../../simd/module.js';

/** The heap grows by at least this much. */
const GROWTH_BYTES = 2 ** 23;
/** Kernels may read this far beyond what they were given. */
const SLACK_BYTES = 64;

/** Where RGB rows lie on the thread's heap. */
export interface PixelTarget {
  readonly address: number;
  /** Bytes from row to row. */
  readonly stride: number;
}

/** A stack of buffers. Whoever uses it does so within {@link frame}, without waiting for anything. */
export class PixelHeap {
  readonly #heap = new SimdHeap();
  /** Each growth gives the same memory another buffer object. */
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  #next: number;
  #end: number;

  constructor() {
    this.#next = this.#heap.allocate(GROWTH_BYTES);
    this.#end = this.#next + GROWTH_BYTES;
  }

  /** The exports of a module on this heap. */
  open<Exports>(name: string): Exports {
    return openSimd<Exports>(name, this.#heap);
  }

  /** Runs `body`; the buffers that it allocates are free again afterwards. */
  frame<T>(body: () => T): T {
    const start = this.#next;
    try {
      return body();
    } finally {
      this.#next = start;
    }
  }

  /**
   * Returns the address of `bytes` bytes of any content, a multiple of 64.
   * @throws EngineError `ENGINE_OUT_OF_MEMORY`
   */
  allocate(bytes: number): number {
    const address = this.#next;
    const end = Math.ceil((address + bytes + SLACK_BYTES) / SIMD_ALIGNMENT) * SIMD_ALIGNMENT;
    if (end > this.#end) {
      // Nobody else allocates on this heap, so what it adds follows what is there.
      const growth = Math.max(end - this.#end, GROWTH_BYTES);
      this.#end = this.#heap.allocate(growth) + growth;
    }
    this.#next = end;
    return address;
  }

  /**
   * Lets `body` work on an array: where it is if it lies on this heap, else on a copy that is copied back.
   * @param body gets the address
   */
  lend(array: Uint8Array, body: (address: number) => void): void {
    if (this.#buffers.has(array.buffer)) {
      body(array.byteOffset);
      return;
    }
    this.frame(() => {
      const address = this.allocate(array.length);
      const copy = this.bytes(address, array.length);
      copy.set(array);
      body(address);
      array.set(copy);
    });
  }

  /** The bytes at an address. */
  bytes(address: number, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.#buffer(), address, length);
  }

  /** The 32-bit numbers at an address. */
  words(address: number, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#buffer(), address, length);
  }

  /** The float64 numbers at an address. */
  doubles(address: number, length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.#buffer(), address, length);
  }

  /** The 16-bit numbers at an address. */
  shorts(address: number, length: number): Int16Array<SharedArrayBuffer> {
    return new Int16Array(this.#buffer(), address, length);
  }

  #buffer(): SharedArrayBuffer {
    const { buffer } = this.#heap.memory;
    this.#buffers.add(buffer);
    return buffer;
  }
}

let ofThisThread: PixelHeap | undefined;

/** The calling thread's heap. */
export function pixelHeap(): PixelHeap {
  ofThisThread ??= new PixelHeap();
  return ofThisThread;
}
