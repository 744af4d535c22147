/** Encoded segments that are received where kernels read them, as over direct sockets. */
import { describe, expect, it } from 'vitest';
import { NO_COMPRESSION } from '../../../../configs/collective.js';
import type { DataHeader } from '../../../../proto/codec.js';
import { data } from '../../../../proto/messages.js';
import { Compressor } from '../../../../worker/collective/compression/compressor.js';
import { allocateCompression } from '../../../../worker/collective/compression/memory.js';
import type { SegmentMethod } from '../../../../worker/collective/compression/segment-codec.js';
import { DirectExchange } from '../../../../worker/collective/direct.js';
import type { Exchange, ExchangeFields } from '../../../../worker/collective/exchange.js';
import { allocateFrames, LaneSums, OwnSums } from '../../../../worker/collective/frame-memory.js';
import { scratchBytes } from '../../../../worker/collective/heap-reducer.js';
import { makePlan, type VectorLayout } from '../../../../worker/collective/plan.js';
import { SimdHeap } from '../../../../worker/simd/heap.js';
import { OneSegment, openCompressor, SEGMENT_METHODS } from '../../../support/codecs.js';
import { bytes, ExchangeWorld, headerOf } from '../../../support/exchange-world.js';
import { seededRandom } from '../../../support/random.js';

const LENGTH = 9_000;
const LAYOUT: VectorLayout = {
  length: LENGTH,
  buckets: [{ offset: 0, length: LENGTH }],
  virtualRanks: 2,
  exactFrom: LENGTH - 50,
};
const SEGMENT = 2_100;

function gradients(seed: number, length = LENGTH): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length }, () => (random() - 0.5) * 10 ** Math.floor(random() * 6 - 5));
}

interface Frame {
  readonly to: number;
  readonly header: DataHeader;
  readonly payload: Uint8Array;
}

/** Two ranks whose frames come into places of the receiver's exchange. */
class PlacedWorld {
  readonly inFlight: Frame[] = [];
  readonly ranks: readonly {
    readonly exchange: Exchange;
    readonly partial: Float32Array;
    readonly result: Float32Array;
  }[];
  numPlaced = 0;

  constructor(method: SegmentMethod) {
    this.ranks = [0, 1].map((rank) => {
      const plan = makePlan(LAYOUT, 2, SEGMENT);
      const heap = new SimdHeap();
      const { memory } = heap;
      const [partial, result] = [heap.float32(LENGTH), heap.float32(LENGTH)];
      const compression = allocateCompression(heap, plan, 1, { ...NO_COMPRESSION, method });
      const onHeap = [partial, result, memory];
      const frames = allocateFrames(heap, plan, rank);
      const scratch = heap.allocate(scratchBytes(plan.tree));
      const sums = new LaneSums(memory, frames, [partial, result]);
      const exchange = new DirectExchange({
        ...{ rank, plan, partials: [partial], result, frames, place: { memory, scratch } },
        codec: new Compressor({ rank, plan, memory: compression, onHeap, makesLanes: true, seed: 3, stepsBefore: 0 }),
        now: () => 0,
        onRoundDone: () => {},
        send: (to, fields, payload) => this.#send(rank, to, fields, payload, sums),
      });
      return { exchange, partial, result };
    });
  }

  contribute(round: number): void {
    for (const [rank, { exchange, partial }] of this.ranks.entries()) {
      partial.set(gradients(10 * round + rank));
      exchange.bucketReady(round, 0);
    }
  }

  /** Receives the first frame as a lane does. */
  deliver(): void {
    const { to, header, payload } = this.inFlight.shift()!;
    const { exchange } = this.ranks[to]!;
    const place = exchange.place!(header)!;
    place.memory.set(payload);
    this.numPlaced++;
    // Encoding a sum cannot be done again, so what is damaged must be known before.
    expect(place.isCheckedLater && header.payloadType !== data.PayloadType.FLOAT32).toBe(false);
    exchange.receive(header, place.memory);
  }

  #send(from: number, to: number, fields: ExchangeFields, payload: Uint8Array, sums: LaneSums): void {
    const { laneSum, laneTurn } = fields;
    const lanes = typeof laneSum === 'number' ? {} : { laneSum: sums.of(payload).sum, laneTurn: sums.of(payload).turn };
    // What every frame says must be true, whoever has made it.
    const own = new OwnSums().of(payload);
    if (typeof laneSum === 'number') expect({ sum: laneSum, turn: laneTurn }).toEqual(own);
    const header = Object.assign(headerOf({ ...fields, ...lanes }, from), { payloadBytes: payload.byteLength });
    this.inFlight.push({ to, header, payload: payload.slice() });
  }
}

