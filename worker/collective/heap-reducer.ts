/** Sums along the tree with SIMD, block by block so that what is added stays in the first-level cache. */
import { type AddKernels, SUM_BLOCK_ELEMENTS } from './sum-heap.js';
import type { SumTree } from './tree.js';

/** A whole vector: its address on the kernels' heap, or the vector itself where it lies elsewhere and is brought in block by block. */
export type SumOperand = number | Float32Array;

/**
 * Adds operands in the order of a {@link SumTree}. Rounds to float32 after each addition, so the result depends on the tree and on nothing
 * else. Owns its scratch memory; not for use from two threads.
 */
export class HeapReducer {
  readonly #kernels: AddKernels;
  readonly #memory: WebAssembly.Memory;
  readonly #tree: SumTree;
  readonly #scratch: number;

  /** @param scratch the address of {@link scratchBytes} bytes on the kernels' heap */
  constructor(kernels: AddKernels, memory: WebAssembly.Memory, tree: SumTree, scratch: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#tree = tree;
    this.#scratch = scratch;
  }

  /**
   * Writes the sum of elements `offset` … `offset + length − 1` to the same elements at `target`.
   * @param target the address of a whole vector; of the operands it may be the first
   */
  reduce(operands: readonly SumOperand[], target: number, offset: number, length: number): void {
    this.reduceToAll(operands, [target], offset, length);
  }

  /**
   * Writes the sum of elements `offset` … `offset + length − 1` to the same elements at each of the targets, block by block while it is in
   * the first-level cache.
   * @param targets addresses of whole vectors; they may be operands, but of those the first target may be the first operand only
   */
  reduceToAll(operands: readonly SumOperand[], targets: readonly number[], offset: number, length: number): void {
    const [first, ...rest] = targets as [number, ...number[]];
    const end = offset + length;
    for (let begin = offset; begin < end; begin += SUM_BLOCK_ELEMENTS) {
      const count = Math.min(SUM_BLOCK_ELEMENTS, end - begin);
      this.#evaluate(this.#tree, operands, begin, count, first + begin * 4, 0);
      for (const target of rest) this.#kernels.copy(target + begin * 4, first + begin * 4, count);
    }
  }

  /** As {@link reduce} of whole vectors, to a vector elsewhere than on the heap. */
  reduceInto(operands: readonly SumOperand[], destination: Float32Array): void {
    // The deepest scratch block is left over for the sums.
    const block = this.#scratch + depthOf(this.#tree) * SUM_BLOCK_ELEMENTS * 4;
    const sums = new Float32Array(this.#memory.buffer, block, SUM_BLOCK_ELEMENTS);
    for (let begin = 0; begin < destination.length; begin += SUM_BLOCK_ELEMENTS) {
      const count = Math.min(SUM_BLOCK_ELEMENTS, destination.length - begin);
      this.#evaluate(this.#tree, operands, begin, count, block, 0);
      destination.set(sums.subarray(0, count), begin);
    }
  }

  /** Writes elements `begin` … of the sum of a node to `target`. */
  #evaluate(
    node: SumTree,
    operands: readonly SumOperand[],
    begin: number,
    count: number,
    target: number,
    depth: number,
  ): void {
    if (typeof node === 'number') {
      this.#bring(operands[node]!, begin, count, target);
      return;
    }
    const { left, right } = node;
    // Leaves on the heap are read in place. All else is made first: the left part in the target, the right one in scratch.
    let a = addressOf(left, operands, begin);
    if (a === undefined) {
      this.#evaluate(left, operands, begin, count, target, depth);
      a = target;
    }
    let b = addressOf(right, operands, begin);
    if (b === undefined) {
      b = this.#scratch + depth * SUM_BLOCK_ELEMENTS * 4;
      this.#evaluate(right, operands, begin, count, b, depth + 1);
    }
    this.#kernels.addBoth(target, a, b, count);
  }

  #bring(operand: SumOperand, begin: number, count: number, target: number): void {
    if (typeof operand === 'number') {
      this.#kernels.copy(target, operand + begin * 4, count);
      return;
    }
    new Float32Array(this.#memory.buffer, target, count).set(operand.subarray(begin, begin + count));
  }
}

/** Returns how much scratch memory a {@link HeapReducer} for this tree needs. */
export function scratchBytes(tree: SumTree): number {
  return (depthOf(tree) + 1) * SUM_BLOCK_ELEMENTS * Float32Array.BYTES_PER_ELEMENT;
}

/** Where a node's elements already lie on the heap, if they do. */
function addressOf(node: SumTree, operands: readonly SumOperand[], begin: number): number | undefined {
  if (typeof node !== 'number') return undefined;
  const operand = operands[node]!;
  return typeof operand === 'number' ? operand + begin * 4 : undefined;
}

function depthOf(tree: SumTree): number {
  return typeof tree === 'number' ? 0 : 1 + Math.max(depthOf(tree.left), depthOf(tree.right));
}
