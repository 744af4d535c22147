import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { data } from '../../../proto/messages.js';
import { chooseCollective } from '../../../worker/collective/choose.js';
import type { CollectiveName } from '../../../worker/collective/exchange.js';
import { leaderOf, makeHierarchy } from '../../../worker/collective/hierarchy.js';
import { makePlan, type VectorLayout } from '../../../worker/collective/plan.js';
import { SEGMENT_METHODS } from '../../support/codecs.js';
import { bytes, ExchangeWorld, treeSum } from '../../support/exchange-world.js';
import { seededRandom, wildFloats } from '../../support/random.js';

const LENGTH = 700;
const BUCKETS = [
  { offset: 0, length: 300 },
  { offset: 300, length: 390 },
  { offset: 690, length: 10 },
];

const layoutOf = (virtualRanks: number): VectorLayout => ({ length: LENGTH, buckets: BUCKETS, virtualRanks });

const vectorOf =
  (round: number) =>
  (virtualRank: number): Float32Array =>
    wildFloats(LENGTH, virtualRank * 1000 + round);

function vectors(virtualRanks: number, round: number): Float32Array[] {
  return Array.from({ length: virtualRanks }, (_, v) => vectorOf(round)(v));
}

/** Every rank's sum of every chunk as the ring takes it: from the owner's successor on, one own part after the other. */
function ringSum(worldSize: number, round: number): Float32Array {
  const parts = vectors(worldSize, round);
  const { segments } = makePlan(layoutOf(worldSize), worldSize, 64);
  const sum = new Float32Array(LENGTH);
  for (const { offset, length, chunk } of segments) {
    for (let i = offset; i < offset + length; i++) {
      let running = 0;
      for (let step = 1; step <= worldSize; step++) {
        const part = parts[(chunk + step) % worldSize]![i]!;
        running = step === 1 ? part : Math.fround(running + part);
      }
      sum[i] = running;
    }
  }
  return sum;
}

/** Rounds in which a seeded chance decides who makes progress next, a rank or a frame. */
function expectOrderDoesNotMatter(algorithm: 'ring' | 'hierarchical', sharedHosts: readonly number[]): void {
  const hosts = [0, 0, 1, 1];
  const numRounds = 4;
  const expected = Array.from({ length: numRounds + 1 }, (_, round) =>
    bytes(algorithm === 'ring' ? ringSum(4, round) : treeSum(vectors(4, round))),
  );
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = seededRandom(seed);
      const world = new ExchangeWorld({ algorithm, layout: layoutOf(4), worldSize: 4, hosts, sharedHosts });
      const contributed = [0, 0, 0, 0];
      for (;;) {
        const free = contributed.flatMap((round, rank) =>
          (round === 0 || world.ranks[rank]!.isOver(round)) && round < numRounds ? [rank] : [],
        );
        if (free.length + world.inFlight.length === 0) break;
        const choice = Math.floor(random() * (free.length + world.inFlight.length));
        const rank = free[choice];
        if (rank === undefined) {
          world.deliver(choice - free.length);
          continue;
        }
        const round = contributed[rank]!;
        if (round > 0) expect(bytes(world.ranks[rank]!.result).equals(expected[round]!)).toBe(true);
        contributed[rank] = round + 1;
        world.contribute(rank, round + 1, vectorOf(round + 1), random() < 0.5 ? [0, 1, 2] : [2, 0, 1]);
      }
      for (const rank of world.ranks) {
        expect(rank.isOver(numRounds)).toBe(true);
        expect(bytes(rank.result).equals(expected[numRounds]!)).toBe(true);
        expect([...rank.exchange.dropped]).toEqual([]);
      }
    }),
    { numRuns: 25 },
  );
}

/** How ranks of a host come together in the hierarchy: by messages on all hosts, in shared memory on all, or on some. */
const SHARED_HOSTS = { messages: [], 'shared memory': [0, 1, 2], 'shared memory on one host': [0] } as const;
const WITHIN = Object.keys(SHARED_HOSTS) as (keyof typeof SHARED_HOSTS)[];

