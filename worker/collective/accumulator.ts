/** Adds the vectors of a rank's own virtual ranks along the tree, as they come, into its partial sums. */
import { CollectiveError } from '../../proto/errors.js';
import { SIMD_ALIGNMENT, type SimdHeap } from '../simd/heap.js';
import { type AddKernels, allocateAligned, openAddKernels } from './sum-heap.js';
import { type LeafStep, leafSteps, maximalSubtrees, numSlots, type VirtualRange } from './tree.js';

/** Numbers that can only be copied, such as those of a tensor on a device. */
export interface CopySource {
  readonly length: number;
  /** Copies elements `begin` … into the target, which is not longer than what is left. */
  copyTo(target: Float32Array, begin: number): void;
}

/** Elements that are brought to the heap at a time to be added: 64 KiB, which stay in a second-level cache. */
const ADD_BLOCK_ELEMENTS = 16_384;

interface Leaf extends LeafStep {
  readonly partial: Float32Array;
}

/**
 * The partial sums of one rank, one per maximal subtree of its virtual ranks. With one virtual rank, or with two or three in one subtree,
 * it needs no memory besides the partials.
 */
export class Accumulator {
  readonly #range: VirtualRange;
  readonly #length: number;
  readonly #leaves: Leaf[];
  /** Slots 1, 2, …; slot 0 of a subtree is its partial. All subtrees share them: an element's subtrees come one after the other. */
  readonly #scratch: Float32Array[];
  readonly #kernels: AddKernels;
  /** Takes what is added, block by block: kernels see their heap only. */
  readonly #block: Float32Array;

  /**
   * @param range this rank's virtual ranks
   * @param partials one vector per maximal subtree, in ascending order, on the heap; written here, owned by the caller
   */
  constructor(range: VirtualRange, virtualRanks: number, partials: readonly Float32Array[], heap: SimdHeap) {
    this.#range = range;
    this.#length = partials[0]?.length ?? 0;
    const subtrees = maximalSubtrees(range, virtualRanks);
    this.#leaves = subtrees.flatMap((subtree, index) =>
      leafSteps(subtree.end - subtree.begin).map((step) => ({ ...step, partial: partials[index]! })),
    );
    const slots = Math.max(...subtrees.map((subtree) => numSlots(subtree.end - subtree.begin)));
    this.#scratch = Array.from({ length: slots - 1 }, () => heap.float32(this.#length));
    this.#kernels = openAddKernels(heap);
    const block = allocateAligned(heap, ADD_BLOCK_ELEMENTS * Float32Array.BYTES_PER_ELEMENT, SIMD_ALIGNMENT);
    this.#block = new Float32Array(heap.memory.buffer, block, ADD_BLOCK_ELEMENTS);
  }

  /**
   * Adds `data` as elements `offset` … of one virtual rank's vector. For each element the virtual ranks must come in ascending order, each
   * once; elements and virtual ranks may otherwise be interleaved as suits the caller.
   * @throws CollectiveError COLLECTIVE_BAD_ADD for another rank's virtual rank or elements outside of the vector
   */
  add(virtualRank: number, offset: number, data: Float32Array | CopySource): void {
    const leaf = this.#leaves[virtualRank - this.#range.begin];
    if (leaf === undefined || offset < 0 || offset + data.length > this.#length) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_ADD',
        `virtual rank ${virtualRank}, elements ${offset} to ${offset + data.length} are not within virtual ranks ` +
          `${this.#range.begin} to ${this.#range.end - 1} and ${this.#length} elements`,
        { hint: 'This is a defect of the caller: add only local virtual ranks, within the vector.' },
      );
    }
    const target = this.#slot(leaf, leaf.storeSlot);
    const [first, ...rest] = leaf.addSlots;
    if (first === undefined) {
      copy(data, target.subarray(offset, offset + data.length), 0);
      return;
    }
    // The innermost slot first: it is the left sibling of this leaf. The last one is the target itself.
    const slots = [first, ...rest].map((slot) => this.#slot(leaf, slot).byteOffset);
    for (let done = 0; done < data.length; done += ADD_BLOCK_ELEMENTS) {
      const count = Math.min(ADD_BLOCK_ELEMENTS, data.length - done);
      copy(data, this.#block.subarray(0, count), done);
      let sum = this.#block.byteOffset;
      for (const slot of slots) {
        const left = slot + (offset + done) * Float32Array.BYTES_PER_ELEMENT;
        this.#kernels.addBoth(left, left, sum, count);
        sum = left;
      }
    }
  }

  #slot(leaf: Leaf, slot: number): Float32Array {
    return slot === 0 ? leaf.partial : this.#scratch[slot - 1]!;
  }
}

function copy(data: Float32Array | CopySource, target: Float32Array, begin: number): void {
  if (data instanceof Float32Array) target.set(data.subarray(begin, begin + target.length));
  else data.copyTo(target, begin);
}
