import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataHeader } from '../../../proto/codec.js';
import { data } from '../../../proto/messages.js';
import { Accumulator } from '../../../worker/collective/accumulator.js';
import { BlobExchange } from '../../../worker/collective/blobs.js';
import { DirectExchange } from '../../../worker/collective/direct.js';
import type { ExchangeFields } from '../../../worker/collective/exchange.js';
import { makePlan, type Plan } from '../../../worker/collective/plan.js';
import { Reducer } from '../../../worker/collective/reducer.js';
import { type SumTree, sumTree, virtualRange } from '../../../worker/collective/tree.js';
import { SimdHeap } from '../../../worker/simd/heap.js';
import { seededRandom, wildFloats } from '../../support/random.js';

const LENGTH = 700;
const BUCKETS = [
  { offset: 0, length: 300 },
  { offset: 300, length: 390 },
  { offset: 690, length: 10 },
];

interface InFlight {
  readonly from: number;
  readonly to: number;
  readonly header: DataHeader;
  readonly payload: Uint8Array;
}

/** Ranks in one process; frames lie in `inFlight` until the test delivers them. Payloads stay views, as with the real transport. */
class MemoryWorld {
  readonly plan: Plan;
  readonly ranks: { exchange: DirectExchange; accumulator: Accumulator; result: Float32Array; numRounds: number }[];
  readonly inFlight: InFlight[] = [];

  constructor(worldSize: number, virtualRanks: number, segmentElements = 64) {
    const plan = makePlan({ length: LENGTH, buckets: BUCKETS, virtualRanks }, worldSize, segmentElements);
    this.plan = plan;
    this.ranks = Array.from({ length: worldSize }, (_, rank) => {
      const numPartials = plan.partials.filter((partial) => partial.rank === rank).length;
      const heap = new SimdHeap();
      const partials = Array.from({ length: numPartials }, () => heap.float32(LENGTH));
      const result = worldSize === 1 ? partials[0]! : heap.float32(LENGTH);
      const state = {
        accumulator: new Accumulator(virtualRange(rank, worldSize, virtualRanks), virtualRanks, partials, heap),
        result,
        numRounds: 0,
        exchange: new DirectExchange({
          rank,
          plan,
          partials,
          result,
          now: () => 0,
          onRoundDone: () => state.numRounds++,
          send: (to, fields, payload) =>
            this.inFlight.push({ from: rank, to, header: headerOf(fields, rank), payload }),
        }),
      };
      return state;
    });
  }

  /** Adds what the rank's virtual ranks have for a round, and announces the buckets in the given order. */
  contribute(rank: number, round: number, order = BUCKETS.map((_, bucket) => bucket)): void {
    const { accumulator, exchange } = this.ranks[rank]!;
    const { begin, end } = virtualRange(rank, this.plan.worldSize, this.plan.layout.virtualRanks);
    for (let v = begin; v < end; v++) {
      const vector = vectorOf(v, round);
      for (const { offset, length } of BUCKETS) accumulator.add(v, offset, vector.subarray(offset, offset + length));
    }
    for (const bucket of order) exchange.bucketReady(round, bucket);
  }

  deliver(index: number): void {
    const [frame] = this.inFlight.splice(index, 1);
    this.ranks[frame!.to]!.exchange.receive(frame!.header, frame!.payload);
  }
}

function headerOf(fields: ExchangeFields, sender: number): DataHeader {
  return data.Header.decode(data.Header.encode({ ...fields, sender, generation: 1 }).finish());
}

function changed(header: DataHeader, change: Partial<DataHeader>): DataHeader {
  return Object.assign(data.Header.decode(data.Header.encode(header).finish()), change);
}

function vectorOf(virtualRank: number, round: number): Float32Array {
  return wildFloats(LENGTH, virtualRank * 1000 + round);
}

/** The sum over all virtual ranks, element by element along the tree, in the plainest way. */
function expectedSum(virtualRanks: number, round: number): Float32Array {
  const vectors = Array.from({ length: virtualRanks }, (_, v) => vectorOf(v, round));
  const leaves = vectors.map((_, v) => ({ begin: v, end: v + 1 }));
  const tree = sumTree(leaves, virtualRanks);
  const at = (node: SumTree, i: number): number =>
    typeof node === 'number' ? vectors[node]![i]! : Math.fround(at(node.left, i) + at(node.right, i));
  return Float32Array.from({ length: LENGTH }, (_, i) => at(tree, i));
}

function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

