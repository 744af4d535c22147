import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  leafSteps,
  maximalSubtrees,
  numSlots,
  type SumTree,
  splitPoint,
  sumTree,
  virtualRange,
} from '../../../worker/collective/tree.js';

/** Writes a tree with the leaves' names, such as `((0+1)+2)`. */
function show(tree: SumTree, name: (leaf: number) => string = String): string {
  return typeof tree === 'number' ? name(tree) : `(${show(tree.left, name)}+${show(tree.right, name)})`;
}

function wholeTree(virtualRanks: number): SumTree {
  return sumTree(
    Array.from({ length: virtualRanks }, (_, v) => ({ begin: v, end: v + 1 })),
    virtualRanks,
  );
}

/** The tree written out by what the leaf steps do, with strings in place of vectors. */
function showSteps(count: number, first = 0): string {
  const slots: string[] = [];
  for (const [leaf, step] of leafSteps(count).entries()) {
    let sum = String(first + leaf);
    for (const slot of step.addSlots) sum = `(${slots[slot]}+${sum})`;
    slots[step.storeSlot] = sum;
  }
  return slots[0]!;
}

describe('the tree', () => {
  it('splits at the largest power of two below n', () => {
    expect([2, 3, 4, 5, 7, 8, 9, 16, 17].map(splitPoint)).toEqual([1, 2, 2, 4, 4, 4, 8, 8, 16]);
  });

  it('is written out for 1 to 8 leaves', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((n) => show(wholeTree(n)))).toEqual([
      '0',
      '(0+1)',
      '((0+1)+2)',
      '((0+1)+(2+3))',
      '(((0+1)+(2+3))+4)',
      '(((0+1)+(2+3))+(4+5))',
      '(((0+1)+(2+3))+((4+5)+6))',
      '(((0+1)+(2+3))+((4+5)+(6+7)))',
    ]);
  });

  it('gives each rank a contiguous range, the first ones the larger ones', () => {
    const ranges = (worldSize: number, v: number) =>
      Array.from({ length: worldSize }, (_, rank) => virtualRange(rank, worldSize, v)).map((r) => [r.begin, r.end]);
    expect(ranges(3, 4)).toEqual([[0, 2], [2, 3], [3, 4]]); // biome-ignore format: one line reads best
    expect(ranges(3, 8)).toEqual([[0, 3], [3, 6], [6, 8]]); // biome-ignore format: one line reads best
    expect(() => virtualRange(0, 5, 4)).toThrow(expect.objectContaining({ code: 'COLLECTIVE_WORLD_TOO_LARGE' }));
  });

  it('cuts a range into its largest whole subtrees', () => {
    expect(maximalSubtrees({ begin: 3, end: 6 }, 8)).toEqual([
      { begin: 3, end: 4 },
      { begin: 4, end: 6 },
    ]);
    expect(maximalSubtrees({ begin: 0, end: 5 }, 5)).toEqual([{ begin: 0, end: 5 }]);
  });

  it('is the same tree whatever partial sums it is put together from', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }), (a, b) => {
        const [worldSize, v] = [Math.min(a, b), Math.max(a, b)];
        const partials = Array.from({ length: worldSize }, (_, rank) =>
          maximalSubtrees(virtualRange(rank, worldSize, v), v),
        ).flat();
        const shown = show(sumTree(partials, v), (i) =>
          showSteps(partials[i]!.end - partials[i]!.begin, partials[i]!.begin),
        );
        expect(shown).toBe(show(wholeTree(v)));
      }),
    );
  });

  it('refuses partial sums that leave a gap', () => {
    expect(() => sumTree([{ begin: 0, end: 1 }], 2)).toThrow(expect.objectContaining({ code: 'COLLECTIVE_BAD_PLAN' }));
  });
});

it('adding leaves as they come needs one slot for up to three, two for four, three for eight', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(numSlots)).toEqual([1, 1, 1, 2, 2, 2, 2, 3]);
});
