/** Adds partial sums along the tree, wherever they lie: as frames that have come, or in vectors. */
import { SIMD_ALIGNMENT, SimdHeap } from '../simd/heap.js';
import { HeapReducer, scratchBytes } from './heap-reducer.js';
import { allocateAligned, openAddKernels } from './sum-heap.js';
import type { SumTree } from './tree.js';

/** Scratch memory for all reducers of this thread, one at a time. */
let scratch: { readonly heap: SimdHeap; address: number; bytes: number } | undefined;

/** Adds `operands` in the order of a {@link SumTree}. */
export class Reducer {
  readonly #reducer: HeapReducer;

  constructor(tree: SumTree) {
    const { heap, address } = scratchFor(scratchBytes(tree));
    this.#reducer = new HeapReducer(openAddKernels(heap), heap.memory, tree, address);
  }

  /**
   * Writes the sum to `destination`. Every operand has the destination's length; the destination may be one of them only if it is the
   * first. Rounds to float32 after each addition, so the result depends on the tree and on nothing else.
   */
  reduce(operands: readonly Float32Array[], destination: Float32Array): void {
    this.#reducer.reduceInto(operands, destination);
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
