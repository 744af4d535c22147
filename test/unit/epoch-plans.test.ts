import { describe, expect, it } from 'vitest';
import { EpochPlans } from '../../worker/epoch-plans.js';
import { THREE_STEPS, TWELVE_PICTURES } from '../support/twelve-pictures.js';

function imagesOf(plans: EpochPlans, epoch: number): number[] {
  const { stepsPerEpoch } = plans.plan(epoch);
  const requests = Array.from({ length: stepsPerEpoch * 2 }, (_, k) => plans.request(epoch, Math.floor(k / 2), k % 2));
  return requests.flatMap((request) => Array.from(request?.indices ?? []));
}

describe('the plans of a run', () => {
  it('shuffle each epoch anew, ahead of time, in squares', () => {
    const plans = new EpochPlans(TWELVE_PICTURES, THREE_STEPS);
    expect(plans.areKnownAhead).toBe(true);
    expect(imagesOf(plans, 1)).not.toEqual(imagesOf(plans, 0));
    expect(plans.request(0, 0, 0)).toMatchObject({ height: 64, width: 64, scaledTo: undefined });
    expect(plans.request(0, 3, 0)).toBeUndefined();
  });

  it('with --rect keep to groups and their shapes', () => {
    const plans = new EpochPlans(TWELVE_PICTURES, { ...THREE_STEPS, rect: true });
    expect(imagesOf(plans, 1)).toEqual(imagesOf(plans, 0));
    expect(plans.request(0, 0, 1)).toMatchObject({ height: 32, width: 64 });
  });

  it('with --multi-scale give all virtual ranks of a step one size, and steps sizes of their own', () => {
    const plans = new EpochPlans(TWELVE_PICTURES, { ...THREE_STEPS, multiScale: true });
    const sizes = [0, 1, 2].map((step) => plans.request(0, step, 0)!.scaledTo!.width);
    expect([0, 1, 2].map((step) => plans.request(0, step, 1)!.scaledTo!.width)).toEqual(sizes);
    const later = Array.from({ length: 10 }, (_, epoch) => plans.request(epoch, 0, 0)!.scaledTo!.width);
    expect(new Set(later).size).toBeGreaterThan(1);
  });

  it('with --image-weights follow the validations, on every rank and after a resume alike', () => {
    const weighted = { ...THREE_STEPS, imageWeights: true };
    const plans = new EpochPlans(TWELVE_PICTURES, weighted);
    expect(plans.areKnownAhead).toBe(false);
    const first = imagesOf(plans, 0);
    expect(first).toHaveLength(12);
    plans.learn({ map: 0.5, perClass: [{ classId: 0, ap: [1, 1] }] });
    // Class 0 is perfect and class 1, of which nothing is known, counts as the mean: only images 10 and 11 are left.
    expect(plans.classMaps).toEqual([1, 0.5]);
    const second = imagesOf(plans, 1);
    expect(new Set(second)).toEqual(new Set([10, 11]));
    const resumed = new EpochPlans(TWELVE_PICTURES, weighted, plans.classMaps);
    expect(imagesOf(resumed, 1)).toEqual(second);
    expect(resumed.plan(1).pool).toEqual(plans.plan(1).pool);
  });
});
