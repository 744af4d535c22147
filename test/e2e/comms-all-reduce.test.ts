/** Sums, gathers and broadcasts between comms threads, over every lane. */
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SimdHeap } from '../../worker/simd/heap.js';
import { placeVectors } from '../../worker/threads/all-reduce-vectors.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';

const { folder, inWorld } = useCommsWorlds();

const big = (() => {
  const layout = layoutOf(700_003, 3); // 2.8 MB
  const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));
  return { layout, vectors, expected: vectors.map((_, round) => expectedSum(vectors, round)) };
})();

describe.each(['shm', 'ipc', 'tcp'] as const)('over %s', (lane) => {
  const { layout, vectors, expected } = big;

  it.each([1, 2, 3, 4])('%i workers get the bytes of one, in each of 20 rounds', async (worldSize) => {
    await inWorld(worldSize, lane, async (ranks) => {
      await Promise.all(
        ranks.map(async (comms) => {
          const allReduce = comms.openAllReduce(layout);
          for (let round = 1; round <= 20; round++) {
            contribute(allReduce, layout, vectors, round);
            const stats = await allReduce.wait({ timeoutMs: 20_000 });
            expect(stats.round).toBe(round);
            expect(stats.bytesSent > 0).toBe(worldSize > 1);
            expect(stats.numDropped).toEqual({});
            expect(bytes(allReduce.result).equals(expected[round % 5]!)).toBe(true);
          }
        }),
      );
    });
    // Sockets leave no file behind.
    expect(await readdir(folder())).toEqual([]);
  });

  it('gather and broadcast carry bytes, between rounds and in any mix', async () => {
    const weights = Buffer.from(wildFloats(900_000, 9).buffer); // 3.6 MB: four segments
    await inWorld(3, lane, async (ranks) => {
      const gathered = await Promise.all(
        ranks.map(async (comms, rank) => {
          expect(weights.equals(await comms.broadcast(rank === 0 ? weights : undefined))).toBe(true);
          const allReduce = comms.openAllReduce(layout);
          contribute(allReduce, layout, vectors, 1);
          await comms.gather(Uint8Array.of(rank));
          await allReduce.wait();
          return comms.gather(weights.subarray(0, weights.length - rank));
        }),
      );
      expect(gathered[0]!.map((blob) => blob.length)).toEqual([3_600_000, 3_599_999, 3_599_998]);
      expect(gathered.slice(1)).toEqual([undefined, undefined]);
    });
  });
});

describe('shared memory', () => {
  it.each([
    ['auto', 'auto', true],
    ['auto', 'zmq', false],
    ['zmq', 'auto', false],
  ] as const)('is used by all or by none: rank 0 says %s, rank 1 %s', async (first, second, isShared) => {
    await inWorld(
      2,
      'shm',
      async (ranks) => {
        expect(ranks.map((comms) => comms.world!.sharedMemory !== undefined)).toEqual([isShared, isShared]);
        const { layout, vectors, expected } = big;
        await Promise.all(
          ranks.map(async (comms) => {
            const allReduce = comms.openAllReduce(layout);
            contribute(allReduce, layout, vectors, 1);
            await allReduce.wait();
            expect(bytes(allReduce.result).equals(expected[1]!)).toBe(true);
          }),
        );
      },
      (rank) => ({ payload: rank === 0 ? first : second }),
    );
  });

  it('that cannot be had fails the join where it is insisted on, with the reason', async () => {
    const joined = inWorld(
      2,
      'tcp',
      async () => {},
      () => ({ payload: 'shm' }),
    );
    await expect(joined).rejects.toMatchObject({
      code: 'COLLECTIVE_NO_SHARED_MEMORY',
      details: { reason: expect.stringMatching(/^rank [01] is on another host$/) },
    });
  });

  it('goes on with other buckets, while rounds count on', async () => {
    await inWorld(3, 'shm', async (ranks) => {
      const { layout, vectors, expected } = big;
      const recut = layoutOf(layout.length, 7);
      await Promise.all(
        ranks.map(async (comms, rank) => {
          const allReduce = comms.openAllReduce(layout);
          for (let round = 1; round <= 6; round++) {
            const current = round <= 3 ? layout : recut;
            contribute(allReduce, current, vectors, round);
            expect((await allReduce.wait()).round).toBe(round);
            expect(bytes(allReduce.result).equals(expected[round % 5]!)).toBe(true);
            if (round !== 3) continue;
            allReduce.relayout(recut.buckets);
            await comms.gather(new Uint8Array(0));
            await comms.broadcast(rank === 0 ? new Uint8Array(0) : undefined);
          }
        }),
      );
    });
  });

  it('that vectors do not fit is refused where it is insisted on', () => {
    // Four partial sums and the result of 2²⁸ floats: 5 GiB.
    const layout = layoutOf(2 ** 28, 4);
    const world = { generation: 1, rank: 0, worldSize: 4, configJson: '', sharedMemory: { fd: 0, required: true } };
    const options = { layout, world, heap: new SimdHeap(), collective: 'direct', isCompressed: false } as const;
    expect(() => placeVectors(options)).toThrow(expect.objectContaining({ code: 'COLLECTIVE_NO_SHARED_MEMORY' }));
  });
});