describe.each(WITHIN)('the hierarchy by %s', (within) => {
  const sharedHosts = SHARED_HOSTS[within];

  it.each([
    ['one host', 4, [0, 0, 0, 0]],
    ['two hosts of two', 4, [0, 0, 1, 1]],
    ['hosts of three and one', 4, [0, 0, 0, 1]],
    ['workers of two hosts in turn', 5, [0, 1, 0, 1, 0]],
    ['three hosts of which two have several workers', 8, [0, 0, 1, 2, 2, 2]],
    ['virtual ranks that do not divide evenly', 7, [0, 0, 1, 1, 1]],
    ['a host for each', 3, [0, 1, 2]],
    ['one worker', 3, [0]],
  ])('gives the bytes of the fixed tree on %s, for three rounds', (_, virtualRanks, hosts) => {
    const world = new ExchangeWorld({
      algorithm: 'hierarchical',
      layout: layoutOf(virtualRanks),
      worldSize: hosts.length,
      hosts,
      sharedHosts,
    });
    for (let round = 1; round <= 3; round++) {
      const expected = bytes(treeSum(vectors(virtualRanks, round)));
      for (const result of world.run(round, vectorOf(round))) expect(bytes(result).equals(expected)).toBe(true);
    }
  });

  it('crosses between hosts once per host and direction, where the direct exchange does it once per rank', () => {
    const hosts = [0, 0, 0, 1, 1, 1];
    const crossing = (algorithm: CollectiveName): number => {
      const sharing = algorithm === 'hierarchical' ? { sharedHosts } : {};
      const world = new ExchangeWorld({ algorithm, layout: layoutOf(6), worldSize: 6, hosts, ...sharing });
      for (const rank of hosts.keys()) world.contribute(rank, 1, vectorOf(1));
      let crossed = 0;
      for (; world.inFlight.length > 0; world.deliver(0)) {
        const { from, to, payload } = world.inFlight[0]!;
        if (hosts[from] !== hosts[to]) crossed += payload.byteLength;
      }
      return crossed;
    };
    // Each host owns half of the numbers and gets the other's sums of them. Three virtual ranks on a side are two subtrees of the
    // six, so two sums (0–1 and 2; 3 and 4–5) go to the owner, and one result comes back: 3 · 700 · 4 bytes in both halves together.
    expect(crossing('hierarchical')).toBe(3 * LENGTH * 4);
    // Three partial sums go to each owner on the other side, and the result goes to three.
    expect(crossing('direct')).toBe(6 * LENGTH * 4);
  });

  it('gives the same bytes in whatever order frames arrive and ranks make progress', () => {
    expectOrderDoesNotMatter('hierarchical', sharedHosts);
  });
});

describe('the hierarchy', () => {
  it('has one leader per host and segment: the owner where it lives, elsewhere each in turn', () => {
    const plan = makePlan(layoutOf(4), 4, 64);
    const hierarchy = makeHierarchy(plan, [0, 0, 1, 1]);
    const leaders = plan.byChunk[0]!.map(([segment]) => [0, 1].map((host) => leaderOf(hierarchy, host, segment!)));
    expect(leaders).toEqual([
      [0, 2],
      [1, 3],
      [0, 2],
      [1, 3],
    ]);
  });
});

describe('the ring', () => {
  it('gives the same bytes in whatever order frames arrive and ranks make progress', () => {
    expectOrderDoesNotMatter('ring', []);
  });

  it.each([2, 3, 4, 5])(
    'of %i workers sums each chunk from the owner’s successor on, for three rounds',
    (worldSize) => {
      const world = new ExchangeWorld({ algorithm: 'ring', layout: layoutOf(worldSize), worldSize });
      for (let round = 1; round <= 3; round++) {
        const expected = bytes(ringSum(worldSize, round));
        for (const result of world.run(round, vectorOf(round))) expect(bytes(result).equals(expected)).toBe(true);
      }
    },
  );

  it('sends to the next rank only, as many bytes as the direct exchange', () => {
    const world = new ExchangeWorld({ algorithm: 'ring', layout: layoutOf(4), worldSize: 4 });
    for (let rank = 0; rank < 4; rank++) world.contribute(rank, 1, vectorOf(1));
    for (; world.inFlight.length > 0; world.deliver(0)) {
      const { from, to } = world.inFlight[0]!;
      expect(to).toBe((from + 1) % 4);
    }
    const sent = world.ranks.reduce((sum, { stats }) => sum + stats[0]!.bytesSent, 0);
    // Each number passes three times as a partial sum and three times as a result.
    expect(sent).toBe(6 * LENGTH * 4);
  });

  it('adds up several virtual ranks of a worker first', () => {
    const world = new ExchangeWorld({ algorithm: 'ring', layout: layoutOf(5), worldSize: 2 });
    const [a, b] = world.run(1, vectorOf(1));
    expect(bytes(a!).equals(bytes(b!))).toBe(true);
    const exact = vectors(5, 1).reduce(
      (sum, vector) => sum.map((value, i) => value + vector[i]!),
      new Float64Array(LENGTH),
    );
    for (const [i, value] of a!.entries()) expect(value / exact[i]!).toBeCloseTo(1, 3);
  });

  it('says whom it waits for: itself, then its predecessor', () => {
    const world = new ExchangeWorld({ algorithm: 'ring', layout: layoutOf(3), worldSize: 3 });
    const { exchange } = world.ranks[1]!;
    expect(exchange.waitState()).toEqual({ round: 1, ranks: [1], bucket: 0, phase: 'local' });
    world.contribute(1, 1, vectorOf(1));
    expect(exchange.waitState()).toEqual({ round: 1, ranks: [0], bucket: 0, phase: 'partial' });
  });
});

