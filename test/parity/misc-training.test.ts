import { describe, expect, it } from 'vitest';
import { EarlyStopping } from '../../worker/optim/early-stopping.js';
import { fitness } from '../../worker/optim/fitness.js';
import { readFixture, type TensorEntry, tensor64 } from '../support/fixtures.js';

interface Misc {
  early_stopping: {
    patience: number;
    trace: { epoch: number; fitness: number; stop: boolean; possible_stop: boolean; best_epoch: number }[];
  }[];
}

describe('early stopping', () => {
  it.each(readFixture<Misc>('misc').early_stopping)(
    'with patience $patience decides as the reference',
    ({ patience, trace }) => {
      const stopping = new EarlyStopping(patience);
      for (const { epoch, fitness: value, stop, possible_stop, best_epoch } of trace) {
        expect(stopping.update(epoch, value)).toEqual({ stop, possibleStop: possible_stop, bestEpoch: best_epoch });
      }
    },
  );

  it('goes on where a checkpoint left it', () => {
    const first = new EarlyStopping(2);
    first.update(0, 0.5);
    const second = new EarlyStopping(2, first.state);
    expect(second.update(1, 0.4)).toEqual({ stop: false, possibleStop: true, bestEpoch: 0 });
    expect(second.update(2, 0.4).stop).toBe(true);
  });

  it('never stops with patience 0', () => {
    const stopping = new EarlyStopping(0);
    stopping.update(0, 1);
    expect(stopping.update(10_000, 0)).toEqual({ stop: false, possibleStop: false, bestEpoch: 0 });
  });
});

it('fitness weighs mAP@0.5 with 0.1 and mAP@0.5:0.95 with 0.9', () => {
  const fixture = readFixture<{ fitness: { rows_P_R_map50_map_and_three_losses: TensorEntry; result: TensorEntry } }>(
    'ap',
  ).fitness;
  const { shape, data } = tensor64(fixture.rows_P_R_map50_map_and_three_losses);
  for (const [i, wanted] of tensor64(fixture.result).data.entries()) {
    const [, , map50, map] = data.subarray(i * shape[1]!);
    expect(fitness({ map50: map50!, map: map! })).toBeCloseTo(wanted, 12);
  }
});
