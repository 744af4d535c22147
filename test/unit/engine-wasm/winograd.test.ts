import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../proto/random.js';
import { numElements, type Shape } from '../../../worker/engine/program.js';
import { Heap, type HeapArray } from '../../../worker/engine/wasm/heap.js';
import {
  hasWinograd,
  winogradConv2d,
  winogradFilterGrad,
  winogradInputGrad,
} from '../../../worker/engine/wasm/kernels/winograd.js';

const BATCH = 2;
const SIZE = 12;
const CHANNELS = 48;
const PLANES: Shape = [BATCH, SIZE, SIZE, CHANNELS];
const FILTERS: Shape = [3, 3, CHANNELS, CHANNELS];
const ATTRS = { strides: [1, 1], padding: { top: 1, bottom: 1, left: 1, right: 1 } } as const;

let heap: Heap;
beforeAll(async () => {
  heap = await Heap.load();
});

function normal(name: string, shape: Shape): HeapArray {
  const random = randomStream(11, name);
  return heap.upload(
    Float32Array.from({ length: numElements(shape) }, () => random.normal()),
    shape,
    'float32',
  );
}

type Sums = Record<'y' | 'dx' | 'dw', Float32Array | Float64Array>;

/** The three products by definition, one multiplication at a time, in the precision of the arrays that `zeros` makes. */
function plain(
  x: Float32Array,
  w: Float32Array,
  dy: Float32Array,
  zeros: (length: number) => Float32Array | Float64Array,
): Sums {
  const sums = { y: zeros(dy.length), dx: zeros(x.length), dw: zeros(w.length) };
  for (let p = 0; p < BATCH * SIZE * SIZE; p++) {
    const [image, oy, ox] = [Math.floor(p / (SIZE * SIZE)), Math.floor(p / SIZE) % SIZE, p % SIZE];
    for (let tap = 0; tap < 9; tap++) {
      const [iy, ix] = [oy + Math.floor(tap / 3) - 1, ox + (tap % 3) - 1];
      if (iy < 0 || iy >= SIZE || ix < 0 || ix >= SIZE) continue;
      const pixel = ((image * SIZE + iy) * SIZE + ix) * CHANNELS;
      for (let i = 0; i < CHANNELS; i++) {
        for (let o = 0; o < CHANNELS; o++) {
          const at = (tap * CHANNELS + i) * CHANNELS + o;
          sums.y[p * CHANNELS + o]! += x[pixel + i]! * w[at]!;
          sums.dx[pixel + i]! += dy[p * CHANNELS + o]! * w[at]!;
          sums.dw[at]! += x[pixel + i]! * dy[p * CHANNELS + o]!;
        }
      }
    }
  }
  return sums;
}

/** The root of the mean square of the differences. */
function distance(found: Float32Array | Float64Array, wanted: Float32Array | Float64Array): number {
  let squares = 0;
  for (const [i, value] of wanted.entries()) squares += (value - found[i]!) ** 2;
  return Math.sqrt(squares / wanted.length);
}

describe('convolutions by minimal filtering', () => {
  it('err no further from float64 than float32 sums by definition', () => {
    const [x, w, dy] = [normal('x', PLANES), normal('w', FILTERS), normal('dy', PLANES)];
    const made = {
      y: winogradConv2d(heap, x, w, PLANES, ATTRS),
      dx: winogradInputGrad(heap, w, dy, PLANES, ATTRS),
      dw: winogradFilterGrad(heap, x, dy, FILTERS, ATTRS),
    };
    const [xs, ws, dys] = [x, w, dy].map((array) => heap.floats(array).slice()) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const exact = plain(xs, ws, dys, (length) => new Float64Array(length));
    const single = plain(xs, ws, dys, (length) => new Float32Array(length));
    for (const name of ['y', 'dx', 'dw'] as const) {
      const error = distance(heap.floats(made[name]), exact[name]);
      expect(error).toBeGreaterThan(0);
      // The sums by definition have 432 products here and more roundings; the transforms add errors, fewer products take them away.
      expect(error).toBeLessThan(1.2 * distance(single[name], exact[name]));
    }
    for (const array of [x, w, dy, ...Object.values(made)]) heap.release(array);
  });

  it('give an image the same bits alone and among others', () => {
    const [x, w] = [normal('x', PLANES), normal('w', FILTERS)];
    const shape = [1, SIZE, SIZE, CHANNELS];
    const length = numElements(shape);
    const second = heap.upload(heap.floats(x).slice(length), shape, 'float32');
    const [both, alone] = [winogradConv2d(heap, x, w, PLANES, ATTRS), winogradConv2d(heap, second, w, shape, ATTRS)];
    expect(heap.floats(both).slice(length)).toEqual(heap.floats(alone));
    for (const array of [x, w, second, both, alone]) heap.release(array);
  });

  it('keep NaN visible in every output whose window has it, and in no other', () => {
    const [x, w] = [normal('x', PLANES), normal('w', FILTERS)];
    // Row 5, column 7 of the first image.
    heap.floats(x)[(5 * SIZE + 7) * CHANNELS] = Number.NaN;
    const y = winogradConv2d(heap, x, w, PLANES, ATTRS);
    const spoiled = [...heap.floats(y).keys()]
      .filter((i) => Number.isNaN(heap.floats(y)[i]))
      .map((i) => Math.floor(i / CHANNELS));
    const nine = [4, 5, 6].flatMap((row) => [6, 7, 8].map((column) => row * SIZE + column));
    expect([...new Set(spoiled)]).toEqual(nine);
    expect(spoiled).toHaveLength(9 * CHANNELS);
    for (const array of [x, w, y]) heap.release(array);
  });

  it('are taken for 3×3 filters of stride 1 with channels in eights whose squares do not waste too much', () => {
    const wide = [1, 13, 13, 32];
    const filters = [3, 3, 32, 32] as const;
    const { padding } = ATTRS;
    expect(hasWinograd(filters, wide, ATTRS)).toBe(true);
    expect(hasWinograd(filters, wide, { strides: [2, 1], padding })).toBe(false);
    expect(hasWinograd([1, 1, 32, 32], wide, ATTRS)).toBe(false);
    expect(hasWinograd([3, 3, 3, 32], wide, ATTRS)).toBe(false);
    expect(hasWinograd([3, 3, 36, 32], wide, ATTRS)).toBe(false);
    // 2×2 squares over 5×5 outputs are nine: 144 products where the definition has 225. Over 3×3 they are four: 64 for 81.
    expect(hasWinograd(filters, [1, 5, 5, 32], ATTRS)).toBe(true);
    expect(hasWinograd(filters, [1, 3, 3, 32], ATTRS)).toBe(false);
  });
});
