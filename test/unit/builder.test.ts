import { describe, expect, it } from 'vitest';
import { NO_PADDING, ProgramBuilder } from '../../worker/engine/builder.js';
import type { Shape, Value } from '../../worker/engine/program.js';

const POINT = { strides: [1, 1], padding: NO_PADDING } as const;

function shapeOf(build: (b: ProgramBuilder, x: (shape: Shape) => Value) => Value): Shape {
  const b = new ProgramBuilder();
  let count = 0;
  return build(b, (shape) => b.input(`x${count++}`, shape)).shape;
}

function fails(build: (b: ProgramBuilder, x: (shape: Shape) => Value) => unknown, message: RegExp): void {
  const b = new ProgramBuilder();
  let count = 0;
  let thrown: unknown;
  try {
    build(b, (shape) => b.input(`x${count++}`, shape));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'ENGINE_SHAPE_MISMATCH', message: expect.stringMatching(message) as unknown });
}

describe('shape inference', () => {
  it('counts the windows of convolutions and pools', () => {
    // (9 + 1 + 1 − 3)/2 + 1 = 5 rows, (8 + 2 − 3)/2 + 1 = 4.5 → 4 columns.
    const padding = { top: 1, bottom: 1, left: 1, right: 1 };
    expect(shapeOf((b, x) => b.conv2d(x([2, 9, 8, 3]), x([3, 3, 3, 16]), { strides: [2, 2], padding }))).toEqual([
      2, 5, 4, 16,
    ]);
    expect(shapeOf((b, x) => b.maxPool(x([2, 9, 8, 3]), { size: [3, 3], strides: [2, 2], padding }))).toEqual([
      2, 5, 4, 3,
    ]);
  });

  it('follows planes through borders and doubling', () => {
    const padding = { top: 1, bottom: 2, left: 3, right: 4 };
    expect(shapeOf((b, x) => b.pad2d(x([1, 5, 5, 2]), padding))).toEqual([1, 8, 12, 2]);
    expect(shapeOf((b, x) => b.unpad2d(x([1, 8, 12, 2]), padding))).toEqual([1, 5, 5, 2]);
    expect(shapeOf((b, x) => b.upsample2x(x([1, 5, 3, 2])))).toEqual([1, 10, 6, 2]);
    expect(shapeOf((b, x) => b.upsample2xGrad(x([1, 10, 6, 2])))).toEqual([1, 5, 3, 2]);
  });

  it('gives batch normalisation the shape of x and one statistic per channel', () => {
    const b = new ProgramBuilder();
    const channels = b.input('scale', [4]);
    const { y, mean, variance } = b.batchNormTrain(b.input('x', [2, 3, 3, 4]), channels, channels, 1e-3);
    expect([y.shape, mean.shape, variance.shape]).toEqual([[2, 3, 3, 4], [4], [4]]);
  });

  it('broadcasts as NumPy does', () => {
    expect(shapeOf((b, x) => b.add(x([2, 1, 4]), x([3, 1])))).toEqual([2, 3, 4]);
    expect(shapeOf((b, x) => b.mul(x([2, 3]), 2))).toEqual([2, 3]);
    expect(shapeOf((b, x) => b.max(1, x([2, 3])))).toEqual([2, 3]);
  });

  it('keeps sizes open that are known only at run time', () => {
    expect(shapeOf((b, x) => b.add(x([-1, 4]), x([1, 4])))).toEqual([-1, 4]);
    expect(shapeOf((b, x) => b.mul(x([-1, 1]), x([-1, 4])))).toEqual([-1, 4]);
    expect(shapeOf((b, x) => b.slice(x([-1, 4]), [0, 1], [-1, 2]))).toEqual([-1, 2]);
    expect(shapeOf((b, x) => b.concat([x([-1, 4]), x([2, 4])], 0))).toEqual([-1, 4]);
    expect(shapeOf((b, x) => b.concat([x([-1, 4]), x([-1, 2])], 1))).toEqual([-1, 6]);
    expect(shapeOf((b, x) => b.reshape(x([-1, 4]), [-1, 2, 2]))).toEqual([-1, 2, 2]);
    expect(shapeOf((b, x) => b.sum(x([-1, 4]), [1]))).toEqual([-1]);
    expect(shapeOf((b, x) => b.gatherNd(x([3, 5, 7]), b.input('i', [-1, 2], 'int32')))).toEqual([-1, 7]);
  });

  it('resolves open sizes where they follow from the rest', () => {
    expect(shapeOf((b, x) => b.reshape(x([2, 3, 4]), [4, -1]))).toEqual([4, 6]);
    expect(shapeOf((b, x) => b.slice(x([5, 4]), [2, 1], [-1, 2]))).toEqual([3, 2]);
    expect(shapeOf((b, x) => b.reshape(x([1, 1]), []))).toEqual([]);
  });

  it('joins, permutes, sums and scatters', () => {
    expect(shapeOf((b, x) => b.concat([x([2, 3]), x([2, 4])], -1))).toEqual([2, 7]);
    expect(shapeOf((b, x) => b.transpose(x([2, 3, 4]), [2, 0, 1]))).toEqual([4, 2, 3]);
    expect(shapeOf((b, x) => b.sum(x([2, 3, 4])))).toEqual([]);
    expect(shapeOf((b, x) => b.sum(x([2, 3, 4]), [-1, 0], true))).toEqual([1, 3, 1]);
    expect(shapeOf((b, x) => b.scatterNd(b.input('i', [6, 1], 'int32'), x([6, 4]), [9, 4]))).toEqual([9, 4]);
  });

  it('carries element types', () => {
    const b = new ProgramBuilder();
    expect(b.constant(Int32Array.of(1, 2)).dtype).toBe('int32');
    expect(b.constant(3)).toMatchObject({ dtype: 'float32', shape: [] });
    const images = b.input('images', [1, 2, 2, 3], 'uint8');
    expect(b.slice(images, [0, 0, 0, 0], [1, 1, 1, 1]).dtype).toBe('uint8');
    expect(b.cast(images).dtype).toBe('float32');
  });
});

