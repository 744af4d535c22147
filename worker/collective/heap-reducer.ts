/** Sums along the tree with SIMD, block by block so that what is added stays in the first-level cache. */
import { type AddKernels, SUM_BLOCK_ELEMENTS } from './sum-heap.js';
import type { SumTree } from './tree.js';

/**
 * Adds operands on a heap in the order of a {@link SumTree}, to the same bits as {@link Reducer}. Owns its scratch memory; not for use from
 * two threads.
 */
export class HeapReducer {
  readonly #kernels: AddKernels;
  readonly #tree: SumTree;
  readonly #scratch: number;

  /** @param scratch the address of {@link scratchBytes} bytes on the kernels' heap */
  constructor(kernels: AddKernels, tree: SumTree, scratch: number) {
    this.#kernels = kernels;
    this.#tree = tree;
    this.#scratch = scratch;
  }

  /**
   * Writes the sum of elements `offset` … `offset + length − 1` to the same elements at `target`.
   * @param operands addresses of whole vectors
   * @param target the address of a whole vector, none of the operands
   */
  reduce(operands: readonly number[], target: number, offset: number, length: number): void {
    const end = offset + length;
    for (let begin = offset; begin < end; begin += SUM_BLOCK_ELEMENTS) {
      const count = Math.min(SUM_BLOCK_ELEMENTS, end - begin);
      this.#evaluate(this.#tree, operands, begin * 4, count, target + begin * 4, 0);
    }
  }

  /** Writes the sum of a node to `target`. */
  #evaluate(
    node: SumTree,
    operands: readonly number[],
    offset: number,
    count: number,
    target: number,
    depth: number,
  ): void {
    if (typeof node === 'number') {
      this.#kernels.copy(target, operands[node]! + offset, count);
      return;
    }
    const { left, right } = node;
    // Leaves are read in place; inner nodes are summed first, the left one into the target, the right one into scratch.
    let a = target;
    if (typeof left === 'number') a = operands[left]! + offset;
    else this.#evaluate(left, operands, offset, count, target, depth);
    let b = this.#scratch + depth * SUM_BLOCK_ELEMENTS * 4;
    if (typeof right === 'number') b = operands[right]! + offset;
    else this.#evaluate(right, operands, offset, count, b, depth + 1);
    this.#kernels.addBoth(target, a, b, count);
  }
}

/** Returns how much scratch memory a {@link HeapReducer} for this tree needs. */
export function scratchBytes(tree: SumTree): number {
  return depthOf(tree) * SUM_BLOCK_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
}

function depthOf(tree: SumTree): number {
  return typeof tree === 'number' ? 0 : 1 + Math.max(depthOf(tree.left), depthOf(tree.right));
}
