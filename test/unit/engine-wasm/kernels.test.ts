import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import type { ConvAttrs, Shape } from '../../../worker/engine/program.js';
import { numElements } from '../../../worker/engine/program.js';
import { Heap, type HeapArray } from '../../../worker/engine/wasm/heap.js';
import { conv2d, conv2dInputGrad } from '../../../worker/engine/wasm/kernels/convolution.js';
import { conv2dFilterGrad } from '../../../worker/engine/wasm/kernels/filter-grad.js';

type Shape4 = [number, number, number, number];

let heap: Heap;
beforeAll(async () => {
  heap = await Heap.load();
});

function filled(name: string, shape: Shape): HeapArray {
  const random = randomStream(5, name);
  return heap.upload(
    Float32Array.from({ length: numElements(shape) }, () => random.uniform(-1, 1)),
    shape,
    'float32',
  );
}

/** Runs a kernel of one array to one array. */
function mapped(kernel: 'exp' | 'sigmoid' | 'silu', values: readonly number[]): Float32Array {
  const x = heap.upload(Float32Array.from(values), [values.length], 'float32');
  const y = heap.allocate(x.shape);
  heap.simd.layers[kernel](heap.address(x), heap.address(y), values.length);
  const result = heap.floats(y).slice();
  heap.release(x);
  heap.release(y);
  return result;
}

/** The distance of two neighbours among the float32 numbers at this size. */
function ulp(value: number): number {
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(value))) - 23, -149);
}

function worstUlps(found: Float32Array, wanted: (i: number) => number): number {
  return found.reduce((worst, value, i) => Math.max(worst, Math.abs(value - wanted(i)) / ulp(wanted(i))), 0);
}

describe('the exponential and what is made of it', () => {
  // Every 2⁻⁹ from −87 to 88: all exponents of normal results, 512 fractions of each unit.
  const inputs = Array.from({ length: 175 * 512 }, (_, i) => Math.fround(i / 512 - 87));

  it('is within 2 ulp of eˣ where that is a normal number', () => {
    expect(worstUlps(mapped('exp', inputs), (i) => Math.exp(inputs[i]!))).toBeLessThan(2);
  });

  it('overflows to infinity, underflows through the subnormal numbers to zero, and keeps NaN', () => {
    const [large, infinite, subnormal, small, nan] = mapped('exp', [89.5, Infinity, -100, -Infinity, Number.NaN]);
    expect([large, infinite, small]).toEqual([Infinity, Infinity, 0]);
    // e⁻¹⁰⁰ = 3.72e-44 lies between 26 and 27 times 2⁻¹⁴⁹.
    expect(Math.abs(subnormal! - Math.exp(-100))).toBeLessThan(2 ** -148);
    expect(nan).toBeNaN();
  });

  it('gives a sigmoid and a SiLU within 4 ulp', () => {
    // One division and one addition more, each half an ulp of a value that is at most twice the result's size.
    const usual = inputs.filter((x) => Math.abs(x) < 80);
    const gate = (i: number): number => 1 / (1 + Math.exp(-usual[i]!));
    expect(worstUlps(mapped('sigmoid', usual), gate)).toBeLessThan(4);
    const nonZero = usual.filter((x) => x !== 0);
    const silu = (i: number): number => nonZero[i]! / (1 + Math.exp(-nonZero[i]!));
    expect(worstUlps(mapped('silu', nonZero), silu)).toBeLessThan(4);
  });

  it('gives an element the same bits whether four are computed at a time or one', () => {
    const seven = [-3.25, -1, -0.5, 0.125, 1, 2.5, 17];
    const shifted = mapped('silu', [0, ...seven]);
    expect([...mapped('silu', seven)]).toEqual([...shifted.subarray(1)]);
  });
});

/** The three products of a convolution, one multiplication at a time in double precision. */
function plainConvolution(x: Float64Array, w: Float64Array, dy: Float64Array, shapes: readonly Shape4[], a: ConvAttrs) {
  const [[batch, height, width, inputs], [kh, kw, , outputs], [, oh, ow]] = shapes as [Shape4, Shape4, Shape4];
  const [y, dx, dw] = [new Float64Array(dy.length), new Float64Array(x.length), new Float64Array(w.length)];
  for (let p = 0; p < batch * oh * ow; p++) {
    const [n, oy, ox] = [Math.floor(p / (oh * ow)), Math.floor(p / ow) % oh, p % ow];
    for (let tap = 0; tap < kh * kw; tap++) {
      const iy = oy * a.strides[0] + Math.floor(tap / kw) - a.padding.top;
      const ix = ox * a.strides[1] + (tap % kw) - a.padding.left;
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
      const pixel = ((n * height + iy) * width + ix) * inputs;
      for (let i = 0; i < inputs; i++) {
        const row = (tap * inputs + i) * outputs;
        for (let o = 0; o < outputs; o++) {
          y[p * outputs + o]! += x[pixel + i]! * w[row + o]!;
          dx[pixel + i]! += dy[p * outputs + o]! * w[row + o]!;
          dw[row + o]! += x[pixel + i]! * dy[p * outputs + o]!;
        }
      }
    }
  }
  return { y, dx, dw };
}

