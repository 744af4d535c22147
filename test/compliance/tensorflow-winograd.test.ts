/** Convolutions by Winograd's minimal filtering against the float64 oracle and against the direct kernels. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, TypedArray } from '../../worker/engine/engine.js';
import { TensorflowEngine } from '../../worker/engine/tensorflow/engine.js';
import { loadBinding } from '../../worker/engine/tensorflow/load-binding.js';
import {
  type ConvSizes,
  estimateSeconds,
  winogradPays,
  winogradSizes,
} from '../../worker/engine/tensorflow/winograd.js';
import { runOracleArrays } from '../support/oracle.js';
import { Case, runOnEngine } from './engine-harness.js';

const libraryDir = process.env.LOCKSTEP_TF_LIB_DIR;
const ONE = { top: 1, bottom: 1, left: 1, right: 1 };
const SAME = { strides: [1, 1], padding: ONE } as const;
/** Sizes for which all three passes go Winograd's way on one thread: an odd plane with many filters, and an even one with few. */
const ODD = { batch: 2, height: 14, width: 13, inChannels: 256, outChannels: 256 };
const EVEN = { batch: 2, height: 16, width: 16, inChannels: 256, outChannels: 128 };
const PASSES = ['forward', 'inputGrad', 'filterGrad'] as const;

