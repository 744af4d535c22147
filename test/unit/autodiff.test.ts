import { describe, expect, it } from 'vitest';
import { gradients } from '../../worker/engine/autodiff.js';
import { NO_PADDING, ProgramBuilder } from '../../worker/engine/builder.js';
import { numElements, type Shape, type UnaryFunction, type Value } from '../../worker/engine/program.js';
import { type OracleFeed, runOracle, runOracleArrays } from '../support/oracle.js';
import { RandomArrays } from '../support/random-arrays.js';

/** A parameter's shape and values; `declared` where the program knows less than the test. */
interface Parameter {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
  readonly declared?: Shape;
}

/**
 * Compares the written gradients of Σ wᵢ·yᵢ with central differences, both in float64. The weights w differ from
 * element to element, so that a gradient that lands on the wrong element shows.
 */
function checkGradients(
  parameters: Readonly<Record<string, Parameter>>,
  build: (b: ProgramBuilder, values: Record<string, Value>) => Value,
): void {
  const b = new ProgramBuilder();
  const names = Object.keys(parameters);
  const values = Object.fromEntries(
    names.map((name) => [name, b.input(name, parameters[name]!.declared ?? parameters[name]!.shape)]),
  );
  const y = build(b, values);
  const weights = b.input('weights', y.shape);
  const loss = b.sum(b.mul(y, weights));
  b.output('y', y);
  b.output('loss', loss);
  const found = gradients(
    b,
    loss,
    names.map((name) => values[name]!),
  );
  for (const [i, name] of names.entries()) b.output(`d ${name}`, found[i]!);
  const program = b.finish();

  const fed: Record<string, OracleFeed> = { ...parameters };
  const { shape } = runOracleArrays(program, fed, ['y']).y!;
  const spread = Float64Array.from({ length: numElements(shape) }, (_, i) => 0.5 + ((i * 7) % 11) / 10);
  const feeds: Record<string, OracleFeed> = { ...fed, weights: { shape, data: spread } };
  const gradient = runOracleArrays(program, feeds);
  // h² errors of 1e-12 times third derivatives, and 1e-16/h = 1e-10 from the difference.
  const h = 1e-6;
  for (const name of names) {
    const { data, shape: parameterShape } = parameters[name]!;
    expect(gradient[`d ${name}`]!.shape, `shape of d ${name}`).toEqual(parameterShape);
    for (let i = 0; i < data.length; i++) {
      const at = (value: number): number => {
        const moved = Float64Array.from(data);
        moved[i] = value;
        return runOracle(program, { ...feeds, [name]: { shape: parameterShape, data: moved } }, ['loss']).loss![0]!;
      };
      const expected = (at(data[i]! + h) - at(data[i]! - h)) / (2 * h);
      const actual = gradient[`d ${name}`]!.data[i]!;
      const close = Math.abs(actual - expected) <= 1e-7 * Math.max(1, Math.abs(expected));
      if (!close) expect.fail(`d ${name}[${i}] is ${actual}, finite differences give ${expected}`);
    }
  }
}

function parameter(seed: number, shape: Shape, low = -1, high = 1, declared: Shape = shape): Parameter {
  return { shape, data: new RandomArrays(seed).uniform(numElements(shape), low, high), declared };
}

function square(b: ProgramBuilder, x: Value): Value {
  return b.unary('square', x);
}

/** Evaluates d loss / d x for a scalar function of one vector. */
function gradientOf(x: number[], build: (b: ProgramBuilder, x: Value) => Value): number[] {
  const b = new ProgramBuilder();
  const value = b.input('x', [x.length]);
  const [gradient] = gradients(b, b.sum(build(b, value)), [value]);
  b.output('dx', gradient!);
  return [...runOracle(b.finish(), { x }).dx!];
}