it('a leader waits for its host, an owner for the leaders of others, the others for their leader', () => {
  const hosts = [0, 0, 1, 1];
  const world = new ExchangeWorld({ algorithm: 'hierarchical', layout: layoutOf(4), worldSize: 4, hosts });
  const states = () => world.ranks.map(({ exchange }) => exchange.waitState());
  world.contribute(0, 1, vectorOf(1));
  world.contribute(2, 1, vectorOf(1));
  expect(states()[0]).toMatchObject({ ranks: [1, 2], phase: 'partial' });
  world.contribute(1, 1, vectorOf(1));
  world.contribute(3, 1, vectorOf(1));
  // Everything but results goes through.
  for (let i = 0; i < world.inFlight.length; ) {
    if (world.inFlight[i]!.header.phase === data.Phase.RESULT) i++;
    else world.deliver(i);
  }
  // Rank 0 leads its host for the chunks of 0 and 2; those of 1 and 3 come from rank 1.
  expect(states()[0]).toMatchObject({ ranks: [1, 2], phase: 'result' });
});

describe.each(['ring', 'hierarchical'] as const)('%s', (algorithm) => {
  const hosts = [0, 0, 1, 1];

  it('drops and counts duplicates and frames of other rounds, and refuses those that contradict the plan', () => {
    const world = new ExchangeWorld({ algorithm, layout: layoutOf(4), worldSize: 4, hosts });
    for (let rank = 0; rank < 4; rank++) world.contribute(rank, 1, vectorOf(1));
    const { to, header, payload } = world.inFlight[0]!;
    const { exchange } = world.ranks[to]!;
    const changed = (change: Partial<typeof header>) =>
      Object.assign(data.Header.decode(data.Header.encode(header).finish()), change);
    world.deliver(0);
    exchange.receive(header, payload);
    exchange.receive(changed({ round: 9 }), payload);
    expect(Object.fromEntries(exchange.dropped)).toEqual({ duplicate: 1, round: 1 });
    const early = changed({ round: 2 });
    for (let i = 0; i < 100; i++) exchange.receive(early, payload);
    expect(exchange.dropped.get('overflow')).toBeGreaterThan(0);
    for (const wrong of [
      changed({ bucket: 99 }),
      changed({ sender: 7 }),
      changed({ payloadType: data.PayloadType.BFLOAT16 }),
      changed({ sender: (header.sender + 2) % 4 }),
    ]) {
      expect(() => exchange.receive(wrong, payload)).toThrow(
        expect.objectContaining({ code: 'COLLECTIVE_BAD_PAYLOAD' }),
      );
    }
    expect(() => exchange.bucketReady(1, 0)).toThrow(expect.objectContaining({ code: 'COLLECTIVE_BAD_ROUND' }));
  });
});

