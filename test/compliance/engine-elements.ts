/** The operators that move, map, sum and address elements, against the oracle. */
import { describe, it } from 'vitest';
import type { Engine } from '../../worker/engine/engine.js';
import type { BinaryFunction, UnaryFunction } from '../../worker/engine/program.js';
import { Case, EXACT } from './engine-harness.js';

export function describeElements(engine: () => Engine): void {
  describeLayout(engine);
  describeElementwise(engine);
  describeRows(engine);
}

function describeLayout(engine: () => Engine): void {
  it('pads planes and cuts borders off', () => {
    const c = new Case();
    const x = c.feed('x', [2, 5, 6, 3]);
    c.b.output('padded', c.b.pad2d(x, { top: 1, bottom: 2, left: 3, right: 0 }));
    c.b.output('cut', c.b.unpad2d(x, { top: 2, bottom: 1, left: 0, right: 3 }));
    c.check(engine(), EXACT);
  });

  it.each([[[2, 4, 6, 3]], [[1, 2, 2, 33]]])('doubles planes and folds their gradients: %j', (shape) => {
    const c = new Case();
    c.b.output('y', c.b.upsample2x(c.feed('x', shape)));
    const small = c.random.integers(
      shape.reduce((a, b) => a * b),
      100,
    );
    c.b.output('dx', c.b.upsample2xGrad(c.feed('dy', shape, Float32Array.from(small))));
    c.check(engine(), EXACT);
  });

  it.each([0, 1, 2, 3])('joins along axis %i', (axis) => {
    const c = new Case();
    const parts = [1, 4, 2].map((size, i) =>
      c.feed(
        `part ${i}`,
        [2, 3, 2, 5].map((s, a) => (a === axis ? size : s)),
      ),
    );
    c.b.output('y', c.b.concat(parts, axis));
    c.check(engine(), EXACT);
  });

  it('joins wide channels, as routes do', () => {
    const c = new Case();
    c.b.output('y', c.b.concat([c.feed('p', [2, 3, 3, 64]), c.feed('q', [2, 3, 3, 31])], -1));
    c.check(engine(), EXACT);
  });

  it.each([
    [
      [0, 0, 0],
      [-1, -1, -1],
    ],
    [
      [1, 0, 2],
      [2, 3, 1],
    ],
    [
      [0, 1, 0],
      [3, 2, -1],
    ],
    [
      [2, 2, 4],
      [1, 1, 1],
    ],
    [
      [1, 0, 0],
      [0, 3, 5],
    ],
  ])('slices from %j by %j', (begin, size) => {
    const c = new Case();
    c.b.output('y', c.b.slice(c.feed('x', [3, 3, 5]), begin, size));
    c.check(engine(), EXACT);
  });

  it.each([[[1, 0, 2, 3]], [[0, 2, 1, 3]], [[3, 2, 1, 0]], [[0, 3, 1, 2]]])('permutes axes to %j', (perm) => {
    const c = new Case();
    c.b.output('y', c.b.transpose(c.feed('x', [2, 3, 4, 5]), perm));
    c.check(engine(), EXACT);
  });

  it('reshapes, with one size left open', () => {
    const c = new Case();
    c.b.output('y', c.b.reshape(c.feed('x', [2, 3, 4]), [4, -1]));
    c.b.output('z', c.b.reshape(c.feed('rows', [6, 2], undefined, [-1, 2]), [-1, 3, 2]));
    c.b.output('scalar', c.b.reshape(c.feed('one', [1, 1]), []));
    c.check(engine(), EXACT);
  });

  it('moves int32 as well as float32', () => {
    const c = new Case();
    const x = c.feed('x', [3, 4], c.random.integers(12, 1_000_000_000));
    c.b.output('slice', c.b.slice(x, [0, 1], [-1, 2]));
    c.b.output('concat', c.b.concat([x, x], 0));
    c.b.output('reshape', c.b.reshape(x, [2, 6]));
    c.check(engine(), EXACT);
  });
}

const UNARY_RANGES: Record<UnaryFunction, [number, number]> = {
  neg: [-5, 5],
  sqrt: [0, 9],
  square: [-5, 5],
  exp: [-20, 5],
  log: [1e-3, 9],
  sigmoid: [-30, 30],
  softplus: [-30, 30],
  atan: [-9, 9],
  abs: [-5, 5],
  reciprocal: [0.1, 5],
};

