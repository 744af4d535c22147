/** Which worlds have direct sockets, and what the others do: real comms threads and sockets. */
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { openLibzmq } from '../../proto/transport/libzmq.js';
import type { CollectiveName } from '../../worker/collective/exchange.js';
import type { Comms } from '../../worker/threads/comms-client.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';

const { inWorld } = useCommsWorlds();

const layout = layoutOf(700_003, 3); // 2.8 MB
const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));
const hasDirect = openLibzmq() !== undefined;

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Threads of this process that move ZeroMQ's bytes: one per context that has a socket. */
async function countIoThreads(): Promise<number> {
  const folder = '/proc/self/task';
  const names = await Promise.all(
    (await readdir(folder)).map((id) => readFile(`${folder}/${id}/comm`, 'utf8').catch(() => '')),
  );
  return names.filter((name) => name.startsWith('ZMQbg/IO')).length;
}

/** Runs rounds on all ranks and compares their sums with those of one process. */
async function expectRightSums(ranks: readonly Comms[], collective: CollectiveName = 'auto'): Promise<void> {
  await Promise.all(
    ranks.map(async (comms) => {
      const allReduce = comms.openAllReduce(layout, { collective });
      for (let round = 1; round <= 3; round++) {
        contribute(allReduce, layout, vectors, round);
        const stats = await allReduce.wait({ timeoutMs: 20_000 });
        expect(stats.numDropped).toEqual({});
        // The ring has an order of its own.
        if (collective !== 'ring') expect(bytes(allReduce.result).equals(expectedSum(vectors, round))).toBe(true);
      }
    }),
  );
}

it.runIf(hasDirect).each([
  [2, 'tcp', 0],
  [2, 'tcp', 1],
  [3, 'tcp', 2],
  [2, 'ipc', 1],
] as const)(
  'in a world of %i by %s where rank %i cannot call ZeroMQ directly, all take ordinary sockets and get the bits of one process',
  async (worldSize, lane, poor) => {
    const numBefore = await countIoThreads();
    await inWorld(
      worldSize,
      lane,
      async (ranks, coordinator) => {
        const offers = ranks.map((_, rank) => coordinator.directEndpoint(rank) !== '');
        expect(offers).toEqual(ranks.map((_, rank) => rank !== poor));
        await expectRightSums(ranks);
        // The sockets of all ranks and of the coordinator are in the one context of the zeromq package.
        await expect.poll(countIoThreads).toBe(Math.max(1, numBefore));
      },
      (rank) => {
        // A thread starts with a copy of the environment.
        vi.stubEnv('LOCKSTEP_NO_FFI', rank === poor ? '1' : '0');
        return {};
      },
    );
  },
);

it.runIf(hasDirect).each([
  ['direct', 4],
  ['ring', 4],
  ['hierarchical', 0],
] as const)(
  'four ranks on two hosts that sum by the %s algorithm open %i direct contexts',
  async (collective, number) => {
    const hosts = ['a', 'a', 'b', 'b'];
    const changesOf = (rank: number) => ({ hostId: hosts[rank]!, remote: { bindHost: '127.0.0.1' } });
    await inWorld(
      4,
      'ipc',
      async (ranks) => {
        await expectRightSums(ranks, collective);
        // What was open for the hellos is closed in the background.
        await expect.poll(countIoThreads).toBe(1 + number);
      },
      changesOf,
    );
  },
);

it.runIf(hasDirect).each([
  ['by sockets', 'ipc', 'auto', 2],
  ['on one host that shares memory', 'shm', 'auto', 0],
  ['on one host that shares memory and is asked for the ring, which goes by sockets', 'shm', 'ring', 2],
] as const)(
  'two ranks %s open as many direct contexts as they need: %s, %s, %i',
  async (_, lane, collective, number) => {
    await inWorld(2, lane, async (ranks) => {
      await expectRightSums(ranks, collective);
      expect(await countIoThreads()).toBe(1 + number);
    });
  },
);
