import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainPlan } from '../../../worker/data/plans/train-plan.js';
import { valPlan } from '../../../worker/data/plans/val-plan.js';

function imagesOf(plan: ReturnType<typeof trainPlan>, virtualRanks: number): number[] {
  const steps = Array.from({ length: plan.stepsPerEpoch }, (_, step) => step);
  const ranks = Array.from({ length: virtualRanks }, (_, rank) => rank);
  return steps.flatMap((step) => ranks.flatMap((rank) => Array.from(plan.microbatch(step, rank))));
}

describe('the training plan', () => {
  it('uses every image exactly once per epoch, whatever the sizes', () => {
    const sizes = fc.record({
      numImages: fc.integer({ min: 0, max: 200 }),
      virtualRanks: fc.integer({ min: 1, max: 8 }),
      perRank: fc.integer({ min: 1, max: 8 }),
      epoch: fc.nat(5),
    });
    fc.assert(
      fc.property(sizes, ({ numImages, virtualRanks, perRank, epoch }) => {
        const plan = trainPlan(numImages, virtualRanks * perRank, virtualRanks, 7, epoch);
        const images = imagesOf(plan, virtualRanks).sort((a, b) => a - b);
        expect(images).toEqual(Array.from({ length: numImages }, (_, i) => i));
      }),
      { seed: 1 },
    );
  });

  it('spreads a short last step evenly, larger shares first', () => {
    // 10 images in steps of 8 leave 2 for 4 virtual ranks.
    const plan = trainPlan(10, 8, 4, 0, 0);
    expect(plan.stepsPerEpoch).toBe(2);
    expect([0, 1, 2, 3].map((rank) => plan.microbatch(1, rank).length)).toEqual([1, 1, 0, 0]);
  });

  it('Q25: is the same when made again and another in the next epoch or with another seed', () => {
    const order = (seed: number, epoch: number): number[] => imagesOf(trainPlan(50, 10, 2, seed, epoch), 2);
    expect(order(3, 4)).toEqual(order(3, 4));
    expect(order(3, 4)).not.toEqual(order(3, 5));
    expect(order(3, 4)).not.toEqual(order(4, 4));
  });

  it('refuses a batch that the virtual ranks cannot share', () => {
    expect(() => trainPlan(10, 9, 2, 0, 0)).toThrow(expect.objectContaining({ code: 'CONFIG_BATCH_SIZE' }));
  });
});

describe('the validation plan', () => {
  // The reference's table of validation shapes at 640 px, stride 32, pad 0.5.
  it.each([
    [640, 480, 512, 672],
    [640, 427, 448, 672],
    [500, 375, 512, 672],
    [1280, 720, 384, 672],
    [333, 500, 672, 448],
  ])('gives %i×%i pictures batches of %i×%i (h×w)', (width, height, batchHeight, batchWidth) => {
    const [batch] = valPlan([[width, height]], 4, 640);
    expect([batch?.height, batch?.width]).toEqual([batchHeight, batchWidth]);
  });

  it('keeps pictures of like shape together and loses none', () => {
    // Wide, tall, wide, tall: the two wide ones (h/w 0.5) come first.
    const plan = valPlan(
      [
        [64, 32],
        [32, 64],
        [80, 40],
        [40, 80],
        [50, 50],
      ],
      2,
      64,
    );
    expect(plan.map((batch) => Array.from(batch.indices))).toEqual([[0, 2], [4, 1], [3]]);
  });
});