function describeElementwise(engine: () => Engine): void {
  describe.each(Object.entries(UNARY_RANGES) as [UnaryFunction, [number, number]][])('%s', (fn, [low, high]) => {
    it.each([[[]], [[3, 7]], [[2, 17, 19, 3]]])(`is applied to each element of %j`, (shape) => {
      const c = new Case();
      const data = c.random.uniform(
        shape.reduce<number>((a, b) => a * b, 1),
        low,
        high,
      );
      c.b.output('y', c.b.unary(fn, c.feed('x', shape, data)));
      c.check(engine());
    });
  });

  it('keeps softplus and sigmoid right far from zero', () => {
    const c = new Case();
    const x = c.feed('x', [4], Float32Array.of(-80, -20, 20, 80));
    c.b.output('softplus', c.b.unary('softplus', x));
    c.b.output('sigmoid', c.b.unary('sigmoid', x));
    c.check(engine());
  });

  const functions: BinaryFunction[] = [
    'add',
    'sub',
    'mul',
    'div',
    'max',
    'min',
    'greater',
    'greaterEqual',
    'equal',
    'pow',
  ];
  const shapes: [number[], number[]][] = [
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4]],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [
      [2, 3, 4],
      [2, 1, 1],
    ],
    [
      [2, 1, 4],
      [1, 3, 1],
    ],
    [[2, 3, 4], []],
    [[], []],
    [
      [16, 9, 8, 5],
      [16, 9, 8, 5],
    ],
    [[16, 9, 8, 5], [5]],
    [
      [16, 9, 8, 1],
      [1, 9, 1, 5],
    ],
  ];
  describe.each(functions)('%s', (fn) => {
    it.each(shapes)('broadcasts %j with %j, either way round', (a, b) => {
      const c = new Case();
      const draw = (shape: number[]): Float32Array => {
        const count = shape.reduce((p, q) => p * q, 1);
        // Comparisons, max and min want ties; quotients and powers positive numbers.
        const tied = Float32Array.from(c.random.integers(count, 3));
        return fn === 'div' || fn === 'pow' ? c.random.uniform(count, 0.5, 3) : tied;
      };
      const [p, q] = [c.feed('a', a, draw(a)), c.feed('b', b, draw(b))];
      c.b.output('y', c.b.binary(fn, p, q));
      c.b.output('z', c.b.binary(fn, q, p));
      c.check(engine(), fn === 'div' || fn === 'pow' ? undefined : EXACT);
    });
  });

  it('raises zero and one to powers', () => {
    const c = new Case();
    const x = c.feed('x', [3], Float32Array.of(0, 1, 0.25));
    for (const exponent of [0, 0.5, 1.5, 2]) c.b.output(`${exponent}`, c.b.binary('pow', x, exponent));
    c.check(engine());
  });

  it('selects by a mask', () => {
    const c = new Case();
    const mask = c.feed('mask', [3, 5], Float32Array.from(c.random.integers(15, 2)));
    c.b.output('y', c.b.select(mask, c.feed('a', [3, 5]), c.feed('b', [3, 5])));
    c.check(engine(), EXACT);
  });

  it('does not let an unselected NaN through', () => {
    const c = new Case();
    const mask = c.feed('mask', [2], Float32Array.of(1, 0));
    const [a, b] = [Float32Array.of(1, Number.NaN), Float32Array.of(Number.NaN, 2)];
    c.b.output('y', c.b.select(mask, c.feed('a', [2], a), c.feed('b', [2], b)));
    c.check(engine(), EXACT);
  });

  it('casts bytes and whole numbers to float32', () => {
    const c = new Case();
    const bytes = Uint8Array.from({ length: 2 * 5 * 3 * 3 }, (_, i) => (i * 37) % 256);
    c.b.output('bytes', c.b.cast(c.feed('images', [2, 5, 3, 3], bytes)));
    c.b.output('numbers', c.b.cast(c.feed('numbers', [3], Int32Array.of(-7, 0, 1 << 20))));
    c.check(engine(), EXACT);
  });
}

function describeRows(engine: () => Engine): void {
  it.each([
    [[0], false],
    [[1], true],
    [[2], false],
    [[0, 2], false],
    [[1, 2], true],
    [[0, 1, 2], false],
    [[0, 1, 2], true],
  ])('sums over axes %j, keeping them: %s', (axes, keepDims) => {
    const c = new Case();
    c.b.output('y', c.b.sum(c.feed('x', [3, 5, 7]), axes, keepDims));
    c.check(engine());
  });

  it('sums a large array without losing digits', () => {
    const c = new Case();
    c.b.output('y', c.b.sum(c.feed('x', [200_000], c.random.uniform(200_000, 0, 1))));
    c.check(engine());
  });

  describe.each([0, 1, 6])('with %i rows', (n) => {
    it.each([1, 2, 3])('gathers and scatters by %i indices', (depth) => {
      const c = new Case();
      const shape = [3, 4, 5];
      const indices = Int32Array.from({ length: n * depth }, (_, i) => c.random.integers(1, shape[i % depth]!)[0]!);
      const at = c.feed('indices', [n, depth], indices, [-1, depth]);
      const rest = shape.slice(depth);
      const updates = Float32Array.from(c.random.integers(n * rest.reduce((a, b) => a * b, 1), 100));
      c.b.output('rows', c.b.gatherNd(c.feed('x', shape), at));
      c.b.output('sums', c.b.scatterNd(at, c.feed('updates', [n, ...rest], updates, [-1, ...rest]), shape));
      c.check(engine(), EXACT);
    });

    it('computes on rows whose number the program does not know', () => {
      const c = new Case();
      const x = c.feed('x', [n, 4], undefined, [-1, 4]);
      const weights = c.feed('weights', [n, 1], undefined, [-1, 1]);
      const product = c.b.mul(x, weights);
      c.b.output('product', product);
      c.b.output('shifted', c.b.add(x, c.b.constant(Float32Array.of(1, 2, 3, 4))));
      c.b.output('sigmoid', c.b.unary('sigmoid', x));
      c.b.output('max', c.b.max(product, c.b.constant(0)));
      c.b.output('column', c.b.slice(x, [0, 1], [-1, 2]));
      c.b.output('selected', c.b.select(c.b.binary('greater', x, 0), x, product));
      c.b.output('columns', c.b.concat([x, weights], 1));
      c.b.output('stacked', c.b.concat([x, product, c.feed('more', [2, 4])], 0));
      c.b.output('flat', c.b.reshape(x, [-1]));
      c.b.output('rowSums', c.b.sum(x, [1]));
      c.b.output('total', c.b.sum(product));
      c.check(engine());
    });
  });

  it('adds duplicate rows of a scatter', () => {
    const c = new Case();
    const at = c.feed('indices', [5, 1], Int32Array.of(2, 0, 2, 2, 0), [-1, 1]);
    c.b.output('y', c.b.scatterNd(at, c.feed('updates', [5, 3], Float32Array.from(c.random.integers(15, 9))), [4, 3]));
    c.check(engine(), EXACT);
  });
}
