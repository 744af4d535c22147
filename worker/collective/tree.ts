/**
 * The fixed binary tree over virtual ranks. Float32 addition is not associative, so whoever adds must add in one order; this one depends
 * on the number of virtual ranks alone, and world sizes 1 … V therefore give the same bits.
 */
import { CollectiveError } from '../../proto/errors.js';

/** Virtual ranks `begin` … `end − 1`. */
export interface VirtualRange {
  readonly begin: number;
  readonly end: number;
}

/** Returns where a node over `count` ≥ 2 leaves splits: the largest power of two below `count`. */
export function splitPoint(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

/**
 * Returns the contiguous virtual ranks of a rank; the first `virtualRanks mod worldSize` ranks have one more than the others.
 * @throws CollectiveError COLLECTIVE_WORLD_TOO_LARGE when there are more ranks than virtual ranks
 */
export function virtualRange(rank: number, worldSize: number, virtualRanks: number): VirtualRange {
  if (worldSize > virtualRanks) {
    throw new CollectiveError(
      'COLLECTIVE_WORLD_TOO_LARGE',
      `${worldSize} workers cannot share ${virtualRanks} virtual ranks: each needs at least one`,
      {
        hint: 'Start fewer workers, or a new run with more virtual ranks.',
        details: { worldSize, virtualRanks },
      },
    );
  }
  const share = Math.floor(virtualRanks / worldSize);
  const numLarger = virtualRanks % worldSize;
  const begin = rank * share + Math.min(rank, numLarger);
  return { begin, end: begin + share + (rank < numLarger ? 1 : 0) };
}

/** Returns the largest whole subtrees of the tree over `virtualRanks` leaves that make up `range`, in ascending order. */
export function maximalSubtrees(range: VirtualRange, virtualRanks: number): VirtualRange[] {
  const found: VirtualRange[] = [];
  const visit = (begin: number, end: number): void => {
    if (begin >= range.end || end <= range.begin) return;
    if (begin >= range.begin && end <= range.end) {
      found.push({ begin, end });
      return;
    }
    const middle = begin + splitPoint(end - begin);
    visit(begin, middle);
    visit(middle, end);
  };
  visit(0, virtualRanks);
  return found;
}

/** How partial sums are added up: an operand by its index, or the sum of two sums. */
export type SumTree = number | { readonly left: SumTree; readonly right: SumTree };

/**
 * Returns the order in which partial sums are added: the tree over `virtualRanks` leaves, cut off at the partials.
 * @param partials whole subtrees that cover all virtual ranks, in ascending order; leaves of the result are indices into it
 * @throws CollectiveError COLLECTIVE_BAD_PLAN when they are not
 */
export function sumTree(partials: readonly VirtualRange[], virtualRanks: number): SumTree {
  let next = 0;
  const visit = (begin: number, end: number): SumTree => {
    const partial = partials[next];
    if (partial?.begin === begin && partial.end === end) return next++;
    if (end - begin === 1) {
      throw new CollectiveError(
        'COLLECTIVE_BAD_PLAN',
        `no partial sum covers virtual rank ${begin} of ${virtualRanks}`,
        {
          details: { partials, virtualRanks },
        },
      );
    }
    const middle = begin + splitPoint(end - begin);
    const left = visit(begin, middle);
    return { left, right: visit(middle, end) };
  };
  return visit(0, virtualRanks);
}

/** What to do with the vector of one leaf, when leaves come in ascending order and sums are kept in numbered slots. */
export interface LeafStep {
  /** Slots to add to the vector, in this order; they are free afterwards. */
  readonly addSlots: readonly number[];
  /** Where the sum goes. Slot 0 holds the subtree's sum in the end. */
  readonly storeSlot: number;
}

/**
 * Returns one step per leaf of a subtree over `count` leaves. A leaf that completes a node is added to that node's left part at once, so
 * that no more slots are taken than the tree is deep on its right side: one for 2 and 3 leaves, two for 4, three for 8.
 */
export function leafSteps(count: number): LeafStep[] {
  const steps: LeafStep[] = [];
  const visit = (size: number, slot: number, completes: readonly number[]): void => {
    if (size === 1) {
      steps.push({ addSlots: completes, storeSlot: completes.at(-1) ?? slot });
      return;
    }
    const numLeft = splitPoint(size);
    // The left part ends up in `slot`; the last leaf of the right part adds it, then whatever this node itself completes.
    visit(numLeft, slot, []);
    visit(size - numLeft, slot + 1, [slot, ...completes]);
  };
  visit(count, 0, []);
  return steps;
}

/** Returns how many slots {@link leafSteps} uses for `count` leaves. */
export function numSlots(count: number): number {
  return Math.max(...leafSteps(count).map((step) => step.storeSlot)) + 1;
}