describe.each([
  ['direct', []],
  ['ring', []],
  ['hierarchical', []],
  ['hierarchical', [0, 1]],
] as const)('%s with compression, hosts %j sharing memory', (algorithm, sharedHosts) => {
  const hosts = [0, 0, 1];
  const exactFrom = 650;
  const layout: VectorLayout = { ...layoutOf(4), exactFrom };

  it.each(SEGMENT_METHODS)('%s: all ranks end with the same bytes, and counts and statistics are exact', (method) => {
    const codec = { method, rounding: 'stochastic', topKRatio: 0.2 } as const;
    const world = new ExchangeWorld({ algorithm, layout, worldSize: 3, hosts, sharedHosts, codec });
    const plain = new ExchangeWorld({ algorithm, layout, worldSize: 3, hosts, sharedHosts });
    for (let round = 1; round <= 4; round++) {
      const results = world.run(round, vectorOf(round));
      const expected = plain.run(round, vectorOf(round))[0]!;
      for (const result of results) {
        expect(bytes(result).equals(bytes(results[0]!))).toBe(true);
        expect(bytes(result.subarray(exactFrom)).equals(bytes(expected.subarray(exactFrom)))).toBe(true);
      }
      expect(bytes(results[0]!).equals(bytes(expected))).toBe(false);
    }
    const sent = (of: ExchangeWorld) => of.ranks.reduce((sum, { stats }) => sum + stats[0]!.bytesSent, 0);
    expect(sent(world)).toBeLessThan(sent(plain));
    expect(world.ranks[0]!.stats[0]!.compression!.error).toBeGreaterThan(0);
  });

  it.each(SEGMENT_METHODS)('%s: what the sums lack in the end is what the ranks still keep', (method) => {
    const world = new ExchangeWorld({
      algorithm,
      layout,
      worldSize: 3,
      hosts,
      sharedHosts,
      codec: { method, topKRatio: 0.2 },
    });
    const gradient = (round: number) => (virtualRank: number) => {
      const random = seededRandom(round * 10 + virtualRank);
      return Float32Array.from({ length: LENGTH }, () => random() - 0.5);
    };
    const missing = new Float64Array(exactFrom);
    for (let round = 1; round <= 20; round++) {
      const [result] = world.run(round, gradient(round));
      for (let v = 0; v < 4; v++)
        for (const [i, value] of gradient(round)(v).subarray(0, exactFrom).entries()) missing[i]! += value;
      for (let i = 0; i < exactFrom; i++) missing[i]! -= result![i]!;
    }
    const kept = new Float64Array(exactFrom);
    for (const { memory } of world.ranks) {
      for (const residual of memory!.residuals) for (const [i, value] of residual.entries()) kept[i]! += value;
    }
    // Some hundred float32 additions of numbers below 30.
    for (let i = 0; i < exactFrom; i++) expect(Math.abs(missing[i]! - kept[i]!)).toBeLessThan(2e-3);
  });

  it('goes on from saved residuals as if it had not stopped', () => {
    const codec = { method: 'int8', rounding: 'stochastic' } as const;
    const options = { algorithm, layout, worldSize: 3, hosts, sharedHosts, codec };
    const whole = new ExchangeWorld(options);
    for (let round = 1; round <= 3; round++) whole.run(round, vectorOf(round));
    const resumed = new ExchangeWorld({ ...options, stepsBefore: 3 });
    for (const [rank, { memory }] of resumed.ranks.entries()) {
      for (const [slot, residual] of memory!.residuals.entries()) {
        residual.set(whole.ranks[rank]!.memory!.residuals[slot]!);
      }
    }
    const expected = whole.run(4, vectorOf(4))[0]!;
    expect(bytes(resumed.run(1, vectorOf(4))[0]!).equals(bytes(expected))).toBe(true);
  });
});

it('on one host the hierarchy compresses nothing', () => {
  const world = new ExchangeWorld({
    algorithm: 'hierarchical',
    layout: layoutOf(3),
    worldSize: 3,
    codec: { method: 'bf16' },
  });
  expect(bytes(world.run(1, vectorOf(1))[0]!).equals(bytes(treeSum(vectors(3, 1))))).toBe(true);
});

it('auto takes the direct exchange, and the hierarchy where workers share hosts; it never takes the ring', () => {
  expect(chooseCollective('auto', [0, 0, 0]).name).toBe('direct');
  expect(chooseCollective('auto', [0, 1, 2]).name).toBe('direct');
  expect(chooseCollective('auto', [0, 0, 1])).toEqual({
    name: 'hierarchical',
    reason: '3 workers on 2 hosts: numbers cross between hosts once per host',
  });
  expect(chooseCollective('ring', [0, 0])).toEqual({ name: 'ring', reason: 'asked for' });
  expect(chooseCollective('ring', [0]).name).toBe('direct');
});
