/**
 * Memory that SIMD kernels can work on. It is shared, so that threads can be handed it, and so that growing it leaves views
 * that were made before valid.
 */
import { EngineError } from '../../proto/errors.js';

const PAGE_BYTES = 2 ** 16;
/** What a 32-bit module can address. */
const MAX_PAGES = 2 ** 16;
/** A cache line, and the alignment from which TensorFlow uses memory in place. */
export const SIMD_ALIGNMENT = 64;
/** Modules may keep constants below this address. */
const RESERVED_BYTES = 4096;

/** Buffers of all heaps of this thread: each growth gives the same memory another buffer object, and all begin at its start. */
const heapBuffers = new WeakSet<ArrayBufferLike>();

/** Whether the buffer is a heap's, which begins at the start of a page: addresses in it are aligned as its byte offsets are. */
export function isHeapBuffer(buffer: ArrayBufferLike): boolean {
  return heapBuffers.has(buffer);
}

/** An allocator that only ever grows: buffers live as long as the heap. One thread may allocate. */
export class SimdHeap {
  readonly memory: WebAssembly.Memory;
  /** Each growth gives the same memory another buffer object; all begin at address 0. */
  readonly #buffers = new WeakSet<SharedArrayBuffer>();
  #next = RESERVED_BYTES;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    this.#remember();
  }

  /**
   * Returns the address of `bytes` zeros, a multiple of 64.
   * @throws EngineError `ENGINE_OUT_OF_MEMORY` when the heap cannot grow that far (4 GiB at most)
   */
  allocate(bytes: number): number {
    const start = this.#next;
    const end = Math.ceil((start + bytes) / SIMD_ALIGNMENT) * SIMD_ALIGNMENT;
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE_BYTES));
        this.#remember();
      } catch (error) {
        throw new EngineError('ENGINE_OUT_OF_MEMORY', `no room for ${bytes} bytes beside the ${start} in use`, {
          hint: 'free memory on this machine, or use a smaller model or batch',
          cause: error,
        });
      }
    }
    this.#next = end;
    return start;
  }

  /** Bytes that can still be had, if the machine has them. */
  get freeBytes(): number {
    return MAX_PAGES * PAGE_BYTES - this.#next;
  }

  /** Returns `length` zeros. `byteOffset` of the array is its address. */
  float32(length: number): Float32Array<SharedArrayBuffer> {
    const address = this.allocate(length * Float32Array.BYTES_PER_ELEMENT);
    return new Float32Array(this.#buffer, address, length);
  }

  /** Returns `length` zeros. `byteOffset` of the array is its address. */
  uint8(length: number): Uint8Array<SharedArrayBuffer> {
    const address = this.allocate(length);
    return new Uint8Array(this.#buffer, address, length);
  }

  /** Whether a kernel can work on this array in place. */
  holds(array: ArrayBufferView): boolean {
    return array.buffer instanceof SharedArrayBuffer && this.#buffers.has(array.buffer);
  }

  /** Makes the present buffer known as this heap's: whoever has the memory may make views of it. */
  #remember(): void {
    this.#buffers.add(this.#buffer);
    heapBuffers.add(this.#buffer);
  }

  get #buffer(): SharedArrayBuffer {
    return this.memory.buffer;
  }
}
