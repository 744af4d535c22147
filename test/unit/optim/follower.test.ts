/** Optimizer steps that move an average along, against the step and the average each in a pass of its own. */
import { describe, expect, it } from 'vitest';
import { adamStep } from '../../../worker/optim/adam.js';
import { Ema } from '../../../worker/optim/ema.js';
import { FlatMemory } from '../../../worker/optim/flat-memory.js';
import type { Follower, ParameterRange, StepRates } from '../../../worker/optim/group.js';
import { sgdStep } from '../../../worker/optim/sgd.js';

/** More than two tiles of 16,384 elements, and not a multiple of anything. */
const LENGTH = 40_007;
const RATES: StepRates = { lr: [0.01, 0.02, 0.03], momentum: 0.9, weightDecay: 0.0005 };
/** With a gap, and with gradients that lie elsewhere than the parameters. */
const RANGES: readonly ParameterRange[] = [
  { offset: 0, length: 33_001, group: 1, gradientOffset: 5 },
  { offset: 33_008, length: LENGTH - 33_008, group: 2, gradientOffset: 33_006 },
];

const wave = (i: number, scale: number): number => Math.fround(Math.sin(i * scale));

/** What a step works on, made anew: in the memory of kernels, or anywhere. */
function makeArrays(make: (length: number) => Float32Array) {
  const filled = (scale: number): Float32Array => make(LENGTH).map((_, i) => wave(i, scale));
  const arrays = [0.1, 0.7, 0.3].map((scale) => {
    const array = make(LENGTH);
    array.set(filled(scale));
    return array;
  });
  return { p: arrays[0]!, g: arrays[1]!, average: arrays[2]!, first: make(LENGTH), second: make(LENGTH) };
}

const STEPS = {
  sgd: ({ p, g, first }: ReturnType<typeof makeArrays>, follower?: Follower) =>
    sgdStep(p, g, first, RANGES, RATES, follower),
  adam: ({ p, g, first, second }: ReturnType<typeof makeArrays>, follower?: Follower) =>
    adamStep(p, g, { first, second }, RANGES, RATES, 3, follower),
};

describe.each(['sgd', 'adam'] as const)('%s with an average that follows', (name) => {
  it.each(['beside the parameters', 'elsewhere'])('gives the bits of two passes, with arrays %s', (where) => {
    const memory = new FlatMemory();
    const make = (length: number) => (where === 'elsewhere' ? new Float32Array(length) : memory.float32(length));
    const fused = makeArrays(make);
    const apart = makeArrays(make);
    const rest = 0.125;
    STEPS[name](fused, { average: fused.average, rest });
    STEPS[name](apart);
    const inRange = (i: number): boolean => RANGES.some(({ offset, length }) => i >= offset && i < offset + length);
    const expected = apart.average.map((a, i) =>
      inRange(i) ? Math.fround(Math.fround(rest * Math.fround(apart.p[i]! - a)) + a) : a,
    );
    expect(fused.p).toEqual(apart.p);
    expect(fused.average).toEqual(expected);
    expect(fused.p[100]).not.toBe(wave(100, 0.1));
  });
});

describe('Ema', () => {
  it('gives the same bits when its parts are moved one after the other', () => {
    const state = Float32Array.from({ length: 1_000 }, (_, i) => wave(i, 0.2));
    const start = state.map((value) => value + 1);
    const whole = new Ema(start);
    whole.update(state);
    const parts = new Ema(start);
    const rest = parts.advance();
    parts.follow(state, rest, 300);
    expect(parts.values.subarray(300)).toEqual(whole.values.subarray(300));
    expect(parts.values.subarray(0, 300)).toEqual(start.subarray(0, 300));
    expect(parts.updates).toBe(1);
  });
});
