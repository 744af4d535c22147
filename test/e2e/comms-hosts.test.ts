/** Sums of ranks that share memory on several hosts: real comms threads and sockets, hosts by their ids only. */
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Comms } from '../../worker/threads/comms-client.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';
import type { StubCoordinator } from '../support/stub-coordinator.js';

const { folder, inWorld } = useCommsWorlds();

const layout = layoutOf(700_003, 3); // 2.8 MB
const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));
const expected = vectors.map((_, round) => expectedSum(vectors, round));

describe('ranks that share memory on several hosts', () => {
  const onHosts = (hosts: readonly string[], use: (ranks: Comms[], coordinator: StubCoordinator) => Promise<void>) =>
    inWorld(hosts.length, 'shm', use, (rank) => ({ hostId: hosts[rank]!, remote: { bindHost: '127.0.0.1' } }));

  it.each([[['a', 'a', 'b', 'b']], [['a', 'b', 'b', 'b']], [['a', 'b', 'a', 'b']], [['a', 'a', 'b']]])(
    '%j get the bytes of one worker, in each of 20 rounds, also with other buckets',
    async (hosts) => {
      const recut = layoutOf(layout.length, 7);
      await onHosts(hosts, async (ranks) => {
        await Promise.all(
          ranks.map(async (comms, rank) => {
            const isShared = hosts.filter((host) => host === hosts[rank]).length > 1;
            expect(comms.world!.sharedMemory !== undefined).toBe(isShared);
            const allReduce = comms.openAllReduce(layout);
            expect(allReduce.collective.name).toBe('hierarchical');
            for (let round = 1; round <= 20; round++) {
              contribute(allReduce, round <= 10 ? layout : recut, vectors, round);
              const stats = await allReduce.wait({ timeoutMs: 20_000 });
              expect(stats.round).toBe(round);
              expect(stats.numDropped).toEqual({});
              expect(stats.bytesSent).toBeGreaterThan(0);
              expect(stats.bytesSent).toBeLessThan(3 * 4 * layout.length);
              for (const [bucket, doneMs] of stats.bucketDoneMs.entries())
                expect(doneMs).toBeGreaterThanOrEqual(stats.bucketReadyMs[bucket]!);
              expect(bytes(allReduce.result).equals(expected[round % 5]!)).toBe(true);
              if (round !== 10) continue;
              allReduce.relayout(recut.buckets);
              await comms.broadcast((await comms.gather(new Uint8Array(0))) && new Uint8Array(1));
            }
          }),
        );
      });
      expect(await readdir(folder())).toEqual([]);
    },
  );

  it('see one result per host, while what crosses between hosts is one vector in each direction', async () => {
    await onHosts(['a', 'a', 'b', 'b'], async (ranks) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      for (const allReduce of allReduces) contribute(allReduce, layout, vectors, 1);
      const stats = await Promise.all(allReduces.map((allReduce) => allReduce.wait()));
      // Each host sends its sums of the half that the other owns, and the result of its own half.
      const crossing = stats.map(
        ({ bytesSent, bytesReceived, bytesShared }) => bytesSent + bytesReceived - bytesShared,
      );
      expect(crossing[0]! + crossing[1]!).toBe(2 * 4 * layout.length);
      expect(crossing[2]! + crossing[3]!).toBe(2 * 4 * layout.length);
      // Within a host each rank's part of half of the vector goes to the other, and so does the result of the other half.
      const shared = stats.map(({ bytesShared }) => bytesShared);
      expect(shared[0]! + shared[1]!).toBe(2 * 2 * 4 * layout.length);
      // Nobody may write to a result; a test does, to see whose memory it is.
      allReduces[0]!.result[5] = 42;
      expect(allReduces.map(({ result }) => result[5] === 42)).toEqual([true, true, false, false]);
    });
  });

  it('send what is ready while other buckets are still being computed', async () => {
    await onHosts(['a', 'a', 'b', 'b'], async (ranks) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      const [first, ...others] = layout.buckets.entries();
      const give = ([bucket, { offset, length }]: NonNullable<typeof first>) => {
        for (const [rank, allReduce] of allReduces.entries()) {
          allReduce.add(rank, offset, vectors[(rank + 1) % 5]!.subarray(offset, offset + length));
          allReduce.bucketReady(rank, bucket);
        }
      };
      give(first!);
      const { offset, length } = first![1];
      const sum = new Float32Array(new Uint8Array(expected[1]!).buffer).subarray(offset, offset + length);
      // No main thread waits: the comms threads bring the first bucket to its end by themselves.
      await expect
        .poll(
          () => allReduces.map(({ result }) => bytes(result.subarray(offset, offset + length)).equals(bytes(sum))),
          { timeout: 10_000 },
        )
        .toEqual([true, true, true, true]);
      for (const one of others) give(one);
      for (const stats of await Promise.all(allReduces.map((allReduce) => allReduce.wait()))) {
        expect(stats.bucketDoneMs[0]!).toBeLessThan(stats.bucketReadyMs[1]!);
        expect(stats.hiddenSeconds).toBeGreaterThan(0);
      }
    });
  });

  it('are told apart by a wait that takes too long: a rank of this host, or who leads on the other', async () => {
    await onHosts(['a', 'a', 'b', 'b'], async (ranks) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      for (const rank of [0, 1, 2]) contribute(allReduces[rank]!, layout, vectors, 1);
      const failed = (rank: number) => allReduces[rank]!.wait({ timeoutMs: 300 }).catch((error: unknown) => error);
      const [first, , third] = await Promise.all([failed(0), failed(1), failed(2)]);
      const timeout = { code: 'COLLECTIVE_TIMEOUT' };
      expect(third).toMatchObject({ ...timeout, details: { phase: 'partial', ranks: [3] } });
      // Rank 0 owns a quarter, whose sums on the other host rank 2 leads; another quarter that it leads here belongs to rank 2.
      expect(first).toMatchObject({ ...timeout, details: { phase: 'partial', ranks: [2] } });
    });
  });

  it('fall back to messages on a host that cannot share, without the other hosts noticing', async () => {
    const hosts = ['a', 'a', 'b', 'b'];
    await inWorld(
      4,
      'shm',
      async (ranks) => {
        expect(ranks.map((comms) => comms.world!.sharedMemory !== undefined)).toEqual([true, true, false, false]);
        await Promise.all(
          ranks.map(async (comms) => {
            const allReduce = comms.openAllReduce(layout);
            for (let round = 1; round <= 3; round++) {
              contribute(allReduce, layout, vectors, round);
              await allReduce.wait({ timeoutMs: 20_000 });
              expect(bytes(allReduce.result).equals(expected[round]!)).toBe(true);
            }
          }),
        );
      },
      (rank) => ({
        hostId: hosts[rank]!,
        remote: { bindHost: '127.0.0.1' },
        payload: rank === 3 ? 'zmq' : 'auto',
      }),
    );
  });
});
