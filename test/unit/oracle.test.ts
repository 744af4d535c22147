import { describe, expect, it } from 'vitest';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import type { Value } from '../../worker/engine/program.js';
import { type OracleFeed, runOracle, runOracleArrays } from '../support/oracle.js';

const NONE = { top: 0, bottom: 0, left: 0, right: 0 };

/** Builds a program around one value and returns that value's elements. */
function evaluate(build: (b: ProgramBuilder) => Value, feeds: Record<string, OracleFeed> = {}): number[] {
  const b = new ProgramBuilder();
  b.output('y', build(b));
  return [...runOracle(b.finish(), feeds).y!];
}

function array(b: ProgramBuilder, shape: number[], data: number[]): Value {
  return b.constant(Float32Array.from(data), shape);
}

describe('oracle', () => {
  it('convolves without flipping the filter', () => {
    // One channel, 2×2 filter [[1, 10], [100, 1000]] over [[1, 2, 3], [4, 5, 6]]:
    // 1 + 2·10 + 4·100 + 5·1000 = 5421 and 2 + 30 + 500 + 6000 = 6532.
    const y = evaluate((b) =>
      b.conv2d(array(b, [1, 2, 3, 1], [1, 2, 3, 4, 5, 6]), array(b, [2, 2, 1, 1], [1, 10, 100, 1000]), {
        strides: [1, 1],
        padding: NONE,
      }),
    );
    expect(y).toEqual([5421, 6532]);
  });

  it('pads a convolution with zeros and strides from the padded corner', () => {
    // Padded by one on top and left, stride 2: windows end at (0,0), (0,2): 1000·1 and 1000·3 + 100·2.
    const y = evaluate((b) =>
      b.conv2d(array(b, [1, 1, 3, 1], [1, 2, 3]), array(b, [2, 2, 1, 1], [1, 10, 100, 1000]), {
        strides: [2, 2],
        padding: { top: 1, bottom: 0, left: 1, right: 0 },
      }),
    );
    expect(y).toEqual([1000, 3200]);
  });

  it('mixes channels: filter element [0, 0, i, o] leads from channel i to channel o', () => {
    // (1, 2) · [[1, 2], [10, 20]] = (21, 42)
    const y = evaluate((b) =>
      b.conv2d(array(b, [1, 1, 1, 2], [1, 2]), array(b, [1, 1, 2, 2], [1, 2, 10, 20]), {
        strides: [1, 1],
        padding: NONE,
      }),
    );
    expect(y).toEqual([21, 42]);
  });

  it('gives the input gradient of a convolution as the sum over the windows that saw a pixel', () => {
    // Width 3, filter (1, 10), two windows with dy (1, 2): dx = (1·1, 1·10 + 2·1, 2·10).
    const y = evaluate((b) =>
      b.conv2dInputGrad(array(b, [1, 2, 1, 1], [1, 10]), array(b, [1, 1, 2, 1], [1, 2]), [1, 1, 3, 1], {
        strides: [1, 1],
        padding: NONE,
      }),
    );
    expect(y).toEqual([1, 12, 20]);
  });

  it('gives the filter gradient of a convolution as the sum over windows of pixel times dy', () => {
    // x = (1, 2, 3), dy = (1, 10): tap 0 saw 1 and 2: 1 + 20; tap 1 saw 2 and 3: 2 + 30.
    const y = evaluate((b) =>
      b.conv2dFilterGrad(array(b, [1, 1, 3, 1], [1, 2, 3]), array(b, [1, 1, 2, 1], [1, 10]), [1, 2, 1, 1], {
        strides: [1, 1],
        padding: NONE,
      }),
    );
    expect(y).toEqual([21, 32]);
  });

  it('normalises by the biased variance and reports the unbiased one', () => {
    const b = new ProgramBuilder();
    const x = array(b, [1, 2, 2, 1], [1, 3, 5, 7]);
    const { y, mean, variance } = b.batchNormTrain(x, array(b, [1], [2]), array(b, [1], [10]), 0);
    b.output('y', y);
    b.output('mean', mean);
    b.output('variance', variance);
    const out = runOracle(b.finish(), {});
    // Mean 4; squared deviations 9 + 1 + 1 + 9 = 20, so biased 5 and unbiased 20/3.
    expect([...out.mean!]).toEqual([4]);
    expect(out.variance![0]).toBeCloseTo(20 / 3, 12);
    const expected = [-3, -1, 1, 3].map((deviation) => (deviation / Math.sqrt(5)) * 2 + 10);
    for (const [i, value] of expected.entries()) expect(out.y![i]).toBeCloseTo(value, 12);
  });

  it('gives batch normalisation a gradient without mean and without a component along x̂', () => {
    const b = new ProgramBuilder();
    const x = array(b, [1, 4, 1, 1], [1, 3, 5, 7]);
    const scale = array(b, [1], [2]);
    const reserve = array(b, [1], [0]);
    const [dx, dscale, doffset] = b.batchNormGrad(array(b, [1, 4, 1, 1], [1, 0, 0, 0]), x, scale, reserve, reserve, 0);
    b.output('dx', dx!);
    b.output('dscale', dscale!);
    b.output('doffset', doffset!);
    const out = runOracle(b.finish(), {});
    // x̂ = (−3, −1, 1, 3)/√5; doffset = 1; dscale = −3/√5;
    // dx = 2/√5 · (dy − 1/4 − x̂·dscale/4) = 2/√5 · (1 − 0.25 − 0.45, −0.25 − 0.15, −0.25 + 0.15, −0.25 + 0.45).
    expect(out.doffset![0]).toBe(1);
    expect(out.dscale![0]).toBeCloseTo(-3 / Math.sqrt(5), 12);
    const expected = [0.3, -0.4, -0.1, 0.2].map((v) => (v * 2) / Math.sqrt(5));
    for (const [i, value] of expected.entries()) expect(out.dx![i]).toBeCloseTo(value, 12);
  });

  it('gives SiLU and its gradient', () => {
    // At 0: y = 0, y′ = σ(0) = 1/2. At ln 3: σ = 3/4, y = ¾·ln 3, y′ = ¾·(1 + ¼·ln 3).
    const x = Math.log(3);
    const y = evaluate((b) => b.silu(b.input('x', [2])), { x: [0, x] });
    expect(y[0]).toBe(0);
    expect(y[1]).toBeCloseTo(0.75 * x, 12);
    const dx = evaluate((b) => b.siluGrad(b.input('x', [2]), array(b, [2], [1, 2])), { x: [0, x] });
    expect(dx[0]).toBeCloseTo(0.5, 12);
    expect(dx[1]).toBeCloseTo(2 * 0.75 * (1 + 0.25 * x), 12);
  });

  it('never lets padding win a max-pooling, and sends the gradient to the first maximum', () => {
    const attrs = { size: [1, 2], strides: [1, 1], padding: { top: 0, bottom: 0, left: 0, right: 1 } } as const;
    const b = new ProgramBuilder();
    const x = array(b, [1, 1, 3, 1], [-5, -5, -7]);
    const y = b.maxPool(x, attrs);
    b.output('y', y);
    b.output('dx', b.maxPoolGrad(x, y, array(b, [1, 1, 3, 1], [1, 10, 100]), attrs));
    const out = runOracle(b.finish(), {});
    // Windows (−5, −5), (−5, −7), (−7, padding): winners 0 (first of the tie), 1, 2.
    expect([...out.y!]).toEqual([-5, -5, -7]);
    expect([...out.dx!]).toEqual([1, 10, 100]);
  });

  it('adds up in one pixel what several overlapping windows send it', () => {
    const attrs = { size: [1, 2], strides: [1, 1], padding: NONE } as const;
    const y = evaluate((b) => {
      const x = array(b, [1, 1, 3, 1], [1, 9, 2]);
      return b.maxPoolGrad(x, b.maxPool(x, attrs), array(b, [1, 1, 2, 1], [1, 10]), attrs);
    });
    expect(y).toEqual([0, 11, 0]);
  });

  it('pads, cuts, doubles and folds planes', () => {
    const padding = { top: 1, bottom: 0, left: 0, right: 2 };
    expect(evaluate((b) => b.pad2d(array(b, [1, 1, 2, 1], [1, 2]), padding))).toEqual([0, 0, 0, 0, 1, 2, 0, 0]);
    expect(evaluate((b) => b.unpad2d(array(b, [1, 2, 4, 1], [0, 0, 0, 0, 1, 2, 0, 0]), padding))).toEqual([1, 2]);
    expect(evaluate((b) => b.upsample2x(array(b, [1, 1, 2, 1], [1, 2])))).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    expect(evaluate((b) => b.upsample2xGrad(array(b, [1, 2, 4, 1], [1, 2, 3, 4, 10, 20, 30, 40])))).toEqual([33, 77]);
  });

  it('joins, slices, reshapes and transposes', () => {
    expect(evaluate((b) => b.concat([array(b, [2, 1], [1, 2]), array(b, [2, 2], [3, 4, 5, 6])], 1))).toEqual([
      1, 3, 4, 2, 5, 6,
    ]);
    expect(evaluate((b) => b.slice(array(b, [2, 3], [1, 2, 3, 4, 5, 6]), [0, 1], [-1, 2]))).toEqual([2, 3, 5, 6]);
    expect(evaluate((b) => b.reshape(array(b, [2, 3], [1, 2, 3, 4, 5, 6]), [3, -1]))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(evaluate((b) => b.transpose(array(b, [2, 3], [1, 2, 3, 4, 5, 6]), [1, 0]))).toEqual([1, 4, 2, 5, 3, 6]);
    // x[i, j, k] = 4i + 2j + k; y[k, i, j] lists k slowest: 0 2 4 6, then 1 3 5 7.
    expect(evaluate((b) => b.transpose(array(b, [2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]), [2, 0, 1]))).toEqual([
      0, 2, 4, 6, 1, 3, 5, 7,
    ]);
  });

  it('broadcasts rows against columns', () => {
    const y = evaluate((b) => b.sub(array(b, [2, 1], [10, 20]), array(b, [3], [1, 2, 3])));
    expect(y).toEqual([9, 8, 7, 19, 18, 17]);
  });

  it('keeps softplus and sigmoid finite far from zero', () => {
    expect(evaluate((b) => b.unary('softplus', array(b, [3], [-1000, 0, 1000])))).toEqual([0, Math.LN2, 1000]);
    expect(evaluate((b) => b.unary('sigmoid', array(b, [3], [-1000, 0, 1000])))).toEqual([0, 0.5, 1]);
  });

  it('compares into zeros and ones and selects by them', () => {
    const [left, right] = [
      [1, 2, 3],
      [2, 2, 2],
    ];
    const compare = (fn: 'greater' | 'greaterEqual' | 'equal'): number[] =>
      evaluate((b) => b.binary(fn, array(b, [3], left), array(b, [3], right)));
    expect(compare('greater')).toEqual([0, 0, 1]);
    expect(compare('greaterEqual')).toEqual([0, 1, 1]);
    expect(compare('equal')).toEqual([0, 1, 0]);
    expect(
      evaluate((b) => b.select(array(b, [3], [0, 1, 0]), array(b, [3], [1, 2, 3]), array(b, [3], [-1, -2, -3]))),
    ).toEqual([-1, 2, -3]);
  });

  it('sums over chosen axes', () => {
    const x = [1, 2, 3, 4, 5, 6];
    expect(evaluate((b) => b.sum(array(b, [2, 3], x)))).toEqual([21]);
    expect(evaluate((b) => b.sum(array(b, [2, 3], x), [0]))).toEqual([5, 7, 9]);
    expect(evaluate((b) => b.sum(array(b, [2, 3], x), [1], true))).toEqual([6, 15]);
  });

  it('gathers rows and scatters them back, adding duplicates', () => {
    const b = new ProgramBuilder();
    const indices = b.input('indices', [-1, 1], 'int32');
    b.output('rows', b.gatherNd(array(b, [3, 2], [1, 2, 3, 4, 5, 6]), indices));
    b.output('sums', b.scatterNd(indices, b.input('updates', [-1, 2]), [3, 2]));
    const out = runOracle(b.finish(), { indices: [2, 0, 2], updates: [1, 2, 3, 4, 5, 6] });
    expect([...out.rows!]).toEqual([5, 6, 1, 2, 5, 6]);
    expect([...out.sums!]).toEqual([3, 4, 0, 0, 6, 8]);
  });

  it('runs with no rows at all and tells the shape that came out', () => {
    const b = new ProgramBuilder();
    const x = b.input('x', [-1, 3]);
    b.output('y', b.mul(x, 2));
    b.output('total', b.sum(x));
    const out = runOracleArrays(b.finish(), { x: [] });
    expect(out.y!.shape).toEqual([0, 3]);
    expect([...out.total!.data]).toEqual([0]);
  });

  it('computes only the outputs asked for', () => {
    const b = new ProgramBuilder();
    b.output('y', b.add(b.input('x', []), 1));
    b.output('z', b.input('not fed', []));
    expect([...runOracle(b.finish(), { x: [1] }, ['y']).y!]).toEqual([2]);
    expect(() => runOracle(b.finish(), { x: [1] })).toThrow(/not fed/);
  });
});
