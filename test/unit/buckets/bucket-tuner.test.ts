import { describe, expect, it } from 'vitest';
import { NO_COMPRESSION } from '../../../configs/collective.js';
import { BucketTuner, type BucketTunerParts } from '../../../worker/buckets/bucket-tuner.js';
import type { Span } from '../../../worker/collective/plan.js';
import { type Bucket, groupBuckets } from '../../../worker/reduced-vector.js';
import { openMemoryWorld } from '../../support/memory-world.js';

const MEGABYTE_ELEMENTS = 2 ** 18;
/** Four pieces of 4 MiB, and a last one of a few floats. */
const STAGES = [4, 4, 4, 4].map((mb, i) => ({
  offset: 4 * i * MEGABYTE_ELEMENTS,
  length: mb * MEGABYTE_ELEMENTS,
  names: [`w${i}`],
}));
STAGES.push({ offset: 16 * MEGABYTE_ELEMENTS, length: 16, names: ['w4'] });
const AUTO = { bucketMb: 'auto', collective: 'auto', compression: NO_COMPRESSION } as const;

/** The programs of one rank as the tuner sees them. */
function fakePrograms(): BucketTunerParts['programs'] {
  let buckets: readonly Bucket[] = STAGES;
  return {
    stages: STAGES,
    get layout() {
      return { gradients: [], statistics: [], tailOffset: 0, length: 16 * MEGABYTE_ELEMENTS + 16, buckets };
    },
    regroup: (numStages) => {
      buckets = groupBuckets(STAGES, numStages);
    },
  };
}

/**
 * A round in which stages are ready 10 ms apart, the last one together with the one before, and a transfer takes 2 ms and 1 ms per MiB.
 * @param lateMs how much later this rank is with everything
 */
function round(lateMs: number) {
  const readyMs = [0, 10, 20, 30, 30].map((ms) => 5000 + ms + lateMs);
  const bucketDoneMs: number[] = [];
  for (const [i, ms] of readyMs.entries()) {
    bucketDoneMs.push(Math.max(ms - lateMs + 1, bucketDoneMs.at(-1) ?? 0) + 2 + STAGES[i]!.length / MEGABYTE_ELEMENTS);
  }
  return { bucketReadyMs: readyMs, bucketDoneMs };
}

describe('tuning buckets', () => {
  it('has all ranks change to the same buckets after the seventh step, and never again', async () => {
    const world = openMemoryWorld(2, { length: 16, buckets: [{ offset: 0, length: 16 }], virtualRanks: 2 });
    const changes: (readonly Span[])[][] = [[], []];
    const tuners = world.workers.map(({ comms }, rank) =>
      BucketTuner.open({
        config: AUTO,
        worldSize: 2,
        comms,
        programs: fakePrograms(),
        allReduce: { relayout: (buckets) => changes[rank]!.push(buckets) },
        log: { info: () => {} },
      }),
    );
    for (let step = 1; step <= 20; step++) {
      await Promise.all(tuners.map((tuner, rank) => tuner!.after(round(rank))));
      expect(changes.map(({ length }) => length)).toEqual(step < 7 ? [0, 0] : [1, 1]);
    }
    // The last two are ready together, so they leave together. The first two can wait for each other: done at 10 + 2 + 8, before the
    // third is ready. With the third as well it were 20 + 2 + 12, and would hold the last ones up.
    const tiny = 16 / MEGABYTE_ELEMENTS;
    expect(changes[0]![0]!.map(({ length }) => length / MEGABYTE_ELEMENTS)).toEqual([8, 4, 4 + tiny]);
    expect(changes[1]).toEqual(changes[0]);
    expect(world.messages).toEqual({ gathers: 2, broadcasts: 2 });
  });

  it.each([
    ['a size is given', { ...AUTO, bucketMb: 8 }, 2],
    ['there is one worker', AUTO, 1],
    ['sums go around a ring, whose bits depend on the cuts', { ...AUTO, collective: 'ring' }, 2],
    ['gradients are compressed', { ...AUTO, compression: { ...NO_COMPRESSION, method: 'int8' } }, 2],
  ] as const)('does nothing where %s', (_, config, worldSize) => {
    const [worker] = openMemoryWorld(1, { length: 16, buckets: [{ offset: 0, length: 16 }], virtualRanks: 1 }).workers;
    const tuner = BucketTuner.open({
      config,
      worldSize,
      comms: worker!.comms,
      programs: fakePrograms(),
      allReduce: { relayout: () => {} },
      log: { info: () => {} },
    });
    expect(tuner).toBeUndefined();
  });
});
