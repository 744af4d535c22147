/** On whether segments go by direct sockets all ranks must come to the same answer from what the hellos said. */
import { expect, it } from 'vitest';
import { agreeOnDirect } from '../../../worker/threads/direct-route.js';

/** A world's peers, by rank: on which host, and whether they have direct sockets. */
function worldOf(ranks: readonly { host: string; hasDirect: boolean }[]) {
  const peers = ranks.map(({ host, hasDirect }, rank) => ({
    rank,
    hostId: host,
    localEndpoint: `ipc:///payload-${rank}`,
    remoteEndpoint: `tcp://10.0.0.1:${rank + 1}`,
    directLocalEndpoint: hasDirect ? `ipc:///direct-${rank}` : '',
    directRemoteEndpoint: hasDirect ? `tcp://10.0.0.1:${rank + 101}` : '',
  }));
  return { worldSize: ranks.length, peers } as unknown as Parameters<typeof agreeOnDirect>[0];
}

it('ranks that all have direct sockets take them: by ipc within a host, by TCP to others', () => {
  const world = worldOf(['a', 'a', 'b'].map((host) => ({ host, hasDirect: true })));
  expect(agreeOnDirect(world, { rank: 0, hostId: 'a' })).toEqual(
    new Map([
      [1, 'ipc:///direct-1'],
      [2, 'tcp://10.0.0.1:103'],
    ]),
  );
});

it.each([0, 1, 2])('if rank %i has none, no rank of three takes them, itself included', (poor) => {
  const ranks = ['a', 'a', 'b'].map((host, rank) => ({ host, hasDirect: rank !== poor }));
  const answers = ranks.map(({ host }, rank) => agreeOnDirect(worldOf(ranks), { rank, hostId: host }));
  expect(answers).toEqual([undefined, undefined, undefined]);
});

it('a world that does not name all ranks has no direct sockets', () => {
  const world = worldOf([{ host: 'a', hasDirect: true }]);
  expect(agreeOnDirect({ ...world, worldSize: 2 }, { rank: 0, hostId: 'a' })).toBeUndefined();
});