describe.each(SEGMENT_METHODS)('%s', (method) => {
  it('leaves the bytes that it leaves by ordinary ways, round after round', () => {
    const placed = new PlacedWorld(method);
    const plain = new ExchangeWorld({
      ...{ algorithm: 'direct', layout: LAYOUT, worldSize: 2, segmentElements: SEGMENT, codec: { method } },
    });
    for (let round = 1; round <= 3; round++) {
      placed.contribute(round);
      while (placed.inFlight.length > 0) placed.deliver();
      const [expected] = plain.run(round, (v) => gradients(10 * round + v));
      for (const { result } of placed.ranks) expect(bytes(result).equals(bytes(expected!))).toBe(true);
    }
    // Three segments per rank, and a tail of 50 for rank 1, each as partial sum and result.
    expect(placed.numPlaced).toBe(3 * 2 * (3 + 3 + 1));
  });

  it('reduces to the bytes of adding and then encoding, and tells the checksum', () => {
    const [together, apart] = [new OneCompressor(method), new OneCompressor(method)];
    const sums = new OwnSums();
    for (let round = 1; round <= 2; round++) {
      const payload = new OneSegment(LENGTH, { method }).encode(gradients(round)).slice();
      const values = gradients(round + 5);
      const sum = new Float32Array(LENGTH);
      const reduced = together.compressor.reduce(together.segment, values, payload, sum, round);
      expect(reduced.lanes).toEqual(sums.of(reduced.payload));

      const plainSum = new Float32Array(LENGTH);
      apart.compressor.add(values, payload, plainSum);
      const encoded = apart.compressor.encode(0, apart.segment, plainSum, round);
      expect(encoded.lanes).toEqual(sums.of(encoded.payload));
      expect(Buffer.from(reduced.payload).equals(Buffer.from(encoded.payload))).toBe(true);
      expect(bytes(together.residual).equals(bytes(apart.residual))).toBe(true);
      const decoded = new Float32Array(LENGTH);
      apart.compressor.decode(encoded.payload, decoded);
      expect(bytes(sum).equals(bytes(decoded))).toBe(true);
      // Both measure the same: what was to be encoded, and what is left.
      const [one, two] = [together.compressor.takeFigures(), apart.compressor.takeFigures()];
      expect(one.error).toBe(two.error);
      expect(one.signal / two.signal).toBeCloseTo(1, 6);
    }
  });
});

/** A compressor of one segment of {@link LENGTH} elements. */
class OneCompressor {
  readonly #plan = makePlan({ length: LENGTH, buckets: [{ offset: 0, length: LENGTH }], virtualRanks: 1 }, 1);
  readonly segment = this.#plan.segments[0]!;
  readonly #opened;

  constructor(method: SegmentMethod) {
    this.#opened = openCompressor(this.#plan, { method });
  }

  get compressor(): Compressor {
    return this.#opened.compressor;
  }

  get residual(): Float32Array {
    return this.#opened.memory.residuals[0]!;
  }
}

describe('topk of many numbers', () => {
  const COUNT = 20_000;

  /** The choice by sorting: the largest first, of equals the first. */
  function chosen(values: Float32Array, ratio: number): Set<number> {
    const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b);
    return new Set(order.slice(0, Math.ceil(values.length * ratio)));
  }

  it.each<[string, number, (i: number, random: number) => number]>([
    ['of all magnitudes', 0.01, (i, random) => (random - 0.5) * 10 ** ((i % 7) - 6)],
    ['that are all alike', 0.01, (i) => (i % 2 === 0 ? 0.5 : -0.5)],
    ['of which few are not zero', 0.01, (i) => (i % 997 === 3 ? i : 0)],
    ['of which all large ones lie in one place', 0.01, (i, random) => (i > 19_990 || i < 40 ? 100 + random : random)],
    ['of which large ones lie where no sample is taken', 0.05, (i, random) => (i % 64 === 63 ? 5 + random : random)],
    ['of few values', 0.02, (_i, random) => Math.round(random * 40) / 8],
    ['most of which are sent', 0.7, (_i, random) => random - 0.5],
  ])('%s is what sorting says', (_what, ratio, valueAt) => {
    const random = seededRandom(5);
    const values = Float32Array.from({ length: COUNT }, (_, i) => valueAt(i, random()));
    const codec = new OneSegment(COUNT, { method: 'topk', topKRatio: ratio });
    const set = chosen(values, ratio);
    expect(codec.send(values)).toEqual(values.map((value, i) => (set.has(i) ? value : 0)));
    expect(codec.residual).toEqual(values.map((value, i) => (set.has(i) ? 0 : value)));
  });

  it('sends what is no number first, and remembers nothing of it', () => {
    const values = gradients(8, COUNT);
    for (const i of [3, 4_000, 4_001, 19_999]) values[i] = i === 4_000 ? Infinity : Number.NaN;
    const codec = new OneSegment(COUNT, { method: 'topk', topKRatio: 1e-4 });
    // Two are sent: NaN counts as larger than infinity, and the first of equals goes first.
    const sent = codec.send(values);
    expect([...sent.keys()].filter((i) => sent[i] !== 0)).toEqual([3, 4_001]);
    const kept = values.map((value) => (Number.isFinite(value) ? value : 0));
    expect(codec.residual).toEqual(kept);
  });
});