describe('element-wise gradients', () => {
  it.each<[UnaryFunction, number, number]>([
    ['neg', -2, 2],
    ['sqrt', 0.2, 4],
    ['square', -2, 2],
    ['exp', -2, 2],
    ['log', 0.2, 4],
    ['sigmoid', -4, 4],
    ['softplus', -4, 4],
    ['atan', -3, 3],
    ['abs', 0.1, 2],
    ['abs', -2, -0.1],
    ['reciprocal', 0.3, 3],
  ])('%s between %d and %d', (fn, low, high) => {
    checkGradients({ x: parameter(3, [2, 5], low, high) }, (b, { x }) => b.unary(fn, x!));
  });

  const broadcasts: [Shape, Shape][] = [
    [
      [3, 4],
      [3, 4],
    ],
    [[3, 4], [4]],
    [
      [3, 4],
      [3, 1],
    ],
    [
      [3, 1],
      [1, 4],
    ],
    [[2, 3, 2], []],
    [[1], [2, 3]],
  ];
  describe.each(['add', 'sub', 'mul', 'div', 'max', 'min'] as const)('%s', (fn) => {
    it.each(broadcasts)('of %j and %j, summed back over what broadcasting stretched', (p, q) => {
      checkGradients({ p: parameter(5, p, 0.5, 2), q: parameter(6, q, 0.5, 2) }, (b, values) =>
        b.binary(fn, values.p!, values.q!),
      );
    });
  });

  it('pow, for its base', () => {
    for (const exponent of [0.5, 1.5, 2]) {
      checkGradients({ x: parameter(8, [5], 0.3, 2) }, (b, { x }) => b.binary('pow', x!, exponent));
    }
  });

  it('silu', () => {
    checkGradients({ x: parameter(4, [1, 2, 3, 2], -4, 4) }, (b, { x }) => b.silu(x!));
  });

  it('select sends each gradient to the side that was taken', () => {
    checkGradients({ p: parameter(5, [6]), q: parameter(6, [6]) }, (b, { p, q }) =>
      b.select(b.constant(Float32Array.of(1, 0, 0, 1, 1, 0)), p!, q!),
    );
  });

  it('select keeps a NaN gradient away from the side that was not taken', () => {
    const weights = Float32Array.of(Number.NaN, 3);
    const dx = gradientOf([-1, 1], (b, x) => {
      const zero = b.constant(new Float32Array(2));
      return b.mul(b.select(b.binary('greater', x, 0), x, zero), b.constant(weights));
    });
    expect(dx).toEqual([0, 3]);
  });
});

describe('tie rules, as in PyTorch', () => {
  it('max and min give half to each side', () => {
    expect(gradientOf([1, 2, 3], (b, x) => b.max(x, 2))).toEqual([0, 0.5, 1]);
    expect(gradientOf([1, 2, 3], (b, x) => b.max(2, x))).toEqual([0, 0.5, 1]);
    expect(gradientOf([1, 2, 3], (b, x) => b.min(x, 2))).toEqual([1, 0.5, 0]);
    expect(gradientOf([1, 2, 3], (b, x) => b.max(x, x))).toEqual([1, 1, 1]);
  });

  it('abs gives nothing at zero', () => {
    expect(gradientOf([-3, 0, 3], (b, x) => b.unary('abs', x))).toEqual([-1, 0, 1]);
  });

  it('comparisons give nothing at all', () => {
    for (const fn of ['greater', 'greaterEqual', 'equal'] as const) {
      expect(gradientOf([1, 2, 3], (b, x) => b.binary(fn, x, 2))).toEqual([0, 0, 0]);
    }
  });

  it('max-pooling gives all to the first maximum', () => {
    const dx = gradientOf([2, 2, 1, 2], (b, x) =>
      b.maxPool(b.reshape(x, [1, 2, 2, 1]), { size: [2, 2], strides: [1, 1], padding: NO_PADDING }),
    );
    expect(dx).toEqual([1, 0, 0, 0]);
  });
});

