import { describe, expect, it } from 'vitest';
import { philox, randomStream } from '../../proto/random.js';

const draws = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** 2));
};

describe('Philox4x32-10', () => {
  // Known answers published with the Random123 library.
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('encrypts counter %j under key %j as published', (counter, key, expected) => {
    const block = Uint32Array.from(counter);
    philox(block, key[0]!, key[1]!);
    expect([...block]).toEqual(expected);
  });
});

describe('a random stream', () => {
  it('gives the same numbers for the same key and others for any other key', () => {
    const first = (...key: (number | string)[]): number => randomStream(...key).uniform();
    expect(first(7, 'epoch', 3)).toBe(first(7, 'epoch', 3));
    const keys: (number | string)[][] = [
      [1, 2],
      [2, 1],
      [12],
      ['1', 2],
      ['12'],
      ['1', '2'],
      ['ab', 'c'],
      ['a', 'bc'],
      [1.5],
      [],
    ];
    expect(new Set(keys.map((key) => first(...key))).size).toBe(keys.length);
  });

  it('draws uniform values with mean 1/2, variance 1/12 and level tenths', () => {
    const stream = randomStream(1, 'uniform');
    const values = draws(40_000, () => stream.uniform());
    // Standard errors: mean √(1/12/40000) = 0.0014; a tenth holds 4000 ± 60.
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(variance(values)).toBeCloseTo(1 / 12, 2);
    const tenths = new Array<number>(10).fill(0);
    for (const value of values) tenths[Math.floor(value * 10)]! += 1;
    const chiSquare = tenths.reduce((sum, count) => sum + (count - 4000) ** 2 / 4000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 99.9 % quantile with nine degrees of freedom
  });

  it('has no correlation between neighbouring values, nor between streams of neighbouring keys', () => {
    const stream = randomStream(5);
    const values = draws(20_000, () => stream.uniform(-1, 1));
    const lagged = mean(values.slice(1).map((value, i) => value * values[i]!));
    expect(Math.abs(lagged)).toBeLessThan(0.01); // standard error 1/3/√20000 = 0.0024
    const across = mean(
      Array.from({ length: 5000 }, (_, i) => randomStream(9, i).uniform(-1, 1) * randomStream(9, i + 1).uniform(-1, 1)),
    );
    expect(Math.abs(across)).toBeLessThan(0.02); // 1/3/√5000 = 0.0047
  });

  it('keeps uniform values below the upper end', () => {
    const stream = randomStream('range');
    for (const value of draws(1000, () => stream.uniform(3, 4))) {
      expect(value).toBeGreaterThanOrEqual(3);
      expect(value).toBeLessThan(4);
    }
    expect(stream.uniform(2, 2)).toBe(2);
  });

  it('draws integers of an inclusive range equally often', () => {
    const stream = randomStream('dice');
    const counts = new Array<number>(6).fill(0);
    for (const value of draws(12_000, () => stream.integer(1, 6))) counts[value - 1]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(20.5); // 99.9 % quantile with five degrees of freedom
  });

  it('refuses an empty range of integers and a choice among nothing', () => {
    expect(() => randomStream(1).integer(3, 2)).toThrow(expect.objectContaining({ code: 'CONFIG_RANDOM_RANGE' }));
    expect(() => randomStream(1).choice([])).toThrow(expect.objectContaining({ code: 'CONFIG_RANDOM_RANGE' }));
  });

  it('draws normal values with mean 0, variance 1 and normal tails', () => {
    const stream = randomStream(2, 'normal');
    const values = draws(40_000, () => stream.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.02); // standard error 0.005
    expect(Math.abs(variance(values) - 1)).toBeLessThan(0.03); // √(2/40000) = 0.007
    const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length;
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.005);
  });

  it.each([
    [32, 32],
    [0.5, 2],
    [3, 1],
  ])('draws beta(%d, %d) values with the mean a/(a+b) and variance ab/((a+b)²(a+b+1))', (a, b) => {
    const stream = randomStream(3, 'beta', a, b);
    const values = draws(20_000, () => stream.beta(a, b));
    const expectedVariance = (a * b) / ((a + b) ** 2 * (a + b + 1));
    expect(Math.abs(mean(values) - a / (a + b))).toBeLessThan(5 * Math.sqrt(expectedVariance / 20_000));
    expect(Math.abs(variance(values) / expectedVariance - 1)).toBeLessThan(0.06);
  });

  it('permutes: every number once, every number equally often in front', () => {
    expect([...randomStream(4).permutation(100)].sort((p, q) => p - q)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
    const stream = randomStream(4, 'first');
    const counts = [0, 0, 0, 0];
    for (const first of draws(8000, () => stream.permutation(4)[0]!)) counts[first]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(150); // ± 39 standard deviation
    expect(stream.permutation(0)).toHaveLength(0);
  });

  it('fills a float32 array within its bounds', () => {
    const filled = randomStream(6).fillUniform(new Float32Array(10_000), -0.5, 0.5);
    expect(Math.max(...filled)).toBeLessThanOrEqual(0.5);
    expect(Math.min(...filled)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.abs(mean([...filled]))).toBeLessThan(0.02);
  });
});