describe('the direct exchange', () => {
  const cases = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((v) =>
    [1, 2, 3, 4, 5, 8].filter((w) => w <= v).map((w) => [v, w] as const),
  );

  it.each(cases)(
    'with %i virtual ranks on %i workers gives the bytes of the fixed tree, for three rounds',
    (v, worldSize) => {
      const world = new MemoryWorld(worldSize, v);
      for (let round = 1; round <= 3; round++) {
        for (let rank = 0; rank < worldSize; rank++) world.contribute(rank, round);
        while (world.inFlight.length > 0) world.deliver(0);
        const expected = bytes(expectedSum(v, round));
        for (const state of world.ranks) {
          expect(state.numRounds).toBe(round);
          expect(bytes(state.result).equals(expected)).toBe(true);
        }
      }
    },
  );

  it('gives the same bytes in whatever order frames arrive and ranks make progress', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 4 }), (seed, worldSize) => {
        const v = 5;
        const numRounds = 4;
        const random = seededRandom(seed);
        const world = new MemoryWorld(worldSize, v);
        const contributed = world.ranks.map(() => 0);
        // A rank starts a round once it has looked at the result of the one before; how late, chance decides.
        for (;;) {
          const free = contributed.flatMap((round, rank) =>
            round === world.ranks[rank]!.numRounds && round < numRounds ? [rank] : [],
          );
          const choice = Math.floor(random() * (free.length + world.inFlight.length));
          if (free.length + world.inFlight.length === 0) break;
          if (choice < free.length) {
            const rank = free[choice]!;
            const round = contributed[rank]!;
            if (round > 0) {
              expect(bytes(world.ranks[rank]!.result).equals(bytes(expectedSum(v, round)))).toBe(true);
            }
            contributed[rank] = round + 1;
            const order = random() < 0.5 ? [0, 1, 2] : [2, 0, 1];
            world.contribute(rank, round + 1, order);
          } else {
            world.deliver(choice - free.length);
          }
        }
        for (const state of world.ranks) {
          expect(state.numRounds).toBe(numRounds);
          expect(bytes(state.result).equals(bytes(expectedSum(v, numRounds)))).toBe(true);
          expect([...state.exchange.dropped]).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('drops and counts frames of old rounds, frames too far ahead, and duplicates', () => {
    const world = new MemoryWorld(2, 2);
    world.contribute(0, 1);
    const copy = { ...world.inFlight[0]! };
    world.contribute(1, 1);
    world.ranks[1]!.exchange.receive(copy.header, copy.payload);
    while (world.inFlight.length > 0) world.deliver(0);
    world.ranks[1]!.exchange.receive(copy.header, copy.payload); // round 1 is over
    world.ranks[1]!.exchange.receive(changed(copy.header, { round: 9 }), copy.payload);
    expect(Object.fromEntries(world.ranks[1]!.exchange.dropped)).toEqual({ duplicate: 1, round: 2 });
    expect(bytes(world.ranks[1]!.result).equals(bytes(expectedSum(2, 1)))).toBe(true);
  });

  it('keeps no more early frames than its peers can rightly send', () => {
    const world = new MemoryWorld(2, 2);
    world.contribute(0, 1);
    const early = changed(world.inFlight[0]!.header, { round: 2 });
    const numOwned = world.plan.segments.filter((segment) => segment.chunk === 1).length;
    for (let i = 0; i < numOwned + 5; i++) world.ranks[1]!.exchange.receive(early, world.inFlight[0]!.payload);
    expect(world.ranks[1]!.exchange.dropped.get('overflow')).toBe(5);
  });

  it('says who is waited for: itself, then the partials of others, then results', () => {
    const world = new MemoryWorld(3, 3);
    const { exchange } = world.ranks[0]!;
    expect(exchange.waitState()).toEqual({ round: 1, ranks: [0], bucket: 0, phase: 'local' });
    world.contribute(0, 1);
    expect(exchange.waitState()).toEqual({ round: 1, ranks: [1, 2], bucket: 0, phase: 'partial' });
    world.contribute(1, 1);
    world.contribute(2, 1);
    // Rank 2's results are held back, everything else goes through.
    for (let i = 0; i < world.inFlight.length; ) {
      const { from, header } = world.inFlight[i]!;
      if (from === 2 && header.phase === data.Phase.RESULT) i++;
      else world.deliver(i);
    }
    expect(exchange.waitState()).toMatchObject({ ranks: [2], phase: 'result' });
  });

  it.each([
    ['a segment that does not exist', { bucket: 99 }],
    ['a sender beyond the world', { sender: 7 }],
    ['a virtual range that is not the sender’s', { virtualBegin: 0, virtualEnd: 2 }],
    ['a result before this rank gave its part', { phase: data.Phase.RESULT, chunk: 0 }],
  ])('refuses %s as a contradiction to the plan', (_, change) => {
    const world = new MemoryWorld(2, 2);
    world.contribute(0, 1);
    const { header, payload } = world.inFlight[0]!;
    const wrong = changed(header, change);
    expect(() => world.ranks[1]!.exchange.receive(wrong, payload)).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_PAYLOAD' }),
    );
  });

  it('refuses a bucket that is announced twice', () => {
    const world = new MemoryWorld(2, 2);
    world.ranks[0]!.exchange.bucketReady(1, 0);
    expect(() => world.ranks[0]!.exchange.bucketReady(1, 0)).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_ROUND' }),
    );
  });
});

