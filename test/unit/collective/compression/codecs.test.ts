import { describe, expect, it } from 'vitest';
import { randomKey, randomStream } from '../../../../proto/random.js';
import { NOISE_GROUP, openCodecKernels } from '../../../../worker/collective/compression/kernels.js';
import { topK } from '../../../../worker/collective/compression/top-k.js';
import { SimdHeap } from '../../../../worker/simd/heap.js';
import { OneSegment, SEGMENT_METHODS } from '../../../support/codecs.js';
import { roundToFloat16 } from '../../../support/float16.js';
import { seededRandom } from '../../../support/random.js';

const { fround } = Math;
const LENGTHS = [1, 3, 8, 31, 256, 257, 1000];

/** Numbers of many magnitudes, both signs, some of them equal. */
function gradients(length: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, (_, i) =>
    i % 11 === 10 ? 0.25 : (random() - 0.5) * 10 ** Math.floor(random() * 8 - 6),
  );
}

/** bfloat16 by definition: of the two neighbours with a lower half of zeros the nearer, of equally near ones the even one. */
function nearestBfloat16(x: number): number {
  const words = new Uint32Array(1);
  const floats = new Float32Array(words.buffer);
  floats[0] = x;
  const below = (words[0]! & 0xffff0000) >>> 0;
  const rest = words[0]! & 0xffff;
  const up = rest > 0x8000 || (rest === 0x8000 && (below & 0x10000) !== 0);
  words[0] = below + (up ? 0x10000 : 0);
  return floats[0]!;
}

function nearestFloat16(x: number): number {
  return Math.sign(x) * roundToFloat16(Math.min(Math.abs(x), 65504));
}

describe.each([
  ['bf16', nearestBfloat16],
  ['fp16', nearestFloat16],
] as const)('%s', (method, nearest) => {
  it.each(LENGTHS)('rounds %i numbers to the nearest and keeps the rest exactly', (length) => {
    const codec = new OneSegment(length, { method });
    const values = gradients(length, length);
    const first = codec.send(values);
    expect(first).toEqual(values.map(nearest));
    // What rounding takes away from a float32 is a float32 itself.
    expect(codec.residual).toEqual(values.map((value, i) => value - first[i]!));
    const kept = codec.residual.slice();
    const more = gradients(length, length + 1);
    const second = codec.send(more);
    expect(second).toEqual(more.map((value, i) => nearest(fround(value + kept[i]!))));
  });

  it('passes on what is no number, and remembers nothing of it', () => {
    const codec = new OneSegment(9, { method });
    const values = Float32Array.of(Number.NaN, Infinity, -Infinity, 1, 0, -1, 1, 2, Number.NaN);
    expect(codec.send(values)).toEqual(values);
    expect([...codec.residual]).toEqual(new Array(9).fill(0));
  });

  it('rounds up as often as chance says, with stochastic rounding', () => {
    // A quarter of the step between neighbours at 1: 2⁻⁷ for bfloat16, 2⁻¹⁰ for half precision.
    const step = method === 'bf16' ? 2 ** -7 : 2 ** -10;
    const count = 40_000;
    const codec = new OneSegment(count, { method, rounding: 'stochastic' });
    const sent = codec.send(new Float32Array(count).fill(1 + step / 4));
    const numUp = sent.filter((value) => value === 1 + step).length;
    expect(sent.filter((value) => value === 1).length).toBe(count - numUp);
    // Binomial with p = 1/4: standard deviation √(40,000 · 3/16) = 87; five of them.
    expect(Math.abs(numUp - count / 4)).toBeLessThan(435);
  });
});

