/** Where frames are received and what checks them: memory on the heap of the vectors, so that kernels read frames where they come in. */
import type { LaneChecksum } from '../../proto/codec.js';
import { SimdHeap } from '../simd/heap.js';
import { openSimd } from '../simd/module.js';
import { type Plan, SEGMENT_ELEMENTS } from './plan.js';

/** Plain values: it can be sent to another thread. The main thread allocates it. */
export interface FrameMemory {
  /** Of `numSlots` times `slotBytes` bytes. */
  readonly slots: number;
  readonly slotBytes: number;
  readonly numSlots: number;
  /** Of {@link SUM_BYTES} bytes. */
  readonly sums: number;
}

/** What `worker/simd/assembly/frames.ts` exports. Arguments are addresses on the heap. */
interface FrameKernels {
  checksum(source: number, bytes: number, out: number): void;
  addChecked(target: number, a: number, b: number, count: number, out: number): void;
}

/** A slot takes any segment. */
const SLOT_BYTES = SEGMENT_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
/** Frames that wait for more than these get memory of their own. Slots that are never used are never touched, so they cost nothing. */
const MAX_SLOTS = 64;
/** What two checksums take to be made. */
export const SUM_BYTES = 128;

/** Allocates what a rank needs to receive frames. @throws EngineError ENGINE_OUT_OF_MEMORY */
export function allocateFrames(heap: SimdHeap, plan: Plan, rank: number): FrameMemory {
  const numOwned = plan.segments.filter(({ chunk }) => chunk === rank).length;
  const numForeign = plan.partials.filter((partial) => partial.rank !== rank).length;
  const numSlots = Math.min(MAX_SLOTS, Math.max(1, numOwned * numForeign));
  return {
    slots: heap.allocate(numSlots * SLOT_BYTES),
    slotBytes: SLOT_BYTES,
    numSlots,
    sums: heap.allocate(SUM_BYTES),
  };
}

/** Memory for frames that have come. The slot that was given back last is used first: it is still in the cache. */
export class FrameSlots {
  readonly #buffer: ArrayBufferLike;
  readonly #slotBytes: number;
  readonly #free: number[];
  readonly #taken = new Set<number>();

  constructor(memory: WebAssembly.Memory, { slots, slotBytes, numSlots }: FrameMemory) {
    this.#buffer = memory.buffer;
    this.#slotBytes = slotBytes;
    this.#free = Array.from({ length: numSlots }, (_, i) => slots + (numSlots - 1 - i) * slotBytes);
  }

  /** Returns memory for a frame, or undefined if it is longer than a slot or none is free. */
  take(bytes: number): Uint8Array | undefined {
    const address = bytes > this.#slotBytes ? undefined : this.#free.pop();
    if (address === undefined) return undefined;
    this.#taken.add(address);
    return new Uint8Array(this.#buffer, address, bytes);
  }

  /** Takes back what {@link take} gave; anything else is left alone. */
  give({ buffer, byteOffset }: Uint8Array): void {
    if (buffer === this.#buffer && this.#taken.delete(byteOffset)) this.#free.push(byteOffset);
  }
}

/** Lane checksums, of which worker/simd/assembly/frames.ts says what they are. */
export class LaneSums {
  readonly #kernels: FrameKernels;
  readonly #out: number;
  readonly #sums: Uint32Array;
  /** Buffer objects that stand for the heap. */
  readonly #buffers: ReadonlySet<ArrayBufferLike>;
  #elsewhere: OwnSums | undefined;

  /** @param onHeap vectors on the same heap */
  constructor(memory: WebAssembly.Memory, { sums }: Pick<FrameMemory, 'sums'>, onHeap: readonly Float32Array[]) {
    this.#kernels = openSimd<FrameKernels>('frames', { memory });
    this.#out = sums;
    this.#sums = new Uint32Array(memory.buffer, sums, SUM_BYTES / Uint32Array.BYTES_PER_ELEMENT);
    this.#buffers = new Set([memory.buffer, ...onHeap.map(({ buffer }) => buffer)]);
  }

  /** Whether kernels can read this where it lies. */
  holds({ buffer }: ArrayBufferView): boolean {
    return this.#buffers.has(buffer);
  }

  /** Returns the checksum of a payload; one that lies elsewhere is copied first. */
  of(payload: Uint8Array): LaneChecksum {
    if (!this.holds(payload)) {
      this.#elsewhere ??= new OwnSums();
      return this.#elsewhere.of(payload);
    }
    return this.ofHeap(payload);
  }

  /** As {@link of}, of a payload that is known to lie on the heap. */
  ofHeap({ byteOffset, byteLength }: Uint8Array): LaneChecksum {
    this.#kernels.checksum(byteOffset, byteLength, this.#out);
    return this.#read(0);
  }

  /** target ← a + b, all on the heap and as long as the target. Returns the checksums of b and of the target. */
  add(
    target: Float32Array,
    a: Float32Array,
    b: Uint8Array,
  ): { readonly addend: LaneChecksum; readonly sum: LaneChecksum } {
    this.#kernels.addChecked(target.byteOffset, a.byteOffset, b.byteOffset, target.length, this.#out);
    return { addend: this.#read(0), sum: this.#read(SUM_BYTES / 2 / Uint32Array.BYTES_PER_ELEMENT) };
  }

  #read(index: number): LaneChecksum {
    return { sum: this.#sums[index]!, turn: this.#sums[index + 1]! };
  }
}

/** Checksums of payloads from anywhere, on a heap of their own. */
export class OwnSums {
  readonly #heap = new SimdHeap();
  readonly #sums = new LaneSums(this.#heap.memory, { sums: this.#heap.allocate(SUM_BYTES) }, []);
  #space = this.#heap.uint8(0);

  of(payload: Uint8Array): LaneChecksum {
    if (this.#space.length < payload.length) this.#space = this.#heap.uint8(Math.max(SLOT_BYTES, payload.length));
    const copy = this.#space.subarray(0, payload.length);
    copy.set(payload);
    return this.#sums.ofHeap(copy);
  }
}
