import { expect, it } from 'vitest';
import { Ema, emaDecay } from '../../worker/optim/ema.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';

interface EmaFixture {
  decay_at_update: Record<string, number>;
  traces: {
    updates_at_start: number;
    w_at_start: TensorEntry;
    running_mean_at_start?: TensorEntry;
    steps: {
      w: TensorEntry;
      running_mean: TensorEntry;
      updates: number;
      decay: number;
      ema_w: TensorEntry;
      ema_running_mean: TensorEntry;
    }[];
  }[];
}

const fixture = readFixture<EmaFixture>('ema');

it('ramps its decay up as the reference does', () => {
  for (const [updates, decay] of Object.entries(fixture.decay_at_update)) {
    expect(Math.abs(emaDecay(Number(updates)) - decay)).toBeLessThan(1e-12);
  }
});

it.each(fixture.traces)(
  'averages as the reference does from update $updates_at_start on',
  ({ updates_at_start, w_at_start, steps }) => {
    const ema = new Ema(tensor(w_at_start).data, updates_at_start);
    for (const step of steps) {
      ema.update(tensor(step.w).data);
      expect(ema.updates).toBe(step.updates);
      expect(Math.abs(emaDecay(step.updates) - step.decay)).toBeLessThan(1e-12);
      const wanted = tensor(step.ema_w).data;
      // Float32 on both sides: the last digit may differ.
      for (const [i, value] of ema.values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-6);
    }
  },
);

it('averages running statistics like weights', () => {
  for (const { updates_at_start, running_mean_at_start, steps } of fixture.traces) {
    const [first] = steps;
    // Running means start at zero in a traced model of which the file does not say so.
    const start = running_mean_at_start === undefined ? undefined : tensor(running_mean_at_start).data;
    const ema = new Ema(start ?? new Float32Array(first!.running_mean.shape[0]!), updates_at_start);
    for (const step of steps) {
      ema.update(tensor(step.running_mean).data);
      const wanted = tensor(step.ema_running_mean).data;
      for (const [i, value] of ema.values.entries()) expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-6);
    }
  }
});

it('keeps its own copy of the first state', () => {
  const state = Float32Array.of(1, 2);
  const ema = new Ema(state);
  state.fill(0);
  expect([...ema.values]).toEqual([1, 2]);
});
