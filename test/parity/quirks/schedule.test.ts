/** Oddities of the reference's schedule, accumulation and stopping (docs/quirks.md). */
import { expect, it } from 'vitest';
import { EarlyStopping } from '../../../worker/optim/early-stopping.js';
import { createSchedule } from '../../../worker/optim/schedule.js';
import { hypDefaults } from '../../support/hyp.js';
import { smallTrainState } from '../../support/train-state.js';

it('Q7: after warm-up an epoch trains with the rate of the epoch before', () => {
  const schedule = createSchedule({ hyp: hypDefaults, epochs: 10, iterationsPerEpoch: 400, batchSize: 64 });
  const rate = (epoch: number): number => schedule.at(400 * epoch + 399).lr[0];
  // Reference section 5.5: warm-up takes 3·400 iterations and ends in epoch 3, which keeps its own value.
  expect([3, 4, 5, 6, 7, 8, 9].map((epoch) => Number(rate(epoch).toFixed(7)))).toEqual([
    0.008145, 0.008145, 0.0068906, 0.0055, 0.0041094, 0.002855, 0.0018594,
  ]);
  expect(rate(7)).toBeCloseTo(hypDefaults.lr0 * schedule.factor(6), 12);
});

it('Q8: gradients left over at the end of an epoch are dropped, and a step across epochs has the rest only', () => {
  const { trainState: state, ones, weight } = smallTrainState();
  const before = weight();
  // Accumulation over four iterations, epochs of three; lr 1, no momentum, gradients of one everywhere.
  const stepped = [0, 1, 2, 3].map((iteration) => {
    state.iteration = iteration;
    const rates = { epoch: Math.floor(iteration / 3), lr: [1, 1, 1], momentum: 0, accumulate: 4 } as const;
    return state.accumulate(ones, { ...rates, startsEpoch: iteration % 3 === 0 }, 0);
  });
  expect(stepped).toEqual([false, false, false, true]);
  // One gradient, not four.
  expect(weight()).toBeCloseTo(before - 1, 6);
});

it('Q9: weight decay grows with the images behind one step', () => {
  const decay = (batchSize: number): number =>
    createSchedule({ hyp: hypDefaults, epochs: 10, iterationsPerEpoch: 100, batchSize }).weightDecay;
  expect(decay(16)).toBeCloseTo(0.0005, 12);
  expect(decay(128)).toBeCloseTo(0.001, 12);
  // 64/24 rounds to 3 iterations: 72 images, 72/64 = 1.125.
  expect(decay(24)).toBeCloseTo(0.0005 * 1.125, 12);
});

it('Q27: ranks that are told the same figures stop after the same epoch, which the reference never does with several', () => {
  const fitness = [0.1, 0.3, 0.2, 0.25, 0.2, 0.4];
  const stops = [0, 1].map(() => {
    const stopping = new EarlyStopping(3);
    return fitness.findIndex((value, epoch) => stopping.update(epoch, value).stop);
  });
  // Best in epoch 1, three epochs without a better one.
  expect(stops).toEqual([4, 4]);
});

it('Q29: an equal fitness counts as the best, also the zeros of early epochs', () => {
  const stopping = new EarlyStopping(2);
  expect([0, 0, 0].map((value, epoch) => stopping.update(epoch, value).bestEpoch)).toEqual([0, 1, 2]);
});
