/** Convolution, normalisation and pooling against the oracle. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../worker/engine/engine.js';
import type { ConvAttrs, Padding, PoolAttrs } from '../../worker/engine/program.js';
import { Case, EXACT, runOnEngine } from './engine-harness.js';

const pads = (top: number, bottom = top, left = top, right = bottom): Padding => ({ top, bottom, left, right });

export function describePlanes(engine: () => Engine): void {
  describeConvolution(engine);
  describeNormalization(engine);
  describePooling(engine);
}

function describeConvolution(engine: () => Engine): void {
  const geometries: { kernel: [number, number]; stride: number; padding: Padding; plane: [number, number] }[] = [
    { kernel: [1, 1], stride: 1, padding: pads(0), plane: [7, 5] },
    { kernel: [1, 1], stride: 2, padding: pads(0), plane: [6, 7] },
    { kernel: [3, 3], stride: 1, padding: pads(1), plane: [5, 8] },
    { kernel: [3, 3], stride: 1, padding: pads(0), plane: [3, 3] },
    { kernel: [3, 3], stride: 2, padding: pads(1), plane: [8, 6] },
    { kernel: [3, 3], stride: 2, padding: pads(1), plane: [7, 9] },
    { kernel: [3, 3], stride: 2, padding: pads(0, 1, 1, 0), plane: [6, 6] },
    { kernel: [5, 5], stride: 1, padding: pads(2), plane: [4, 5] },
    { kernel: [5, 5], stride: 2, padding: pads(2), plane: [9, 8] },
    { kernel: [6, 6], stride: 2, padding: pads(2), plane: [8, 10] },
    { kernel: [6, 6], stride: 1, padding: pads(3, 2), plane: [7, 6] },
    { kernel: [1, 3], stride: 1, padding: pads(0, 0, 1, 1), plane: [4, 6] },
    { kernel: [2, 2], stride: 3, padding: pads(0), plane: [8, 7] },
  ];
  describe.each(geometries)('convolution $kernel stride $stride padding $padding over $plane', (geometry) => {
    const attrs: ConvAttrs = { strides: [geometry.stride, geometry.stride], padding: geometry.padding };
    const xShape = [2, ...geometry.plane, 3];
    const wShape = [...geometry.kernel, 3, 5];

    it('convolves', () => {
      const c = new Case();
      c.b.output('y', c.b.conv2d(c.feed('x', xShape), c.feed('w', wShape), attrs));
      c.check(engine());
    });

    it('gives both gradients', () => {
      const c = new Case();
      const [x, w] = [c.feed('x', xShape), c.feed('w', wShape)];
      const dy = c.feed('dy', c.b.conv2d(x, w, attrs).shape);
      c.b.output('dw', c.b.conv2dFilterGrad(x, dy, w.shape, attrs));
      c.b.output('dx', c.b.conv2dInputGrad(w, dy, x.shape, attrs));
      c.check(engine());
    });
  });

  it('adds up a filter gradient over sixteen thousand pixels', () => {
    const c = new Case();
    const attrs = { strides: [1, 1], padding: pads(1) } as const;
    const x = c.feed('x', [1, 128, 128, 60]);
    const dy = c.feed('dy', [1, 128, 128, 1]);
    c.b.output('dw', c.b.conv2dFilterGrad(x, dy, [3, 3, 60, 1], attrs));
    c.check(engine());
  });

  it('lets a NaN through to every output that it reaches', () => {
    const c = new Case();
    const attrs = { strides: [1, 1], padding: pads(1) } as const;
    const broken = c.random.uniform(5 * 5 * 2);
    broken[24] = Number.NaN;
    const x = c.feed('x', [1, 5, 5, 2], broken);
    // One, two and five output channels: SIMD kernels treat the last few on their own.
    for (const outputs of [1, 2, 5]) {
      const w = c.feed(`w${outputs}`, [3, 3, 2, outputs]);
      const dy = c.feed(`dy${outputs}`, [1, 5, 5, outputs]);
      c.b.output(`y${outputs}`, c.b.conv2d(x, w, attrs));
      c.b.output(`dw${outputs}`, c.b.conv2dFilterGrad(x, dy, w.shape, attrs));
      c.b.output(`dx${outputs}`, c.b.conv2dInputGrad(c.feed(`v${outputs}`, [3, 3, outputs, 2]), x, dy.shape, attrs));
    }
    c.b.output('silu', c.b.silu(x));
    c.b.output('max', c.b.max(x, 0));
    c.b.output('sum', c.b.sum(x));
    for (const [name, { data }] of Object.entries(runOnEngine(engine(), c.b.finish(), c.feeds))) {
      expect(
        data.some((value) => Number.isNaN(value)),
        `NaN in ${name}`,
      ).toBe(true);
    }
  });
}

function describeNormalization(engine: () => Engine): void {
  describe.each([[[2, 4, 6, 8]], [[3, 5, 3, 1]], [[1, 1, 2, 7]], [[2, 13, 13, 33]]])(
    'batch normalisation of %j',
    (shape) => {
      const channels = shape.at(-1)!;

      it('normalises, reports mean and unbiased variance, and gives the gradients', () => {
        const c = new Case();
        const x = c.feed(
          'x',
          shape,
          c.random.uniform(
            shape.reduce((a, b) => a * b),
            -1,
            3,
          ),
        );
        const scale = c.feed('scale', [channels], c.random.uniform(channels, 0.5, 2));
        const offset = c.feed('offset', [channels]);
        const { y, mean, variance } = c.b.batchNormTrain(x, scale, offset, 1e-3);
        const [, , , reserve1, reserve2] = c.b.nodes.at(-1)!.outputs.map((id) => c.b.value(id));
        const dy = c.feed('dy', shape);
        const [dx, dscale, doffset] = c.b.batchNormGrad(dy, x, scale, reserve1!, reserve2!, 1e-3);
        for (const [name, value] of Object.entries({ y, mean, variance, dx, dscale, doffset }))
          c.b.output(name, value!);
        // Two values per channel can lie close together, and x − mean loses their common digits.
        c.check(engine(), { relative: 1e-4 });
      });

      it('normalises by given statistics', () => {
        const c = new Case();
        const x = c.feed('x', shape);
        const [scale, offset, mean] = ['scale', 'offset', 'mean'].map((name) => c.feed(name, [channels]));
        const variance = c.feed('variance', [channels], c.random.uniform(channels, 0.1, 2));
        c.b.output('y', c.b.batchNormInfer(x, scale!, offset!, mean!, variance, 1e-3));
        c.check(engine());
      });
    },
  );

  it.each([[[2, 3, 5, 7]], [[1, 16, 16, 8]]])('applies SiLU and its gradient to %j', (shape) => {
    const c = new Case();
    const x = c.feed(
      'x',
      shape,
      c.random.uniform(
        shape.reduce((a, b) => a * b),
        -12,
        12,
      ),
    );
    c.b.output('y', c.b.silu(x));
    c.b.output('dx', c.b.siluGrad(x, c.feed('dy', shape)));
    c.check(engine());
  });
}

function describePooling(engine: () => Engine): void {
  const pools: (PoolAttrs & { plane: [number, number] })[] = [
    { size: [2, 2], strides: [2, 2], padding: pads(0), plane: [6, 8] },
    { size: [2, 2], strides: [2, 2], padding: pads(0), plane: [7, 5] },
    { size: [2, 2], strides: [1, 1], padding: pads(0), plane: [4, 5] },
    { size: [2, 2], strides: [1, 1], padding: pads(0, 1), plane: [5, 5] },
    { size: [3, 3], strides: [2, 2], padding: pads(1), plane: [7, 8] },
    { size: [5, 5], strides: [1, 1], padding: pads(2), plane: [6, 7] },
    { size: [13, 13], strides: [1, 1], padding: pads(6), plane: [5, 4] },
    { size: [1, 1], strides: [1, 1], padding: pads(0), plane: [3, 3] },
  ];
  describe.each(pools)('max-pooling $size stride $strides padding $padding over $plane', (attrs) => {
    const shape = [2, ...attrs.plane, 5];
    const count = shape.reduce((a, b) => a * b);

    it.each([
      ['distinct', (c: Case) => c.random.uniform(count)],
      ['negative', (c: Case) => c.random.uniform(count, -9, -8)],
      ['tied', (c: Case) => Float32Array.from(c.random.integers(count, 3))],
    ])('takes the maximum of %s values and gives the gradient to the first', (_, data) => {
      const c = new Case();
      const x = c.feed('x', shape, data(c));
      const y = c.b.maxPool(x, attrs);
      // Small whole numbers, so that overlapping windows add up without rounding.
      const dy = c.feed(
        'dy',
        y.shape,
        Float32Array.from(
          c.random.integers(
            y.shape.reduce((a, b) => a * b),
            50,
          ),
        ),
      );
      c.b.output('y', y);
      c.b.output('dx', c.b.maxPoolGrad(x, y, dy, attrs));
      c.check(engine(), EXACT);
    });
  });
}
