/** Adds partial sums along the tree, wherever they lie: as frames that have come, or in vectors. */
import { SIMD_ALIGNMENT, SimdHeap } from '../simd/heap.js';
import { HeapReducer, type SumOperand, scratchBytes } from './heap-reducer.js';
import { allocateAligned, openAddKernels } from './sum-heap.js';
import type { SumTree } from './tree.js';

/** Scratch memory for all reducers of this thread, one at a time. */
let scratch: { readonly heap: SimdHeap; address: number; bytes: number } | undefined;

/** A heap on which vectors lie, so that they are summed in place; what lies elsewhere is brought in block by block. */
export interface VectorHeap {
  readonly memory: WebAssembly.Memory;
  /** The address of {@link scratchBytes} bytes for one reducer alone. */
  readonly scratch: number;
}

/** Adds `operands` in the order of a {@link SumTree}. */
export class Reducer {
  readonly #reducer: HeapReducer;
  /** Buffer objects that stand for the heap: growing it, or handing it to a thread, makes others of the same memory. */
  readonly #buffers: ReadonlySet<ArrayBufferLike>;

  /** @param onHeap vectors on `place`, which sums may be written to */
  constructor(tree: SumTree, place?: VectorHeap, onHeap: readonly Float32Array[] = []) {
    if (place === undefined) {
      const { heap, address } = scratchFor(scratchBytes(tree));
      this.#reducer = new HeapReducer(openAddKernels(heap), heap.memory, tree, address);
    } else {
      this.#reducer = new HeapReducer(openAddKernels(place), place.memory, tree, place.scratch);
    }
    this.#buffers = new Set(place === undefined ? [] : onHeap.map(({ buffer }) => buffer));
  }

  /**
   * Writes the sum to `destination`. Every operand has the destination's length; the destination may be one of them only if it is the
   * first. Rounds to float32 after each addition, so the result depends on the tree and on nothing else.
   */
  reduce(operands: readonly Float32Array[], destination: Float32Array): void {
    const isOnHeap = ({ buffer }: Float32Array) => this.#buffers.has(buffer);
    if (!isOnHeap(destination)) {
      this.#reducer.reduceInto(operands, destination);
      return;
    }
    const placed: SumOperand[] = operands.map((operand) => (isOnHeap(operand) ? operand.byteOffset : operand));
    this.#reducer.reduce(placed, destination.byteOffset, 0, destination.length);
  }
}

/** Returns scratch memory; what earlier reducers have stays where it is. */
function scratchFor(bytes: number): { readonly heap: SimdHeap; readonly address: number } {
  const heap = scratch?.heap ?? new SimdHeap();
  if (scratch === undefined || scratch.bytes < bytes) {
    scratch = { heap, bytes, address: allocateAligned(heap, bytes, SIMD_ALIGNMENT) };
  }
  return { heap, address: scratch.address };
}
