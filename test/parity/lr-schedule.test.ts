import { describe, expect, it } from 'vitest';
import { scaleGains } from '../../worker/loss/gains.js';
import { createSchedule, NO_STEP_YET, stepFollows } from '../../worker/optim/schedule.js';
import { readFixture } from '../support/fixtures.js';

interface Run {
  epochs: number;
  batches_per_epoch: number;
  batch_size: number;
  nominal_batch_size: number;
  adam: boolean;
  schedule: 'cosine' | 'linear';
  error: string | null;
  hyp: {
    lr0: number;
    lrf: number;
    momentum: number;
    weight_decay: number;
    warmup_epochs: number;
    warmup_momentum: number;
    warmup_bias_lr: number;
  };
  weight_decay_effective: number;
  gains_effective: { box: number; cls: number; obj: number };
  warmup_iterations: number;
  columns: {
    iteration: number[];
    epoch: number[];
    lr_bn_weight: number[];
    lr_weight: number[];
    lr_bias: number[];
    momentum: (number | null)[];
    accumulate: number[];
  };
  optimizer_steps_at: number[];
  optimizer_steps_total: number;
}

const { runs } = readFixture<{ runs: Run[] }>('lr_schedule');
const optionsOf = (run: Run) => ({
  hyp: { ...run.hyp, warmup_min_iterations: 1000 },
  epochs: run.epochs,
  iterationsPerEpoch: run.batches_per_epoch,
  batchSize: run.batch_size,
  nominalBatchSize: run.nominal_batch_size,
  linear: run.schedule === 'linear',
  optimizer: run.adam ? ('adam' as const) : ('sgd' as const),
});
const titled = runs.map((run) => ({
  ...run,
  title: `${run.epochs} × ${run.batches_per_epoch} batches of ${run.batch_size}, ${run.schedule}${run.adam ? ', Adam' : ''}`,
}));

/** Double precision on both sides: 1e-9 relative, as the fixtures state. */
const close = (got: number, wanted: number): void => {
  expect(Math.abs(got - wanted)).toBeLessThanOrEqual(1e-9 * Math.abs(wanted) + 1e-18);
};

describe.each(titled.filter((run) => run.error === null))('the schedule of $title', (run) => {
  const schedule = createSchedule(optionsOf(run));

  it('has the rates, momentum and accumulation of the reference', () => {
    expect(schedule.warmupIterations).toBe(run.warmup_iterations);
    close(schedule.weightDecay, run.weight_decay_effective);
    const { columns } = run;
    for (const [row, iteration] of columns.iteration.entries()) {
      const rates = schedule.at(iteration);
      expect(rates.epoch).toBe(columns.epoch[row]);
      close(rates.lr[0], columns.lr_bn_weight[row]!);
      close(rates.lr[1], columns.lr_weight[row]!);
      close(rates.lr[2], columns.lr_bias[row]!);
      close(rates.momentum, columns.momentum[row] ?? run.hyp.momentum);
      expect(rates.accumulate).toBe(columns.accumulate[row]);
    }
  });

  it('steps after the same iterations', () => {
    const steps: number[] = [];
    let lastStep = NO_STEP_YET;
    for (let index = 0; index < run.epochs * run.batches_per_epoch; index++) {
      if (!stepFollows(index, lastStep, schedule.at(index).accumulate)) continue;
      lastStep = index;
      steps.push(index);
    }
    expect(steps.slice(0, 400)).toEqual(run.optimizer_steps_at);
    expect(steps).toHaveLength(run.optimizer_steps_total);
  });
});

it.each(titled.filter((run) => run.error !== null))(
  'Q31: refuses $title with a typed error, where the reference divides by zero',
  (run) => {
    expect(() => createSchedule(optionsOf(run))).toThrow(expect.objectContaining({ code: 'CONFIG_LINEAR_ONE_EPOCH' }));
  },
);

it('warms up for no longer than warmup_min_iterations and warmup_epochs ask for', () => {
  const hyp = { ...runs[0]!.hyp, warmup_epochs: 1, warmup_min_iterations: 5 };
  expect(createSchedule({ hyp, epochs: 3, iterationsPerEpoch: 8, batchSize: 64 }).warmupIterations).toBe(8);
  const none = createSchedule({
    hyp: { ...hyp, warmup_epochs: 0, warmup_min_iterations: 0 },
    epochs: 3,
    iterationsPerEpoch: 8,
    batchSize: 64,
  });
  expect(none.at(0).lr).toEqual([hyp.lr0, hyp.lr0, hyp.lr0]);
  expect(none.at(0).momentum).toBe(hyp.momentum);
});

it('starts every epoch with fresh gradients', () => {
  const schedule = createSchedule({ ...optionsOf(runs[0]!), iterationsPerEpoch: 3 });
  expect([0, 1, 2, 3, 4, 5, 6].map((index) => schedule.at(index).startsEpoch)).toEqual([
    true,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
});

it('scales the gains to layers, classes and image size', () => {
  for (const run of runs) {
    if (run.error !== null) continue;
    // These runs use three layers, 80 classes and 640 pixels, where the gains stay as they are.
    const gains = scaleGains({ box: 0.05, cls: 0.5, obj: 1 }, 3, 80, 640);
    close(gains.box, run.gains_effective.box);
    close(gains.cls, run.gains_effective.cls);
    close(gains.obj, run.gains_effective.obj);
  }
  // yolov3-tiny at 416 pixels with 20 classes: 3/2 per layer, (416/640)², 20/80.
  const tiny = scaleGains({ box: 0.05, cls: 0.5, obj: 1 }, 2, 20, 416);
  close(tiny.box, 0.05 * 1.5);
  close(tiny.cls, 0.5 * 0.25 * 1.5);
  close(tiny.obj, 0.65 ** 2 * 1.5);
});
