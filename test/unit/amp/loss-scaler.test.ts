import { describe, expect, it } from 'vitest';
import { LossScaler, MIN_SCALE, openLossScaler, requireUsableScale } from '../../../worker/amp/loss-scaler.js';
import { smallTrainState } from '../../support/train-state.js';

describe('the loss scaler', () => {
  it('starts at 65536, doubles after 2000 good steps and halves at an overflow, as the reference', () => {
    const scaler = new LossScaler();
    expect(scaler.scale).toBe(65_536);
    for (let i = 0; i < 1999; i++) scaler.stepped();
    expect(scaler.state).toEqual({ scale: 65_536, goodSteps: 1999 });
    scaler.stepped();
    expect(scaler.state).toEqual({ scale: 131_072, goodSteps: 0 });
    scaler.overflowed();
    expect(scaler.state).toEqual({ scale: 65_536, goodSteps: 0 });
  });

  it('follows a sequence worked out by hand', () => {
    // Interval 3; o = overflow, g = good step. Growth happens at the third g in a row only, and any o starts the count anew.
    const scaler = new LossScaler({ initialScale: 8, growthInterval: 3 });
    const scales = 'oggoggggggo'.split('').map((event) => {
      if (event === 'o') scaler.overflowed();
      else scaler.stepped();
      return scaler.scale;
    });
    //                     o  g  g  o  g  g  g  g  g  g  o
    expect(scales).toEqual([4, 4, 4, 2, 2, 2, 4, 4, 4, 8, 4]);
  });

  it('goes on after a restore as if nothing had happened', () => {
    const one = new LossScaler({ growthInterval: 3 });
    one.overflowed();
    one.stepped();
    one.stepped();
    const two = new LossScaler({ growthInterval: 3 });
    two.restore(JSON.parse(JSON.stringify(one.state)));
    one.stepped();
    two.stepped();
    expect(two.state).toEqual({ scale: 65_536, goodSteps: 0 });
    expect(two.state).toEqual(one.state);
  });

  it('is part of what a checkpoint counts, and absent where nothing is scaled', () => {
    const { trainState, state } = smallTrainState(openLossScaler('fp16'));
    trainState.lossScaler!.overflowed();
    trainState.lossScaler!.stepped();
    const { trainState: resumed } = smallTrainState(openLossScaler('fp16'));
    resumed.restore(state, trainState.arrays, JSON.parse(JSON.stringify(trainState.counters)));
    expect(resumed.lossScaler!.state).toEqual({ scale: 32_768, goodSteps: 1 });
    expect(resumed.counters).toEqual(trainState.counters);
    for (const amp of ['bf16', 'off', 'auto'] as const) expect(openLossScaler(amp)).toBeUndefined();
    expect(smallTrainState().trainState.counters).not.toHaveProperty('lossScaler');
  });

  it('does not grow beyond what float32 can hold', () => {
    const scaler = new LossScaler({ initialScale: 2 ** 127, growthInterval: 1 });
    scaler.stepped();
    expect(scaler.scale).toBe(2 ** 127);
  });

  it('gives up by name when no scale is small enough', () => {
    requireUsableScale(MIN_SCALE, 7);
    expect(() => requireUsableScale(MIN_SCALE / 2, 7)).toThrowError(
      expect.objectContaining({ code: 'ENGINE_LOSS_SCALE_EXHAUSTED', details: { scale: MIN_SCALE / 2, step: 7 } }),
    );
  });
});