it('a reducer adds blocks of any length as element by element', () => {
  // ((0+1)+(2+3))+(4+5) over 10,001 elements: three blocks, the last one short.
  const operands = Array.from({ length: 6 }, (_, i) => wildFloats(10_001, i));
  const tree = sumTree(
    operands.map((_, v) => ({ begin: v, end: v + 1 })),
    6,
  );
  const sum = new Float32Array(10_001);
  new Reducer(tree).reduce(operands, sum);
  const f = Math.fround;
  for (let i = 0; i < sum.length; i += 37) {
    const [a, b, c, d, e, g] = operands.map((operand) => operand[i]!) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    expect(sum[i]).toBe(f(f(f(a + b) + f(c + d)) + f(e + g)));
  }
});

it('an accumulator refuses virtual ranks of others and elements outside of the vector', () => {
  const heap = new SimdHeap();
  const accumulator = new Accumulator({ begin: 2, end: 4 }, 4, [heap.float32(8)], heap);
  for (const [v, offset] of [
    [1, 0],
    [4, 0],
    [2, 6],
    [2, -1],
  ] as const) {
    expect(() => accumulator.add(v, offset, new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_ADD' }),
    );
  }
});

describe('blobs', () => {
  function blobWorld(worldSize: number) {
    const frames: { to: number; header: DataHeader; payload: Uint8Array }[] = [];
    const ranks = Array.from(
      { length: worldSize },
      (_, rank) =>
        new BlobExchange({
          rank,
          worldSize,
          send: async (to, fields, payload) => void frames.push({ to, header: headerOf(fields, rank), payload }),
        }),
    );
    const flush = (order: (length: number) => number) => {
      while (frames.length > 0) {
        const [frame] = frames.splice(order(frames.length), 1);
        ranks[frame!.to]!.receive(frame!.header, frame!.payload);
      }
    };
    return { ranks, frames, flush };
  }

  it('are gathered by rank, also when calls of several rounds and their segments arrive in reverse', async () => {
    const { ranks, flush } = blobWorld(3);
    const big = new Uint8Array(2_500_000).map((_, i) => i % 251); // three segments
    for (const [rank, exchange] of ranks.entries()) {
      if (rank === 0) continue;
      await exchange.gather(big.subarray(0, big.length - rank));
      await exchange.gather(Uint8Array.of(rank));
    }
    flush((length) => length - 1);
    expect((await ranks[0]!.gather(Uint8Array.of(9)))!.map((b) => b.length)).toEqual([1, 2_499_999, 2_499_998]);
    expect(await ranks[0]!.gather(new Uint8Array(0))).toEqual([new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(2)]);
  });

  it('are broadcast to everyone, empty ones too', async () => {
    const { ranks, flush } = blobWorld(3);
    for (const message of [Uint8Array.of(1, 2, 3), new Uint8Array(0)]) {
      const received = [ranks[1]!.broadcast(), ranks[2]!.broadcast()];
      await ranks[0]!.broadcast(message);
      flush(() => 0);
      expect(await Promise.all(received)).toEqual([message, message]);
    }
    await expect(ranks[0]!.broadcast()).rejects.toMatchObject({ code: 'COLLECTIVE_BAD_BROADCAST' });
  });

  it('that come twice are dropped, those for the wrong rank are refused', async () => {
    const { ranks, frames, flush } = blobWorld(2);
    await ranks[1]!.gather(Uint8Array.of(5));
    frames.push(frames[0]!);
    flush(() => 0);
    expect(ranks[0]!.numDropped).toBe(1);
    await ranks[1]!.gather(Uint8Array.of(6));
    expect(() => ranks[1]!.receive(frames[0]!.header, frames[0]!.payload)).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_PAYLOAD' }),
    );
  });
});