describe('fp16', () => {
  it('sends the largest number for what is beyond it, and the rest later', () => {
    const codec = new OneSegment(1, { method: 'fp16' });
    expect(codec.send(Float32Array.of(100_000))[0]).toBe(65504);
    expect(codec.residual[0]).toBe(100_000 - 65504);
    expect(codec.send(Float32Array.of(0))[0]).toBe(nearestFloat16(100_000 - 65504));
  });

  it('rounds below 2⁻¹⁴ on the grid of 2⁻²⁴, up as often as chance says', () => {
    const count = 40_000;
    const codec = new OneSegment(count, { method: 'fp16', rounding: 'stochastic' });
    const sent = codec.send(new Float32Array(count).fill(5.75 * 2 ** -24));
    const numUp = sent.filter((value) => value === 6 * 2 ** -24).length;
    expect(sent.filter((value) => value === 5 * 2 ** -24).length).toBe(count - numUp);
    // p = 3/4, as above.
    expect(Math.abs(numUp - (count * 3) / 4)).toBeLessThan(435);
  });
});

describe('int8', () => {
  /** Scale and integers of a block, in float32 as everywhere. */
  function plain(block: Float32Array): Float32Array {
    const largest = block.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const scale = fround(largest / 127);
    const inverse = fround(127 / largest);
    return block.map((value) => {
      const scaled = fround(value * inverse);
      const floor = Math.floor(scaled);
      const rest = scaled - floor;
      const integer = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
      return fround(Math.max(-127, Math.min(127, integer)) * scale);
    });
  }

  it.each(LENGTHS)('scales %i numbers by the largest of each 256', (length) => {
    const codec = new OneSegment(length, { method: 'int8' });
    const values = gradients(length, length);
    const sent = codec.send(values);
    for (let begin = 0; begin < length; begin += 256) {
      const end = Math.min(length, begin + 256);
      expect(sent.subarray(begin, end)).toEqual(plain(values.subarray(begin, end)));
    }
    expect(codec.residual).toEqual(values.map((value, i) => value - sent[i]!));
  });

  it('makes a whole block no number when one of it is none, and remembers nothing of it', () => {
    const codec = new OneSegment(300, { method: 'int8' });
    const values = new Float32Array(300).fill(1);
    values[7] = Infinity;
    const sent = codec.send(values);
    expect([...sent.subarray(0, 256)].every(Number.isNaN)).toBe(true);
    expect([...sent.subarray(256)]).toEqual(new Array(44).fill(1));
    expect([...codec.residual]).toEqual(new Array(300).fill(0));
  });

  it('sends zeros for blocks of zeros and of numbers too small to scale, which wait', () => {
    const codec = new OneSegment(2, { method: 'int8' });
    expect([...codec.send(Float32Array.of(0, 1e-40))]).toEqual([0, 0]);
    expect(codec.residual[1]).toBe(fround(1e-40));
  });

  it('is right on average with stochastic rounding', () => {
    const count = 40_000;
    const codec = new OneSegment(count, { method: 'int8', rounding: 'stochastic' });
    const values = new Float32Array(count).fill(10.25);
    // The largest of each block is 127, so the scale is 1 and 10.25 becomes 10 or 11.
    for (let i = 0; i < count; i += 256) values[i] = 127;
    const sent = codec.send(values).filter((_, i) => i % 256 !== 0);
    const numUp = sent.filter((value) => value === 11).length;
    expect(sent.filter((value) => value === 10).length).toBe(sent.length - numUp);
    expect(Math.abs(numUp - sent.length / 4)).toBeLessThan(435);
  });
});

