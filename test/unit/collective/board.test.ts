import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Board } from '../../../worker/collective/board.js';
import { boardLayout, firstPartial } from '../../../worker/collective/board-layout.js';
import { HeapReducer, scratchBytes } from '../../../worker/collective/heap-reducer.js';
import { makePlan, type Plan } from '../../../worker/collective/plan.js';
import { Reducer } from '../../../worker/collective/reducer.js';
import { openAddKernels } from '../../../worker/collective/sum-heap.js';
import { sumTree } from '../../../worker/collective/tree.js';
import { SimdHeap } from '../../../worker/simd/heap.js';
import { seededRandom, wildFloats } from '../../support/random.js';

const LENGTH = 700;
const BUCKETS = [
  { offset: 0, length: 300 },
  { offset: 300, length: 390 },
  { offset: 690, length: 10 },
];

/** All ranks' boards on one heap of this process, with as many threads per rank as asked for. */
class SharedBoards {
  readonly heap = new SimdHeap();
  readonly plan: Plan;
  readonly boards: Board[][];
  readonly partials: Float32Array[];
  /** By rank. */
  readonly results: Float32Array[];
  numWakes = 0;
  /** Each look at the clock takes a millisecond, so that without patience everyone helps at once. */
  nowMs = 5;
  readonly #patienceMs: number;
  readonly forgotten: number[][] = [];

  constructor(worldSize: number, virtualRanks: number, { numThreads = 2, patienceMs = 0 } = {}) {
    this.#patienceMs = patienceMs;
    this.plan = this.#plan(worldSize, virtualRanks, BUCKETS);
    const layout = boardLayout(this.plan);
    const address = this.heap.allocate(layout.bytes);
    const vectorAt = (offset: number) => new Float32Array(this.heap.memory.buffer, address + offset, LENGTH);
    this.partials = layout.partialOffsets.map(vectorAt);
    const { partials } = this.plan;
    this.results = Array.from({ length: worldSize }, (_, rank) => this.partials[firstPartial(partials, rank)]!);
    this.boards = this.#open(address, this.plan, 1, numThreads, 0);
    this.reopen = (buckets, firstRound, ranks) => {
      const plan = this.#plan(worldSize, virtualRanks, buckets);
      const base =
        this.boards[0]![0]!.base + (firstRound - 1) * this.plan.byChunk.flat().filter((s) => s.length > 0).length;
      return this.#open(address, plan, firstRound, numThreads, base, ranks);
    };
  }

  readonly reopen: (buckets: typeof BUCKETS, firstRound: number, ranks?: number[]) => Board[][];

  fill(round: number): void {
    for (const [index, partial] of this.partials.entries()) partial.set(wildFloats(LENGTH, index * 100 + round));
  }

  /** The sum along the tree of what `fill` wrote. */
  expected(round: number): Buffer {
    const operands = this.partials.map((_, index) => wildFloats(LENGTH, index * 100 + round));
    const sum = new Float32Array(LENGTH);
    new Reducer(this.plan.tree).reduce(operands, sum);
    return bytes(sum);
  }

  #plan(worldSize: number, virtualRanks: number, buckets: typeof BUCKETS): Plan {
    return makePlan({ length: LENGTH, buckets, virtualRanks }, worldSize, 64);
  }

  #open(
    address: number,
    plan: Plan,
    firstRound: number,
    numThreads: number,
    base: number,
    ranks = Array.from({ length: plan.worldSize }, (_, rank) => rank),
  ): Board[][] {
    const kernels = openAddKernels(this.heap);
    return ranks.map((rank) =>
      Array.from({ length: numThreads }, () => {
        const scratch = this.heap.allocate(scratchBytes(plan.tree));
        const reducer = new HeapReducer(kernels, this.heap.memory, plan.tree, scratch);
        return new Board({
          rank,
          plan,
          place: { memory: this.heap.memory, address },
          reduce: (...args) => reducer.reduceToAll(...args),
          wake: () => this.numWakes++,
          firstRound,
          base,
          now: () => this.nowMs++,
          patienceMs: this.#patienceMs,
          forget: (of, numBytes) => this.forgotten.push([of, numBytes]),
        });
      }),
    );
  }
}

function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