describe('gradients of operators on planes', () => {
  it.each([
    [3, 1, 1],
    [3, 2, 1],
    [1, 2, 0],
    [6, 2, 2],
  ])('convolution with kernel %i, stride %i, padding %i', (kernel, stride, p) => {
    const attrs = { strides: [stride, stride], padding: { top: p, bottom: p, left: p, right: p } } as const;
    checkGradients({ x: parameter(1, [1, 5, 6, 2]), w: parameter(2, [kernel, kernel, 2, 3]) }, (b, { x, w }) =>
      b.conv2d(x!, w!, attrs),
    );
  });

  it('batch normalisation, through mean and variance as well', () => {
    checkGradients(
      { x: parameter(1, [2, 2, 3, 2]), scale: parameter(2, [2], 0.5, 2), offset: parameter(3, [2]) },
      (b, { x, scale, offset }) => b.batchNormTrain(x!, scale!, offset!, 1e-3).y,
    );
  });

  it('max-pooling with overlapping windows and padding', () => {
    const padding = { top: 1, bottom: 1, left: 1, right: 1 };
    checkGradients({ x: parameter(1, [1, 4, 5, 2]) }, (b, { x }) =>
      b.maxPool(x!, { size: [3, 3], strides: [1, 1], padding }),
    );
  });

  it('borders, doubling, concat, transpose and reshape', () => {
    const padding = { top: 1, bottom: 0, left: 2, right: 1 };
    checkGradients({ x: parameter(1, [1, 2, 3, 2]), z: parameter(2, [1, 3, 6, 2]) }, (b, { x, z }) => {
      const padded = b.pad2d(x!, padding);
      const cut = b.unpad2d(b.upsample2x(padded), { top: 2, bottom: 1, left: 3, right: 3 });
      return b.reshape(b.transpose(b.concat([cut, square(b, z!)], 3), [0, 3, 1, 2]), [4, 18]);
    });
  });
});

describe('gradients of operators on rows', () => {
  it('slices, with zeros around what was cut', () => {
    checkGradients({ x: parameter(1, [3, 4, 5]) }, (b, { x }) => b.slice(x!, [1, 0, 2], [1, -1, 2]));
    checkGradients({ x: parameter(1, [3, 4]) }, (b, { x }) => b.slice(x!, [0, 1], [2, -1]));
  });

  it.each([0, 1, 4])('slices of %i rows that the program cannot count', (n) => {
    checkGradients({ x: parameter(1, [n, 5], -1, 1, [-1, 5]) }, (b, { x }) => b.slice(x!, [0, 1], [-1, 2]));
  });

  it('slices along the axis that the program cannot count', () => {
    const x = parameter(1, [5, 3], -1, 1, [-1, 3]);
    checkGradients({ x }, (b, values) => b.slice(values.x!, [1, 0], [-1, -1]));
    checkGradients({ x }, (b, values) => b.slice(values.x!, [1, 1], [2, 2]));
    checkGradients({ x }, (b, values) => b.slice(values.x!, [0, 0], [4, 1]));
  });

  it('sums over some axes, kept or not', () => {
    checkGradients({ x: parameter(1, [2, 3, 4]) }, (b, { x }) => square(b, b.sum(x!, [0, 2])));
    checkGradients({ x: parameter(1, [2, 3, 4]) }, (b, { x }) => square(b, b.sum(x!, [1], true)));
    checkGradients({ x: parameter(1, [3, 4], -1, 1, [-1, 4]) }, (b, { x }) => square(b, b.sum(x!, [1])));
  });

  it('gathers, adding up what several rows took from one place', () => {
    checkGradients({ x: parameter(1, [3, 4, 2]) }, (b, { x }) =>
      square(b, b.gatherNd(x!, b.constant(Int32Array.of(2, 1, 0, 0, 2, 1, 1, 3), [4, 2]))),
    );
  });

  it('scatters, so that every duplicate gets the gradient of its place', () => {
    checkGradients({ u: parameter(1, [3, 2], -1, 1, [-1, 2]) }, (b, { u }) => {
      const indices = b.constant(Int32Array.of(1, 1, 3), [3, 1]);
      return square(b, b.scatterNd(indices, b.reshape(u!, [3, 2]), [4, 2]));
    });
  });

  it('concatenates rows of unknown number behind known ones', () => {
    checkGradients({ p: parameter(1, [2, 3]), q: parameter(2, [4, 3], -1, 1, [-1, 3]) }, (b, { p, q }) =>
      square(b, b.concat([p!, q!], 0)),
    );
  });
});