describe('topk', () => {
  it.each(LENGTHS)('sends the largest of %i numbers as they are, and keeps the others', (length) => {
    const codec = new OneSegment(length, { method: 'topk', topKRatio: 0.1 });
    const values = gradients(length, length);
    const k = Math.ceil(length * 0.1);
    expect(topK(length, 0.1)).toBe(k);
    const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b);
    const chosen = new Set(order.slice(0, k));
    expect(codec.send(values)).toEqual(values.map((value, i) => (chosen.has(i) ? value : 0)));
    expect(codec.residual).toEqual(values.map((value, i) => (chosen.has(i) ? 0 : value)));
  });

  it('takes the first of equals', () => {
    const codec = new OneSegment(8, { method: 'topk', topKRatio: 0.5 });
    expect([...codec.send(Float32Array.of(1, -2, 2, -2, 2, 3, 2, 2))]).toEqual([0, -2, 2, -2, 0, 3, 0, 0]);
  });

  it('sends what is no number first and remembers nothing of it', () => {
    const codec = new OneSegment(5, { method: 'topk', topKRatio: 0.2 });
    expect([...codec.send(Float32Array.of(9, Number.NaN, Infinity, 1, Number.NaN))]).toEqual([0, Number.NaN, 0, 0, 0]);
    expect([...codec.residual]).toEqual([9, 0, 0, 1, 0]);
  });

  it('refuses indices that do not ascend or lie outside', () => {
    const codec = new OneSegment(10, { method: 'topk', topKRatio: 0.2 });
    for (const indices of [
      [3, 3],
      [4, 2],
      [0, 10],
    ]) {
      const payload = new Uint8Array(new Uint32Array([...indices, 0, 0]).buffer);
      expect(() => codec.decode(payload)).toThrow(expect.objectContaining({ code: 'COLLECTIVE_BAD_PAYLOAD' }));
    }
  });
});

describe.each(SEGMENT_METHODS)('%s', (method) => {
  it('adds what it decodes', () => {
    const codec = new OneSegment(1003, { method });
    const payload = codec.encode(gradients(1003, 1)).slice();
    const values = gradients(1003, 2);
    const decoded = codec.decode(payload);
    expect(codec.add(values, payload)).toEqual(values.map((value, i) => value + decoded[i]!));
  });

  it('gives in the sum over steps what went in, but for what still waits', () => {
    const codec = new OneSegment(600, { method, topKRatio: 0.1, rounding: 'stochastic' });
    const sumIn = new Float64Array(600);
    const sumOut = new Float64Array(600);
    for (let step = 0; step < 30; step++) {
      const values = gradients(600, step);
      const sent = codec.send(values);
      for (let i = 0; i < 600; i++) {
        sumIn[i]! += values[i]!;
        sumOut[i]! += sent[i]!;
      }
    }
    // Thirty float32 additions of numbers below 50: each errs by at most 2⁻²⁴ · 50 · 30.
    for (let i = 0; i < 600; i++) expect(Math.abs(sumOut[i]! + codec.residual[i]! - sumIn[i]!)).toBeLessThan(1e-3);
  });

  it('measures what was to be sent and what was left out', () => {
    const codec = new OneSegment(1001, { method });
    const values = gradients(1001, 4);
    codec.send(values);
    const squares = (vector: Float32Array): number => vector.reduce((sum, value) => sum + value * value, 0);
    const { signal, error } = codec.figures();
    expect(signal / squares(values)).toBeCloseTo(1, 10);
    expect(error / squares(codec.residual)).toBeCloseTo(1, 10);
    expect(codec.figures()).toEqual({ signal: 0, error: 0 });
  });

  it('refuses payloads of another length', () => {
    const codec = new OneSegment(100, { method });
    const payload = codec.encode(gradients(100, 1));
    expect(() => codec.decode(payload.subarray(1))).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_PAYLOAD' }),
    );
  });
});

it('noise is the stream of its key: word w of block 4g + l in lane l', () => {
  const heap = new SimdHeap();
  const noise = heap.uint8(3 * NOISE_GROUP * 2);
  const [key0 = 0, key1 = 0, key2 = 0, key3 = 0] = randomKey(['compression', 7]);
  openCodecKernels(heap.memory).fillNoise(noise.byteOffset, 3, key0, key1, key2, key3);
  const numbers = new Uint16Array(noise.buffer, noise.byteOffset, 3 * NOISE_GROUP);
  const stream = randomStream('compression', 7);
  const words = Array.from({ length: 48 }, () => stream.word());
  for (const [i, number] of numbers.entries()) {
    const group = Math.floor(i / 32);
    const e = i % 32;
    const word = words[(4 * group + Math.floor((e % 8) / 2)) * 4 + Math.floor(e / 8)]!;
    expect(number).toBe((word >>> ((e % 2) * 16)) & 0xffff);
  }
});
