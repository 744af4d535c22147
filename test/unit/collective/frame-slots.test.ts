/** Memory for received frames, and the checksums that are made on the heap. */
import { describe, expect, it } from 'vitest';
import { allocateFrames, FrameSlots, LaneSums, OwnSums } from '../../../worker/collective/frame-memory.js';
import { makePlan } from '../../../worker/collective/plan.js';
import { SimdHeap } from '../../../worker/simd/heap.js';
import { seededRandom, wildFloats } from '../../support/random.js';

function wildBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** As worker/simd/assembly/frames.ts has it, lane by lane. */
function plainChecksum(bytes: Uint8Array): { sum: number; turn: number } {
  const rotated = (x: number, bits: number) => (x << bits) | (x >>> (32 - bits));
  const padded = new Uint8Array(Math.ceil(bytes.length / 32) * 32);
  padded.set(bytes);
  const numFull = Math.floor(bytes.length / 32);
  const folded = { a: new Int32Array(8), s: new Int32Array(8) };
  const fold = (a: Int32Array, s: Int32Array) => {
    for (let lane = 0; lane < 8; lane++) {
      folded.a[lane] = Math.imul(rotated(folded.a[lane]! ^ a[lane]!, 15), 0x9e3779b1);
      folded.s[lane] = Math.imul(rotated(folded.s[lane]! ^ s[lane]!, 15), 0x85ebca77);
    }
  };
  const lineAt = (line: number) => new Int32Array(padded.buffer, line * 32, 8);
  for (let block = 0; block < numFull; block += 128) {
    const a = new Int32Array(8);
    const s = new Int32Array(8);
    for (let line = block; line < Math.min(numFull, block + 128); line++) {
      const x = lineAt(line);
      const old = new Uint8Array(s.buffer.slice(0));
      const turned = new Uint8Array(s.buffer);
      for (let i = 0; i < 32; i++) turned[i] = old[(i & 16) + ((i + 1) & 15)]!;
      for (let lane = 0; lane < 8; lane++) {
        a[lane] = a[lane]! + x[lane]!;
        s[lane] = s[lane]! ^ x[lane]!;
      }
      const isGroupEnd = (line - block) % 16 === 15 || line === numFull - 1;
      if (isGroupEnd) for (let lane = 0; lane < 8; lane++) s[lane] = rotated(s[lane]!, 1);
    }
    fold(a, s);
  }
  if (padded.length / 32 > numFull) fold(lineAt(numFull), lineAt(numFull));
  const single = (lanes: Int32Array, prime: number) => {
    const all = lanes.reduce((sum, lane) => Math.imul(rotated(sum ^ lane, 15), prime), bytes.length);
    return (all ^ (all >>> 16)) >>> 0;
  };
  return { sum: single(folded.a, 0x9e3779b1), turn: single(folded.s, 0x85ebca77) };
}

describe('the lane checksum', () => {
  const sums = new OwnSums();

  it.each([0, 1, 31, 32, 33, 512, 4096, 4100, 10_001])('of %i bytes is what its definition says', (length) => {
    const payload = wildBytes(length, length);
    expect(sums.of(payload)).toEqual(plainChecksum(payload));
  });

  it('changes with any one bit', () => {
    const payload = wildBytes(4_200, 1);
    const { sum } = sums.of(payload);
    for (let bit = 0; bit < payload.length * 8; bit += 7) {
      payload[bit >> 3]! ^= 1 << (bit & 7);
      expect(sums.of(payload).sum).not.toBe(sum);
      payload[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('changes with two signs of one lane, wherever they are in the frame', () => {
    const payload = new Uint8Array(32 * 300);
    const { sum, turn } = sums.of(payload);
    for (let line = 1; line < 300; line++) {
      const changed = payload.slice();
      changed[3] = 0x80;
      changed[line * 32 + 3] = 0x80;
      const found = sums.of(changed);
      expect(found.sum !== sum || found.turn !== turn).toBe(true);
    }
  });

  it('changes when blocks are swapped, when the end is missing, and when zeros are added', () => {
    const payload = wildBytes(16_384, 2);
    const whole = sums.of(payload);
    const swapped = Buffer.concat([payload.subarray(4096, 8192), payload.subarray(0, 4096), payload.subarray(8192)]);
    for (const other of [swapped, payload.subarray(0, 16_380), Buffer.concat([payload, Buffer.alloc(4)])]) {
      expect(sums.of(other).sum).not.toBe(whole.sum);
    }
  });

  it.each([1, 7, 8, 1000, 4099])('is made of a frame and of the sum while %i numbers are added', (length) => {
    const heap = new SimdHeap();
    const out = heap.allocate(128);
    const [own, frame, target] = [heap.float32(length), heap.float32(length), heap.float32(length)];
    own.set(wildFloats(length, 3));
    frame.set(wildFloats(length, 4));
    const onHeap = new LaneSums(heap.memory, { sums: out }, [own, frame, target]);
    const payload = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
    const made = onHeap.add(target, own, payload);
    expect([...target]).toEqual(Array.from(own, (x, i) => Math.fround(x + frame[i]!)));
    expect(made.addend).toEqual(plainChecksum(payload));
    expect(made.sum).toEqual(plainChecksum(new Uint8Array(target.buffer, target.byteOffset, target.byteLength)));
  });
});

describe('slots', () => {
  it('are as many as frames can wait, are used again, and take back only what they gave', () => {
    const heap = new SimdHeap();
    // Two ranks with one bucket of 600,000 elements: this rank owns 300,000, which are two segments.
    const plan = makePlan({ length: 600_000, buckets: [{ offset: 0, length: 600_000 }], virtualRanks: 2 }, 2);
    const frames = allocateFrames(heap, plan, 0);
    expect(frames.numSlots).toBe(2);
    const slots = new FrameSlots(heap.memory, frames);
    const [first, second] = [slots.take(1_048_576)!, slots.take(100)!];
    expect([first.length, second.length]).toEqual([1_048_576, 100]);
    expect(slots.take(1)).toBeUndefined();
    slots.give(new Uint8Array(100));
    expect(slots.take(1)).toBeUndefined();
    slots.give(first);
    slots.give(first);
    expect(slots.take(1_048_577)).toBeUndefined();
    expect(slots.take(8)!.byteOffset).toBe(first.byteOffset);
    expect(slots.take(8)).toBeUndefined();
  });
});