describe('the walk', () => {
  it('adds up the gradients of a parameter that is used twice', () => {
    // d/dx (x² + 3x) = 2x + 3
    expect(gradientOf([1, -2], (b, x) => b.add(square(b, x), b.mul(x, 3)))).toEqual([5, -1]);
  });

  it('stops at stopGradient', () => {
    // d/dx (x · stop(x)) = stop(x)
    expect(gradientOf([4, -3], (b, x) => b.mul(x, b.stopGradient(x)))).toEqual([4, -3]);
    expect(gradientOf([4], (b, x) => b.stopGradient(square(b, x)))).toEqual([0]);
  });

  it('reports gradients in backward order, each when its last use has been walked', () => {
    const b = new ProgramBuilder();
    const [first, second, twice, unused] = ['first', 'second', 'twice', 'unused'].map((name) => b.input(name, [2]));
    let x = b.mul(b.constant(Float32Array.of(1, 2)), first!);
    x = b.mul(x, twice!);
    x = b.mul(b.unary('exp', x), second!);
    const loss = b.sum(b.mul(x, twice!));
    const reported: [Value, number][] = [];
    const parameters = [first!, second!, twice!, unused!];
    const returned = gradients(b, loss, parameters, (value, gradient) => {
      reported.push([value, gradient.id]);
    });
    // `twice` is used last and second: it is complete only there. `unused` comes at the end.
    expect(reported.map(([value]) => value)).toEqual([second, twice, first, unused]);
    // The order in which the gradients' own nodes are written is the order of the reports.
    const ids = reported.map(([, id]) => id);
    expect([...ids].sort((p, q) => p - q)).toEqual(ids);
    expect(returned.map((gradient) => gradient.id)).toEqual(
      parameters.map((value) => reported.find(([other]) => other === value)![1]),
    );
  });

  it('gives zeros to parameters without influence', () => {
    const b = new ProgramBuilder();
    const [used, unused, masked] = ['used', 'unused', 'masked'].map((name) => b.input(name, [2]));
    // `masked` takes part, but only in a comparison.
    const loss = b.sum(b.mul(used!, b.binary('greater', masked!, 0)));
    const found = gradients(b, loss, [unused!, used!, masked!]);
    for (const [i, gradient] of found.entries()) b.output(`${i}`, gradient);
    const out = runOracle(b.finish(), { used: [1, 2], unused: [Number.POSITIVE_INFINITY, 2], masked: [1, -1] });
    expect([...out['0']!]).toEqual([0, 0]);
    expect([...out['1']!]).toEqual([1, 0]);
    expect([...out['2']!]).toEqual([0, 0]);
  });

  it('differentiates the loss by itself and by values between', () => {
    const b = new ProgramBuilder();
    const x = b.input('x', [2]);
    const middle = square(b, x);
    const loss = b.sum(b.mul(middle, 3));
    for (const [i, gradient] of gradients(b, loss, [loss, middle, x]).entries()) b.output(`${i}`, gradient);
    const out = runOracle(b.finish(), { x: [1, 2] });
    expect([[...out['0']!], [...out['1']!], [...out['2']!]]).toEqual([[1], [3, 3], [6, 12]]);
  });

  it.each<[string, (b: ProgramBuilder, x: Value) => Value]>([
    [
      'a batch mean',
      (b, x) => b.batchNormTrain(x, b.constant(Float32Array.of(1)), b.constant(Float32Array.of(1)), 0).mean,
    ],
    [
      'inference normalisation',
      (b, x) => {
        const one = b.constant(Float32Array.of(1));
        return b.batchNormInfer(x, one, one, one, one, 0);
      },
    ],
    ['an exponent', (b, x) => b.binary('pow', 2, x)],
    [
      'a gather from rows of unknown number',
      (b, x) => b.gatherNd(b.reshape(x, [-1]), b.constant(Int32Array.of(0), [1, 1])),
    ],
    [
      'rows joined before an unknown number of others',
      (b, x) => {
        const rows = b.slice(b.input('rows', [-1, 2, 2, 1]), [0, 0, 0, 0], [-1, -1, -1, -1]);
        return b.concat([rows, x], 0);
      },
    ],
  ])('refuses %s by name', (_, build) => {
    const b = new ProgramBuilder();
    const x = b.input('x', [-1, 2, 2, 1]);
    const fault = expect.objectContaining({ code: 'ENGINE_NOT_DIFFERENTIABLE' }) as unknown as Error;
    expect(() => gradients(b, b.sum(build(b, x)), [x])).toThrow(fault);
  });
});