/** A convolution and both of its gradients. */
function convolution({ batch, height, width, inChannels, outChannels }: ConvSizes): Case {
  const c = new Case(height * 100 + width);
  const x = c.feed('x', [batch, height, width, inChannels]);
  const w = c.feed('w', [3, 3, inChannels, outChannels]);
  const dy = c.feed('dy', [batch, height, width, outChannels]);
  c.b.output('y', c.b.conv2d(x, w, SAME));
  c.b.output('dx', c.b.conv2dInputGrad(w, dy, x.shape, SAME));
  c.b.output('dw', c.b.conv2dFilterGrad(x, dy, w.shape, SAME));
  return c;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/** Some elements of the filter's gradient, as float32 sums over all pixels in order. */
function plainFilterGrad(sizes: ConvSizes, feeds: Case['feeds']): { index: number; sum: number }[] {
  const { batch, height, width, inChannels, outChannels } = sizes;
  const [x, dy] = [feeds.x!.data, feeds.dy!.data];
  const element = (index: number): { index: number; sum: number } => {
    const out = index % outChannels;
    const channel = Math.floor(index / outChannels) % inChannels;
    const tap = Math.floor(index / outChannels / inChannels);
    const [down, right] = [Math.floor(tap / 3) - 1, (tap % 3) - 1];
    let sum = 0;
    for (let pixel = 0; pixel < batch * height * width; pixel++) {
      const row = (Math.floor(pixel / width) % height) + down;
      const column = (pixel % width) + right;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const product = x[(pixel + down * width + right) * inChannels + channel]! * dy[pixel * outChannels + out]!;
      sum = Math.fround(sum + Math.fround(product));
    }
    return { index, sum };
  };
  // A step that has no divisor in common with the sizes meets all taps and channels.
  return Array.from({ length: 5000 }, (_, k) => element((k * 1009) % (9 * inChannels * outChannels)));
}

describe.skipIf(libraryDir === undefined)(
  `Winograd's convolutions${libraryDir === undefined ? ' (skipped: LOCKSTEP_TF_LIB_DIR is not set)' : ''}`,
  () => {
    let winograd: Engine;
    let direct: Engine;
    let byLength: Engine;

    beforeAll(async () => {
      const binding = loadBinding({ numThreads: 1, device: 'cpu', libraryDir: libraryDir! });
      winograd = new TensorflowEngine(binding, { numThreads: 1, xla: true, winograd: true });
      direct = new TensorflowEngine(binding, { numThreads: 1, xla: true, winograd: false });
      byLength = new TensorflowEngine(binding, { numThreads: 1, xla: true });
    });

    afterAll(() => {
      for (const engine of [winograd, direct, byLength]) engine.dispose();
    });

    // On an odd plane the last tiles hang over. Many filters and few tiles have their tiles stacked, the others their products:
    // 98·512 < 256·256, 128·384 > 256·128.
    it.each([ODD, EVEN])('are as close to exact as direct ones are, on planes of $height×$width', (sizes) => {
      for (const pass of PASSES) expect(winogradPays(sizes, pass, 1)).toBe(true);
      const { b, feeds } = convolution(sizes);
      const program = b.finish();
      const exact = runOracleArrays(program, feeds);
      const ours = runOnEngine(winograd, program, feeds);
      const theirs = runOnEngine(direct, program, feeds);
      for (const name of ['y', 'dx', 'dw']) {
        expect(largestDifference(ours[name]!.data, theirs[name]!.data), `${name}: another way`).toBeGreaterThan(0);
      }
      for (const name of ['y', 'dx']) {
        const error = largestDifference(ours[name]!.data, exact[name]!.data);
        // Fewer additions per product against three more roundings in the transforms.
        expect(error, name).toBeLessThan(4 * largestDifference(theirs[name]!.data, exact[name]!.data));
      }
      // The direct kernel sums each filter's pixels in several parts and so errs less than float32 has to; ours sums the tiles
      // in a row.
      const plain = plainFilterGrad(sizes, feeds);
      const errorOf = (data: ArrayLike<number>): number =>
        Math.max(...plain.map(({ index }) => Math.abs(data[index]! - exact.dw!.data[index]!)));
      const plainError = Math.max(...plain.map(({ index, sum }) => Math.abs(sum - exact.dw!.data[index]!)));
      expect(errorOf(ours.dw!.data)).toBeLessThan(4 * plainError);
    });

    it('have the same bits whenever they run and wherever the program is cut', () => {
      const { b, feeds } = convolution(ODD);
      const program = b.finish();
      const whole = runOnEngine(winograd, program, feeds);
      expect(runOnEngine(winograd, program, feeds)).toEqual(whole);
      expect(runOnEngine(winograd, program, feeds, [['y'], ['dw']])).toEqual(whole);
    });

    it('are taken for runs that are long enough to pay for compiling them', () => {
      const { b, feeds } = convolution(ODD);
      const program = b.finish();
      const bits = (engine: Engine, expectedRuns: number): TypedArray => {
        const executable = engine.compile(program, { name: 'test', expectedRuns });
        const fed = Object.entries(feeds).map(([name, { data, shape }]) => [name, engine.tensor(data, shape)] as const);
        let y: TypedArray = new Float32Array(0);
        executable.run(Object.fromEntries(fed), (name, tensor) => {
          if (name === 'y') y = tensor.read();
          tensor.dispose();
        });
        for (const [, tensor] of fed) tensor.dispose();
        executable.dispose();
        return y;
      };
      expect(bits(byLength, 10)).toEqual(bits(direct, 1));
      expect(bits(byLength, 100_000)).toEqual(bits(winograd, 1));
      expect(bits(direct, 1)).not.toEqual(bits(winograd, 1));
    });
  },
);

describe('the choice of Winograd', () => {
  const sizes = { batch: 8, height: 26, width: 26, inChannels: 384, outChannels: 256 };

  it('counts the products of both ways: 16 per tile of four against 36', () => {
    // 26 is even, so no tile hangs over. Transforms move 20 per tile and channel, 25 per filter; the direct kernel reads and
    // writes the 9 of each filter.
    const { direct, winograd } = estimateSeconds(sizes, 'forward', 1);
    const tiles = 8 * 13 * 13 * (384 + 256) * 20 * 4;
    const filters = 384 * 256 * 4;
    const products = winograd - tiles / 7e9 - (filters * 25) / 12e9;
    const macs = direct - (filters * 18) / 12e9;
    expect(products * 100e9).toBeCloseTo((macs * 115e9 * 16) / 36, 0);
  });

  it('adds to the gradient of filters what puts its products behind each other', () => {
    const forward = estimateSeconds(sizes, 'forward', 1).winograd;
    // 384·256 products are fewer than 8·13·13 tiles of 640 channels: 16 times them, read and written.
    const stacking = (384 * 256 * 16 * 2 * 4) / 12e9;
    expect(estimateSeconds(sizes, 'filterGrad', 1).winograd).toBeCloseTo(forward + stacking, 9);
    expect(estimateSeconds(sizes, 'inputGrad', 1).winograd).toBe(forward);
  });

  it.each(PASSES)(
    'falls on many channels and not on few, where the transforms cost more than they save: %s',
    (pass) => {
      expect(winogradPays(sizes, pass, 2)).toBe(true);
      expect(winogradPays({ ...sizes, height: 208, width: 208, inChannels: 16, outChannels: 32 }, pass, 2)).toBe(false);
      expect(winogradPays({ ...sizes, batch: 1, height: 4, width: 4 }, pass, 2)).toBe(false);
    },
  );

  it('is there for 3×3 of stride 1 and known size alone', () => {
    const input = [8, 26, 26, 384];
    const filter = [3, 3, 384, 256];
    expect(winogradSizes(SAME, input, filter)).toEqual(sizes);
    expect(winogradSizes({ ...SAME, strides: [2, 2] }, input, filter)).toBeUndefined();
    expect(winogradSizes({ ...SAME, padding: { ...ONE, top: 0 } }, input, filter)).toBeUndefined();
    expect(winogradSizes(SAME, input, [1, 1, 384, 256])).toBeUndefined();
    expect(winogradSizes(SAME, [-1, 26, 26, 384], filter)).toBeUndefined();
  });
});
