import { describe, expect, it } from 'vitest';
import { iterationAfter, lossDifferences, relativeDifference, stateDifference } from '../../../bench/parity/compare.js';

const losses = (box: number, stepped: boolean) => ({ box, obj: 0, cls: 0, stepped });

describe('comparing trajectories', () => {
  it('finds the first iteration that the weights of step n computed', () => {
    // Steps follow iterations 0, 2 and 3, so iteration 1 is the first after one step, 3 after two, 4 after three.
    const iterations = [true, false, true, true, false].map((stepped) => losses(1, stepped));
    expect([0, 1, 2, 3, 4].map((steps) => iterationAfter(iterations, steps))).toEqual([0, 1, 3, 4, undefined]);
  });

  it('relates the difference to the second value', () => {
    expect(relativeDifference(1.5, 2)).toBe(0.25);
    expect(relativeDifference(0, 0)).toBe(0);
    expect(lossDifferences([losses(3, true)], [losses(2, true)])).toEqual([0.5]);
  });

  it('takes all tensors as one vector', () => {
    // ‖(0, 3, 4) − (0, 0, 4)‖ = 3 and ‖(0, 0, 4)‖ = 4
    const a = new Map([
      ['w', Float32Array.of(0, 3)],
      ['b', Float32Array.of(4)],
    ]);
    const b = new Map([
      ['w', Float32Array.of(0, 0)],
      ['b', Float32Array.of(4)],
    ]);
    expect(stateDifference(a, b)).toBe(0.75);
  });

  it('is not a number where a tensor is missing', () => {
    expect(stateDifference(new Map(), new Map([['w', Float32Array.of(1)]]))).toBeNaN();
  });
});
