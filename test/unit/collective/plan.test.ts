import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunksOf, makePlan } from '../../../worker/collective/plan.js';

describe('a plan', () => {
  it('covers every element once, in order, with segments no longer than allowed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 100 }),
        (lengths, worldSize, segmentElements) => {
          let offset = 0;
          const buckets = lengths.map((length) => {
            const bucket = { offset, length };
            offset += length;
            return bucket;
          });
          const plan = makePlan({ length: offset, buckets, virtualRanks: 8 }, worldSize, segmentElements);
          let next = 0;
          for (const [id, segment] of plan.segments.entries()) {
            expect(segment).toMatchObject({ id, offset: next });
            expect(segment.length).toBeLessThanOrEqual(segmentElements);
            expect(plan.byChunk[segment.bucket]![segment.chunk]![segment.index]).toBe(segment);
            next += segment.length;
          }
          expect(next).toBe(offset);
        },
      ),
    );
  });

  it('cuts a bucket into equal chunks, up to a cache line of 16 floats', () => {
    // 100 / 3 = 33.3, rounded up to 48: 48 + 48 + 4.
    expect(chunksOf({ offset: 10, length: 100 }, 3)).toEqual([
      { offset: 10, length: 48 },
      { offset: 58, length: 48 },
      { offset: 106, length: 4 },
    ]);
    expect(chunksOf({ offset: 0, length: 8 }, 2).map((chunk) => chunk.length)).toEqual([8, 0]);
  });

  it.each([
    [
      [
        { offset: 0, length: 5 },
        { offset: 6, length: 4 },
      ],
    ],
    [[{ offset: 0, length: 5 }]],
    [
      [
        { offset: 0, length: 0 },
        { offset: 0, length: 10 },
      ],
    ],
  ])('refuses buckets that do not cover ten elements: %j', (buckets) => {
    expect(() => makePlan({ length: 10, buckets, virtualRanks: 1 }, 1)).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_LAYOUT' }),
    );
  });
});
