import fc from 'fast-check';
import { expect, it } from 'vitest';
import { argsortDescending } from '../../../worker/eval/sort.js';

/** The same order by the language's stable sort; NaN last. */
function expectedOrder(scores: readonly number[]): number[] {
  return scores
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [scores[a]!, scores[b]!];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return x > y ? -1 : x < y ? 1 : 0;
    });
}

// Few distinct values make ties; lengths on both sides of the switch from insertion to radix.
const special = fc.constantFrom(0, -0, 1, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

it('float32 scores come in descending order, ties in their own, NaN last', () => {
  const score = fc.oneof(special, fc.float());
  fc.assert(
    fc.property(fc.array(score, { maxLength: 200, size: 'max' }), (scores) => {
      expect([...argsortDescending(Float32Array.from(scores))]).toEqual(expectedOrder(scores));
    }),
  );
});

it('float64 scores likewise, also where they differ beyond float32', () => {
  const score = fc.oneof(
    special,
    fc.double(),
    fc.nat(3).map((n) => 0.5 + n * 2 ** -50),
  );
  fc.assert(
    fc.property(fc.array(score, { maxLength: 200, size: 'max' }), (scores) => {
      expect([...argsortDescending(Float64Array.from(scores))]).toEqual(expectedOrder(scores));
    }),
  );
});
