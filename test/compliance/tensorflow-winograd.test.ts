/** Convolutions by Winograd's minimal filtering against the float64 oracle and against the direct kernels. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, TypedArray } from '../../worker/engine/engine.js';
import { loadBinding } from '../../worker/engine/tensorflow/binding.js';
import { TensorflowEngine } from '../../worker/engine/tensorflow/engine.js';
import { estimateSeconds, winogradPays, winogradSizes } from '../../worker/engine/tensorflow/winograd.js';
import { runOracleArrays } from '../support/oracle.js';
import { Case, runOnEngine } from './engine-harness.js';

const libraryDir = process.env.LOCKSTEP_TF_LIB_DIR;
const ONE = { top: 1, bottom: 1, left: 1, right: 1 };
const SAME = { strides: [1, 1], padding: ONE } as const;
const CHANNELS = { in: 192, out: 160 };

/** A convolution and both of its gradients. */
function convolution(height: number, width: number): Case {
  const c = new Case(height * 100 + width);
  const x = c.feed('x', [2, height, width, CHANNELS.in]);
  const w = c.feed('w', [3, 3, CHANNELS.in, CHANNELS.out]);
  const dy = c.feed('dy', [2, height, width, CHANNELS.out]);
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

    // Even and odd planes: a last tile may hang over.
    it.each([
      [12, 12],
      [17, 13],
    ])('are as close to exact as direct ones are, on planes of %i×%i', (height, width) => {
      const sizes = { batch: 2, height, width, inChannels: CHANNELS.in, outChannels: CHANNELS.out };
      expect(winogradPays(sizes, 1)).toBe(true);
      const { b, feeds } = convolution(height, width);
      const program = b.finish();
      const exact = runOracleArrays(program, feeds);
      const ours = runOnEngine(winograd, program, feeds);
      const theirs = runOnEngine(direct, program, feeds);
      for (const name of ['y', 'dx', 'dw']) {
        const error = largestDifference(ours[name]!.data, exact[name]!.data);
        expect(largestDifference(ours[name]!.data, theirs[name]!.data), `${name}: another way`).toBeGreaterThan(0);
        // Fewer additions per product against three more roundings in the transforms.
        expect(error, name).toBeLessThan(4 * largestDifference(theirs[name]!.data, exact[name]!.data));
      }
    });

    it('have the same bits whenever they run and wherever the program is cut', () => {
      const { b, feeds } = convolution(12, 12);
      const program = b.finish();
      const whole = runOnEngine(winograd, program, feeds);
      expect(runOnEngine(winograd, program, feeds)).toEqual(whole);
      expect(runOnEngine(winograd, program, feeds, [['y'], ['dw']])).toEqual(whole);
    });

    it('are taken for runs that are long enough to pay for compiling them', () => {
      const { b, feeds } = convolution(12, 12);
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
    // 26 is even, so no tile hangs over; the rest is what the transforms move, 20 per tile and channel and 25 per filter.
    const { direct, winograd } = estimateSeconds(sizes, 2);
    const moved = (8 * 13 * 13 * (384 + 256) * 20 + 384 * 256 * 25) * 4;
    expect(winograd - moved / 9e9).toBeCloseTo((direct * 16) / 36, 12);
  });

  it('falls on many channels and not on few, where the transforms cost more than they save', () => {
    expect(winogradPays(sizes, 2)).toBe(true);
    expect(winogradPays({ ...sizes, height: 208, width: 208, inChannels: 16, outChannels: 32 }, 2)).toBe(false);
    expect(winogradPays({ ...sizes, batch: 1, height: 4, width: 4 }, 2)).toBe(false);
  });

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