describe('the board', () => {
  it('gives the bytes of the fixed tree, whichever thread of whichever rank sums which segment', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 4 }), fc.nat(200), (seed, worldSize, patienceMs) => {
        const random = seededRandom(seed);
        const shared = new SharedBoards(worldSize, 5, { patienceMs });
        const threads = shared.boards.flat();
        for (let round = 1; round <= 3; round++) {
          shared.fill(round);
          const open = shared.boards.flatMap((_, rank) => BUCKETS.map((_bucket, bucket) => ({ rank, bucket })));
          while (!threads[0]!.isOver(round)) {
            if (open.length > 0 && random() < 0.5) {
              const [{ rank, bucket }] = open.splice(Math.floor(random() * open.length), 1) as [(typeof open)[0]];
              shared.boards[rank]![0]!.announce(round, bucket);
            } else {
              // A thread that stops after one segment leaves the rest to others.
              threads[Math.floor(random() * threads.length)]!.advance(round, 1);
            }
          }
          expect(open).toEqual([]);
          expect(threads.every((board) => board.isOver(round) && board.advance(round) === 0)).toBe(true);
          for (const result of shared.results) expect(bytes(result).equals(shared.expected(round))).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('leaves a long chunk to its rank as long as that gets on with its own, and takes it over when it does not', () => {
    const shared = new SharedBoards(2, 2, { patienceMs: 1_000 });
    const [owner, other] = shared.boards.map(([board]) => board!) as [Board, Board];
    shared.fill(1);
    for (const bucket of BUCKETS.keys()) for (const board of [owner, other]) board.announce(1, bucket);
    // Bucket 1 has 390 elements: rank 0's share of it, a multiple of 16, is 208, and that makes four segments of 64. All others make three.
    const numLong = 4;
    expect(shared.plan.byChunk[1]![0]).toHaveLength(numLong);
    expect(other.advance(1)).toBe(shared.plan.segments.length - numLong);
    shared.nowMs += 900;
    expect(owner.advance(1, 1)).toBe(1);
    shared.nowMs += 900;
    expect(other.advance(1)).toBe(0);
    expect(other.isOver(1)).toBe(false);
    shared.nowMs += 200;
    expect(other.advance(1, 1)).toBe(1);
    // It is back.
    expect(owner.advance(1, 1)).toBe(1);
    expect(other.advance(1)).toBe(0);
    shared.nowMs += 1_100;
    expect(other.advance(1)).toBe(1);
    expect(owner.isOver(1)).toBe(true);
    for (const result of shared.results) expect(bytes(result).equals(shared.expected(1))).toBe(true);
    // Of what it took over, segments 1 (elements 364 to 427) and 3 (492 to 507) of the chunk, the other rank keeps nothing of the owner's vector.
    const start = shared.partials[0]!.byteOffset;
    expect(shared.forgotten).toEqual([
      [start + 364 * 4, 64 * 4],
      [start + 492 * 4, 16 * 4],
    ]);
  });

  it('leaves the next round alone when a thread wakes up in the middle of the last one', () => {
    const shared = new SharedBoards(2, 2);
    const [first, second] = shared.boards.map(([board]) => board!) as [Board, Board];
    const numSegments = shared.plan.segments.length;
    const run = (round: number): void => {
      shared.fill(round);
      for (const bucket of BUCKETS.keys()) for (const board of [first, second]) board.announce(round, bucket);
      expect(first.advance(round)).toBe(numSegments);
      for (const result of shared.results) expect(bytes(result).equals(shared.expected(round))).toBe(true);
    };
    run(1);
    // Once it has seen that round 1 is ready, it sleeps until round 2 is all but over: in the place of its next look at a flag.
    const { load } = Atomics;
    let numLooks = 0;
    const sleepers = [...Array(20).keys()].map((after) => {
      const spy = vi.spyOn(Atomics, 'load').mockImplementation(((...args: Parameters<typeof load>) => {
        if (numLooks++ === after) {
          spy.mockRestore();
          run(after + 2);
        }
        return load(...args);
      }) as typeof load);
      numLooks = 0;
      const numDone = second.advance(after + 1);
      spy.mockRestore();
      return numDone;
    });
    expect(sleepers).toEqual(sleepers.map(() => 0));
  });

  it('tells the last rank that a bucket is complete, and nobody before', () => {
    const shared = new SharedBoards(3, 3);
    const announced = shared.boards.map(([board]) => board!.announce(1, 1));
    expect(announced).toEqual([false, false, true]);
    expect(shared.boards[0]![0]!.isOver(1)).toBe(false);
  });

  it('wakes those who wait when the round is over, and nobody when nobody waits', () => {
    const shared = new SharedBoards(2, 2);
    const [first, second] = shared.boards.map(([board]) => board!) as [Board, Board];
    for (let round = 1; round <= 2; round++) {
      first.setWaiting(round === 2);
      for (const bucket of BUCKETS.keys()) for (const board of [first, second]) board.announce(round, bucket);
      const bell = first.bell;
      second.advance(round);
      // The bell counts also for those who have not blocked yet.
      expect(first.bell).toBe(bell + 1);
      expect(shared.numWakes).toBe(round === 2 ? 1 : 0);
    }
    expect(second.busyRanks()).toEqual([]);
    expect(first.busyRanks()).toEqual([1]);
  });

  it('says who is waited for: itself, then ranks that are not ready, then those whose sums are missing', () => {
    const shared = new SharedBoards(3, 3);
    const boards = shared.boards.map(([board]) => board!);
    expect(boards[0]!.waitState(1)).toEqual({ round: 1, ranks: [0], bucket: 0, phase: 'local' });
    for (const bucket of BUCKETS.keys()) boards[0]!.announce(1, bucket);
    expect(boards[0]!.waitState(1)).toEqual({ round: 1, ranks: [1, 2], bucket: 0, phase: 'partial' });
    for (const board of boards.slice(1)) for (const bucket of BUCKETS.keys()) board.announce(1, bucket);
    expect(boards[0]!.waitState(1)).toEqual({ round: 1, ranks: [0, 1, 2], bucket: 0, phase: 'result' });
  });

  it('goes on with other buckets after a round, while a thread that has not heard of them keeps still', () => {
    const shared = new SharedBoards(2, 2);
    const run = (boards: Board[], numBuckets: number, round: number) => {
      shared.fill(round);
      for (let bucket = 0; bucket < numBuckets; bucket++) for (const board of boards) board.announce(round, bucket);
    };
    const old = shared.boards.map(([board]) => board!);
    run(old, BUCKETS.length, 1);
    old[0]!.advance(1);
    const reopened = shared.reopen([{ offset: 0, length: LENGTH }], 2);
    run(
      reopened.map(([board]) => board!),
      1,
      2,
    );
    expect(old[1]!.advance(2)).toBe(0);
    expect(reopened[0]![0]!.isOver(2)).toBe(false);
    reopened[1]![1]!.advance(2);
    expect(reopened[0]![0]!.isOver(2)).toBe(true);
    for (const result of shared.results) expect(bytes(result).equals(shared.expected(2))).toBe(true);
  });

  it('takes no offence at a peer that went over to other buckets after a round in which this rank had nothing left to sum', () => {
    const shared = new SharedBoards(2, 2);
    const [first, second] = shared.boards.map(([board]) => board!) as [Board, Board];
    for (const bucket of BUCKETS.keys()) for (const board of [first, second]) board.announce(1, bucket);
    first.advance(1);
    shared.reopen([{ offset: 0, length: LENGTH }], 2, [0]);
    expect(second.isOver(1)).toBe(true);
    expect(second.advance(1)).toBe(0);
  });

  it('refuses to sum when another rank has opened another layout', () => {
    const shared = new SharedBoards(2, 2);
    const mine = shared.boards[0]![0]!;
    // Opening a view states its rank's layout.
    const theirs = shared.reopen([{ offset: 0, length: LENGTH }], 1, [1])[0]![0]!;
    expect([mine.announce(1, 0), theirs.announce(1, 0)]).toEqual([false, true]);
    expect(() => mine.advance(1)).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_LAYOUT', details: { peer: 1 } }),
    );
  });

  it('refuses more buckets than the flags have room for', () => {
    const buckets = Array.from({ length: 1_025 }, (_, i) => ({ offset: i, length: 1 }));
    const plan = makePlan({ length: 1_025, buckets, virtualRanks: 2 }, 2);
    const heap = new SimdHeap();
    const address = heap.allocate(boardLayout(plan).bytes);
    const options = {
      rank: 0,
      plan,
      patienceMs: 0,
      forget: () => {},
      reduce: () => {},
      wake: () => {},
      firstRound: 1,
      now: () => 0,
    };
    expect(() => new Board({ ...options, place: { memory: heap.memory, address } })).toThrow(
      expect.objectContaining({ code: 'COLLECTIVE_BAD_LAYOUT' }),
    );
  });
});

it('a sum on the heap has the bits of one elsewhere, for operands in both places', () => {
  const operands = Array.from({ length: 6 }, (_, i) => wildFloats(10_001, i));
  const leaves = operands.map((_, v) => ({ begin: v, end: v + 1 }));
  const tree = sumTree(leaves, 6);
  const elsewhere = new Float32Array(10_001);
  new Reducer(tree).reduce(operands, elsewhere);
  const heap = new SimdHeap();
  const reducer = new HeapReducer(openAddKernels(heap), heap.memory, tree, heap.allocate(scratchBytes(tree)));
  const mixed = operands.map((operand, i) => {
    if (i % 2 === 1) return operand;
    const vector = heap.float32(operand.length);
    vector.set(operand);
    return vector.byteOffset;
  });
  const target = heap.float32(10_001);
  reducer.reduce(mixed, target.byteOffset, 0, 10_001);
  expect(bytes(target).equals(bytes(elsewhere))).toBe(true);
});