function largestDifference(found: HeapArray, wanted: Float64Array): number {
  return heap.floats(found).reduce((worst, value, i) => Math.max(worst, Math.abs(value - wanted[i]!)), 0);
}

const PAD_1 = { top: 1, bottom: 1, left: 1, right: 1 };
const CASES: { name: string; x: Shape4; w: Shape4; attrs: ConvAttrs }[] = [
  {
    name: 'more columns than are packed at a time, the last panel with six',
    x: [2, 5, 7, 9],
    w: [3, 3, 9, 70],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'a stride of two and channels that fill no vector',
    x: [3, 9, 8, 3],
    w: [3, 3, 3, 5],
    attrs: { strides: [2, 2], padding: PAD_1 },
  },
  {
    name: 'an even kernel, other paddings on each side, other strides along each axis',
    x: [1, 8, 9, 6],
    w: [2, 4, 6, 8],
    attrs: { strides: [1, 3], padding: { top: 0, bottom: 1, left: 2, right: 0 } },
  },
  {
    name: 'single taps that skip pixels',
    x: [2, 6, 6, 4],
    w: [1, 1, 4, 33],
    attrs: { strides: [2, 2], padding: { top: 0, bottom: 0, left: 0, right: 0 } },
  },
  {
    name: 'planes that are padded image by image, and several blocks of pixels',
    x: [2, 150, 100, 24],
    w: [3, 3, 24, 2],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'squares of 2×2 outputs, all of them inside the planes',
    x: [2, 8, 6, 16],
    w: [3, 3, 16, 24],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'squares of 2×2 outputs of which the last row and column fall outside, and groups of columns of unequal size',
    x: [3, 11, 9, 24],
    w: [3, 3, 24, 40],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'squares of 2×2 outputs in several blocks, other paddings on each side',
    x: [2, 24, 38, 16],
    w: [3, 3, 16, 16],
    attrs: { strides: [1, 1], padding: { top: 0, bottom: 2, left: 3, right: 1 } },
  },
  {
    name: 'squares of 2×2 outputs of which one is left over of fours, and an odd panel',
    x: [1, 6, 6, 16],
    w: [3, 3, 16, 24],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'squares of 2×2 outputs of which two are left over of fours, before as many panels as fit',
    x: [2, 10, 10, 32],
    w: [3, 3, 32, 64],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
  {
    name: 'squares of 2×2 outputs with more channels than the filter gradient sums at a time',
    x: [1, 6, 6, 72],
    w: [3, 3, 72, 264],
    attrs: { strides: [1, 1], padding: PAD_1 },
  },
];

describe('convolutions in tiles', () => {
  for (const { name, x: xShape, w: wShape, attrs } of CASES) {
    it(`give what plain loops give: ${name}`, () => {
      const outputSize = (axis: 0 | 1): number => {
        const { top, bottom, left, right } = attrs.padding;
        const padded = xShape[axis + 1]! + (axis === 0 ? top + bottom : left + right);
        return Math.floor((padded - wShape[axis]!) / attrs.strides[axis]) + 1;
      };
      const yShape: Shape4 = [xShape[0], outputSize(0), outputSize(1), wShape[3]];
      const before = heap.numBlocks;
      const [x, w, dy] = [filled('x', xShape), filled('w', wShape), filled('dy', yShape)];
      const [xs, ws, dys] = [x, w, dy].map((array) => Float64Array.from(heap.floats(array)));
      const wanted = plainConvolution(xs!, ws!, dys!, [xShape, wShape, yShape], attrs);
      const y = conv2d(heap, x, w, yShape, attrs);
      const dx = conv2dInputGrad(heap, w, dy, xShape, attrs);
      const dw = conv2dFilterGrad(heap, x, dy, wShape, attrs);
      // Sums of n products of numbers up to 1: rounding adds up to n · 2⁻²⁴ · √n at worst here.
      const tolerance = (n: number): number => 2 ** -22 * Math.sqrt(n) * Math.max(1, Math.log2(n));
      expect(largestDifference(y, wanted.y)).toBeLessThan(tolerance(wShape[0] * wShape[1] * wShape[2]));
      expect(largestDifference(dx, wanted.dx)).toBeLessThan(tolerance(wShape[0] * wShape[1] * wShape[3]));
      expect(largestDifference(dw, wanted.dw)).toBeLessThan(tolerance(yShape[0] * yShape[1] * yShape[2]));
      for (const array of [x, w, dy, y, dx, dw]) heap.release(array);
      expect(heap.numBlocks).toBe(before);
    });
  }

  it('begin every array at a cache line', () => {
    const arrays = [1, 3, 100, 5].map((length) => heap.allocate([length]));
    expect(arrays.map((array) => heap.address(array) % 64)).toEqual([0, 0, 0, 0]);
    for (const array of arrays) heap.release(array);
  });
});