describe('shape errors name the operator and the shapes', () => {
  it.each<[string, (b: ProgramBuilder, x: (shape: Shape) => Value) => unknown, RegExp]>([
    [
      'channels that a filter does not take',
      (b, x) => b.conv2d(x([1, 4, 4, 3]), x([1, 1, 4, 8]), POINT),
      /3 channels.*4/,
    ],
    ['a filter larger than the plane', (b, x) => b.conv2d(x([1, 2, 4, 3]), x([3, 3, 3, 8]), POINT), /3×3.*2×4/],
    ['an image of three axes', (b, x) => b.upsample2x(x([4, 4, 3])), /upsample2x: wants 4 axes, got \[4, 4, 3\]/],
    ['sizes that do not broadcast', (b, x) => b.add(x([2, 3]), x([2])), /add: \[2, 3\] and \[2\]/],
    ['an open size against a fixed one', (b, x) => b.add(x([-1, 3]), x([4, 3])), /do not broadcast/],
    ['parts that differ elsewhere', (b, x) => b.concat([x([2, 3]), x([3, 3])], 1), /outside axis 1/],
    ['nothing to join', (b) => b.concat([], 0), /nothing/],
    ['parts of two types', (b, x) => b.concat([x([2]), b.input('i', [2], 'int32')], 0), /float32 and int32/],
    ['a slice past the end', (b, x) => b.slice(x([4]), [2], [3]), /\[2\] \+ \[3\] lies outside \[4\]/],
    ['a slice that begins past the end', (b, x) => b.slice(x([4]), [5], [-1]), /outside/],
    ['a reshape to another number', (b, x) => b.reshape(x([2, 3]), [4]), /\[2, 3\] to \[4\]/],
    ['a reshape that does not divide', (b, x) => b.reshape(x([2, 3]), [4, -1]), /reshape/],
    ['a reshape with two open sizes', (b, x) => b.reshape(x([-1, 4]), [-1, 2, -1]), /leaves 2 sizes open/],
    ['a permutation with repeats', (b, x) => b.transpose(x([2, 3]), [0, 0]), /transpose/],
    ['a sum over a missing axis', (b, x) => b.sum(x([2, 3]), [2]), /sum: \[2, 3\] over axes \[2\]/],
    ['a mask of another shape', (b, x) => b.select(x([2]), x([3]), x([3])), /\[2\] is not \[3\]/],
    ['float indices', (b, x) => b.gatherNd(x([3, 3]), x([2, 1])), /indices float32/],
    [
      'indices deeper than the array',
      (b, x) => b.gatherNd(x([3]), b.input('i', [2, 2], 'int32')),
      /indices int32 \[2, 2\]/,
    ],
    ['updates of the wrong width', (b, x) => b.scatterNd(b.input('i', [2, 1], 'int32'), x([2, 4]), [5, 3]), /\[2, 3\]/],
    ['a scatter into an open size', (b, x) => b.scatterNd(b.input('i', [2, 1], 'int32'), x([2]), [-1]), /every size/],
    ['statistics of other channels', (b, x) => b.batchNormTrain(x([1, 2, 2, 3]), x([3]), x([4]), 0), /\[4\] for the 3/],
    ['a border wider than the plane', (b, x) => b.unpad2d(x([1, 2, 2, 1]), { ...NO_PADDING, top: 3 }), /unpad2d/],
    ['a plane that was never doubled', (b, x) => b.upsample2xGrad(x([1, 3, 4, 1])), /doubling/],
    ['arithmetic on bytes', (b) => b.add(b.input('u', [2], 'uint8'), 1), /uint8.*cast first/],
    ['a constant that does not fill its shape', (b) => b.constant(Float32Array.of(1, 2), [3]), /2 elements/],
    ['two inputs of one name', (b) => [b.input('a', []), b.input('a', [])], /a is declared twice/],
  ])('refuses %s', (_, build, message) => fails(build, message));

  it('refuses two outputs of one name', () => {
    const b = new ProgramBuilder();
    b.output('y', b.constant(1));
    expect(() => b.output('y', b.constant(2))).toThrow(/y is declared twice/);
  });
});

describe('a finished program', () => {
  it('lists nodes in an order in which they can run, and keeps what was finished when the builder goes on', () => {
    const b = new ProgramBuilder();
    const x = b.input('x', [2]);
    b.output('y', b.unary('exp', x));
    const program = b.finish();
    b.output('z', b.unary('neg', x));
    expect(program.nodes.map((node) => node.op.kind)).toEqual(['input', 'unary']);
    expect(program.outputs).toEqual([{ name: 'y', value: 1 }]);
    expect(b.finish().outputs).toHaveLength(2);
  });
});
