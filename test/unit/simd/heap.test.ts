import { describe, expect, it } from 'vitest';
import { SIMD_ALIGNMENT, SimdHeap } from '../../../worker/simd/heap.js';
import { openSimd } from '../../../worker/simd/module.js';

interface Vectors {
  addInto(target: number, source: number, count: number): void;
  addBoth(target: number, a: number, b: number, count: number): void;
}

describe('SimdHeap', () => {
  it('gives aligned zeros that do not overlap, and keeps older views valid when it grows', () => {
    const heap = new SimdHeap();
    const first = heap.float32(3);
    first.set([1, 2, 3]);
    const second = heap.float32(1_000_000);
    second[999_999] = 4;
    expect(first.byteOffset % SIMD_ALIGNMENT).toBe(0);
    expect(second.byteOffset % SIMD_ALIGNMENT).toBe(0);
    expect(second.byteOffset).toBeGreaterThanOrEqual(first.byteOffset + first.byteLength);
    expect([...first]).toEqual([1, 2, 3]);
    expect(new Float32Array(heap.memory.buffer, first.byteOffset, 3)[1]).toBe(2);
  });

  it('knows its own arrays', () => {
    const heap = new SimdHeap();
    const own = heap.float32(1);
    heap.float32(100_000);
    expect(heap.holds(own)).toBe(true);
    expect(heap.holds(new SimdHeap().float32(1))).toBe(false);
    expect(heap.holds(new Float32Array(1))).toBe(false);
  });

  it('knows arrays that others make of its memory, however it has grown', () => {
    const heap = new SimdHeap();
    for (const bytes of [16, 1_000_000, 3_000_000]) {
      const address = heap.allocate(bytes);
      expect(heap.holds(new Float32Array(heap.memory.buffer, address, 4))).toBe(true);
    }
  });

  it('tells what is left of 4 GiB', () => {
    const heap = new SimdHeap();
    const before = heap.freeBytes;
    heap.allocate(64);
    expect(heap.freeBytes).toBe(before - 64);
    expect(before).toBeLessThan(2 ** 32);
  });

  it('refuses what 32 bits cannot address', () => {
    expect(() => new SimdHeap().allocate(2 ** 33)).toThrow(expect.objectContaining({ code: 'ENGINE_OUT_OF_MEMORY' }));
  });
});

describe('vector sums', () => {
  it.each([0, 1, 7, 16, 33, 1000])('add %i elements as JavaScript does and touch no other', (count) => {
    const heap = new SimdHeap();
    const { addInto, addBoth } = openSimd<Vectors>('sums', heap);
    const a = heap.float32(count + 1);
    const b = heap.float32(count + 1);
    const both = heap.float32(count + 1);
    for (let i = 0; i <= count; i++) {
      a[i] = Math.fround(i * 0.37 - 5);
      b[i] = Math.fround(1 / (i + 3));
    }
    const expected = a.map((value, i) => (i < count ? Math.fround(value + b[i]!) : value));
    addBoth(both.byteOffset, a.byteOffset, b.byteOffset, count);
    addInto(a.byteOffset, b.byteOffset, count);
    expect(a).toEqual(expected);
    expect(both.subarray(0, count)).toEqual(expected.subarray(0, count));
    expect(both[count]).toBe(0);
  });
});

describe('openSimd', () => {
  it('says what to do when a module was not built', () => {
    expect(() => openSimd('no-such-kernels', new SimdHeap())).toThrow(
      expect.objectContaining({ code: 'ENGINE_KERNELS_MISSING', hint: 'run "npm run build"' }),
    );
  });
});
