import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../proto/errors.js';
import { type ValImage, ValStats } from '../../../worker/eval/val-stats.js';

const NC = 3;

/** Boxes on a coarse grid, so that some match, and scores in tenths, so that many are equal. */
function image(index: number): ValImage {
  const rows = Array.from({ length: 6 }, (_, d) => {
    const x = ((index * 7 + d * 3) % 5) * 20;
    return [x, 0, x + 16, 16, 1 - ((index + d) % 4) / 10, (index + d) % NC];
  });
  rows.sort((a, b) => b[4]! - a[4]!);
  const labels = Array.from({ length: index % 3 }, (_, l) => [
    (index + l) % NC,
    (((index + l) % 5) * 20 + 8) / 100,
    0.08,
    0.16,
    0.16,
  ]);
  return {
    ...{ index, height: 100, width: 100, nativeHeight: 100, nativeWidth: 100, gain: [1, 1], pad: [0, 0] },
    detections: { numDetections: rows.length, rows: Float32Array.from(rows.flat()) },
    labels: Float32Array.from(labels.flat()),
  };
}

function statsOf(indices: readonly number[]): ValStats {
  const stats = new ValStats({ nc: NC, confusion: true });
  for (const index of indices) {
    stats.addImage(image(index));
    // Sums of such numbers depend on their order in the last bits.
    stats.addBatchLoss(index, [0.1 * index, 1 / (index + 1), 0.3]);
  }
  return stats;
}

it('the result does not depend on how the images were split over ranks, to the last bit', () => {
  const all = Array.from({ length: 24 }, (_, i) => i);
  const whole = statsOf(all).finish();
  expect(whole.map50).toBeGreaterThan(0);
  const assignment = fc.array(fc.nat(3), { minLength: all.length, maxLength: all.length });
  fc.assert(
    fc.property(assignment, fc.boolean(), (ranks, reversed) => {
      const parts = [0, 1, 2, 3].map((rank) => {
        const mine = all.filter((i) => ranks[i] === rank);
        return statsOf(reversed ? mine.reverse() : mine).serialize();
      });
      const merged = ValStats.merge(reversed ? parts.reverse() : parts, { nc: NC, confusion: true });
      // The curves hold thousands of numbers: the strict comparison of Node is a hundred times faster than the matcher's.
      expect(isDeepStrictEqual(merged.finish(), whole)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

it('counts images, labels and detections, and the images in which a class is labelled', () => {
  const result = statsOf([0, 1, 2, 3]).finish();
  // Labels per image: index mod 3 → 0 + 1 + 2 + 0. Image 1 has class 1, image 2 the classes 2 and 0.
  expect([result.numImages, result.numLabels, result.numDetections]).toEqual([4, 3, 24]);
  expect(result.perClass.map((c) => [c.classId, c.numImages, c.numLabels])).toEqual([
    [0, 1, 1],
    [1, 1, 1],
    [2, 1, 1],
  ]);
});

it('the figures at .65, .75, .8 and .9 are those of the ten thresholds', () => {
  const r = statsOf([0, 1, 2, 4, 5, 7]).finish();
  expect([r.map50, r.ap65, r.ap75, r.ap80, r.ap90]).toEqual([0, 3, 5, 6, 8].map((t) => r.apPerIou[t]));
});

it('Q52: an empty validation, and one without labels or detections, gives zeros', () => {
  const empty = new ValStats({ nc: NC }).finish();
  expect([empty.precision, empty.recall, empty.map50, empty.map, empty.numImages]).toEqual([0, 0, 0, 0, 0]);
  expect(empty.loss).toBeUndefined();
  const background = new ValStats({ nc: NC });
  background.addImage({ ...image(1), labels: new Float32Array(0) });
  expect(background.finish().map).toBe(0);
  const missed = new ValStats({ nc: NC });
  missed.addImage({ ...image(1), detections: { numDetections: 0, rows: new Float32Array(0) } });
  expect(missed.finish()).toMatchObject({ map: 0, numLabels: 1, numDetections: 0 });
});

it('a class without labels gets the mean in the list of all classes', () => {
  const stats = new ValStats({ nc: NC });
  stats.addImage(image(1));
  const { maps, map, perClass } = stats.finish();
  expect([...maps]).toEqual([0, 1, 2].map((c) => perClass.find(({ classId }) => classId === c)?.map ?? map));
});

it('with a single class all classes become one', () => {
  const stats = new ValStats({ nc: NC, singleCls: true });
  const native = stats.addImage(image(2));
  expect(native.rows.filter((_, i) => i % 6 === 5).every((classId) => classId === 0)).toBe(true);
  const result = stats.finish();
  expect([result.maps.length, result.perClass.map((c) => c.classId)]).toEqual([1, [0]]);
});

describe('bytes that are no statistics', () => {
  it('are refused with one code, never with a crash', () => {
    const good = statsOf([1, 2, 3]).serialize();
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.nat(20),
        (at, insert, cut) => {
          const bad = Buffer.concat([good.subarray(0, at), insert, good.subarray(at + cut)]);
          try {
            ValStats.merge([bad], { nc: NC });
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of another class count, and images counted twice, are refused', () => {
    const part = statsOf([1]).serialize();
    expect(() => ValStats.merge([part], { nc: 5 })).toThrow(expect.objectContaining({ code: 'PROTOCOL_VAL_STATS' }));
    const twice = expect.objectContaining({ code: 'PROTOCOL_DUPLICATE_IMAGE' });
    expect(() => ValStats.merge([part, part], { nc: NC })).toThrow(twice);
  });
});
