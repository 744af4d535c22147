/** Adds partial sums along the tree, block by block so that what is added stays in the first-level cache. */
import type { SumTree } from './tree.js';

/** Elements in a block: 16 KiB, so that two operands and a result fit 48 KiB. */
const BLOCK_ELEMENTS = 4_096;

/** Adds `operands` in the order of a {@link SumTree}. Owns a little scratch memory; not for use from two threads. */
export class Reducer {
  readonly #tree: SumTree;
  readonly #scratch: Float32Array[] = [];

  constructor(tree: SumTree) {
    this.#tree = tree;
  }

  /**
   * Writes the sum to `destination`. Every operand has the destination's length; the destination may be one of them only if it is the
   * first. Rounds to float32 after each addition, so the result depends on the tree and on nothing else.
   */
  reduce(operands: readonly Float32Array[], destination: Float32Array): void {
    for (let begin = 0; begin < destination.length; begin += BLOCK_ELEMENTS) {
      const end = Math.min(begin + BLOCK_ELEMENTS, destination.length);
      this.#evaluate(this.#tree, operands, begin, end, destination, begin, 0);
    }
  }

  /** Writes the sum of a node to target[at …]. */
  #evaluate(
    node: SumTree,
    operands: readonly Float32Array[],
    begin: number,
    end: number,
    target: Float32Array,
    at: number,
    depth: number,
  ): void {
    if (typeof node === 'number') {
      const source = operands[node]!;
      if (source !== target) target.set(source.subarray(begin, end), at);
      return;
    }
    const { left, right } = node;
    const count = end - begin;
    // Leaves are read in place; inner nodes are summed first, the left one into the target, the right one into scratch.
    let a = target;
    let aAt = at;
    if (typeof left === 'number') {
      a = operands[left]!;
      aAt = begin;
    } else {
      this.#evaluate(left, operands, begin, end, target, at, depth);
    }
    let b: Float32Array;
    let bAt = 0;
    if (typeof right === 'number') {
      b = operands[right]!;
      bAt = begin;
    } else {
      b = this.#scratchAt(depth);
      this.#evaluate(right, operands, begin, end, b, 0, depth + 1);
    }
    addBlocks(a, aAt, b, bAt, target, at, count);
  }

  #scratchAt(depth: number): Float32Array {
    this.#scratch[depth] ??= new Float32Array(BLOCK_ELEMENTS);
    return this.#scratch[depth];
  }
}

/** target[i] = a[i] + b[i]; the target may be `a`. */
export function addBlocks(
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  target: Float32Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[at + i] = a[aAt + i]! + b[bAt + i]!;
}
