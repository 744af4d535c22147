/** Frames that are damaged on their way: asked for again, on both ways that segments take, until it is too often. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_COMPRESSION } from '../../configs/collective.js';
import { openLibzmq } from '../../proto/transport/libzmq.js';
import type { Comms, CommsOptions } from '../../worker/threads/comms-client.js';
import { MAX_RESENDS } from '../../worker/threads/resends.js';
import { BadLinks } from '../support/bad-link.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';

const { inWorld } = useCommsWorlds();

const layout = layoutOf(400_003, 3);
const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));
const lanes = openLibzmq() === undefined ? (['ordinary'] as const) : (['direct', 'ordinary'] as const);

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs a world whose ranks are on these hosts and reach other hosts by bad links only. */
async function behind(
  links: BadLinks,
  lane: (typeof lanes)[number],
  hosts: readonly string[],
  use: (ranks: Comms[]) => Promise<void>,
): Promise<void> {
  const changesOf = (rank: number): Partial<CommsOptions> => {
    // A thread starts with a copy of the environment.
    if (lane === 'ordinary' && new Set(hosts).size === hosts.length) vi.stubEnv('LOCKSTEP_NO_FFI', '1');
    return { hostId: hosts[rank]!, payload: new Set(hosts).size === hosts.length ? 'zmq' : 'shm' };
  };
  await inWorld(hosts.length, 'tcp', use, changesOf, links.reroute);
}

describe.each(lanes)('damaged frames on %s sockets', (lane) => {
  it.each([
    ['two ranks', ['a', 'b'], 'direct'],
    ['three ranks', ['a', 'b', 'c'], 'direct'],
    ['two ranks with a codec', ['a', 'b'], 'int8'],
    ['three ranks in a ring', ['a', 'b', 'c'], 'ring'],
    ['a hierarchy by messages', ['a', 'b', 'c'], 'hierarchical'],
    ...(lane === 'ordinary'
      ? ([['hosts whose ranks share memory', ['a', 'a', 'b', 'b'], 'hierarchical']] as const)
      : []),
  ] as const)('are sent again between %s, and the sums are those of a good link', async (_, hosts, how) => {
    const config = { ...NO_COMPRESSION, method: 'int8', rounding: 'stochastic' } as const;
    const compression = { config, seed: 1, stepsBefore: 0 };
    /** Runs four rounds and returns the results of all ranks, by round. */
    const run = async (links: BadLinks): Promise<{ results: Buffer[][]; numResends: number }> => {
      const results: Buffer[][] = Array.from({ length: 5 }, () => []);
      let numResends = 0;
      await behind(links, lane, hosts, async (ranks) => {
        await Promise.all(
          ranks.map(async (comms, rank) => {
            const allReduce = comms.openAllReduce(layout, {
              collective: how === 'int8' ? 'direct' : how,
              ...(how === 'int8' && { compression }),
            });
            for (let round = 1; round <= 4; round++) {
              contribute(allReduce, layout, vectors, round);
              await allReduce.wait({ timeoutMs: 20_000 });
              results[round]![rank] = Buffer.from(bytes(allReduce.result));
            }
            numResends += comms.takeResends();
          }),
        );
      });
      return { results, numResends };
    };
    // Each third frame, and what is sent for it once more: less often than it is asked for.
    let count = 0;
    const isDamaged = (_header: unknown, time: number) => {
      if (time === 1) count++;
      return time === 2 || (time === 1 && count % 3 === 0);
    };
    await using links = new BadLinks(isDamaged);
    const { results, numResends } = await run(links);
    expect(links.numDamaged).toBeGreaterThan(8);
    // One request for each damaged frame: no more, no less.
    expect(numResends).toBe(links.numDamaged);
    await using good = new BadLinks(() => false);
    // Only these two sum along the tree as one process does.
    const isExact = how === 'direct' || how === 'hierarchical';
    const expected = isExact ? undefined : (await run(good)).results;
    for (let round = 1; round <= 4; round++) {
      for (const result of results[round]!)
        expect(result.equals(expected?.[round]?.[0] ?? expectedSum(vectors, round))).toBe(true);
    }
  });

  it.each(['partial sum', 'result'])(
    'end the collective when a %s comes damaged each time, and the error names it',
    async (which) => {
      const phase = which === 'result' ? 1 : 0;
      const isDamaged = (header: { sender: number; phase: number; bucket: number }) =>
        header.sender === 1 && header.phase === phase && header.bucket === 2;
      await using links = new BadLinks(isDamaged);
      await behind(links, lane, ['a', 'b'], async (ranks) => {
        const [first, second] = ranks.map((comms) => comms.openAllReduce(layout)) as [
          ReturnType<Comms['openAllReduce']>,
          ReturnType<Comms['openAllReduce']>,
        ];
        for (const allReduce of [first, second]) contribute(allReduce, layout, vectors, 1);
        second.wait().catch(() => {});
        const error = await first.wait({ timeoutMs: 20_000 }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({
          code: 'COLLECTIVE_BAD_PAYLOAD',
          details: { sender: 1, round: 1, bucket: 2, chunk: phase, segment: 0, times: MAX_RESENDS },
          hint: expect.stringMatching(/network and memory/),
        });
        expect(String(error)).toMatch(/from rank 1 .*all-reduce 1, bucket 2, chunk \d, segment 0/);
        expect(links.numDamaged).toBe(1 + MAX_RESENDS);
        expect(ranks[0]!.takeResends()).toBe(MAX_RESENDS);
      });
    },
  );
});
