import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeDataHeader, encodeEnvelope, runTag } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { builtEntry } from '../../proto/paths.js';
import { ControlServer, PayloadSender } from '../../proto/transport/zmq.js';
import { Reducer } from '../../worker/collective/reducer.js';
import { sumTree } from '../../worker/collective/tree.js';
import { SimdHeap } from '../../worker/simd/heap.js';
import { placeVectors } from '../../worker/threads/all-reduce-vectors.js';
import { type AllReduce, type Comms, type CommsOptions, openComms } from '../../worker/threads/comms-client.js';
import { wildFloats } from '../support/random.js';
import { RUN, StubCoordinator } from '../support/stub-coordinator.js';

const ENGINE = { name: 'none', version: '0', device: 'cpu', numThreads: 1 };
const VIRTUAL_RANKS = 4;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-comms-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Lane = 'shm' | 'ipc' | 'tcp';

function optionsOf(rank: number, worldSize: number, endpoint: string, lane: Lane = 'shm'): CommsOptions {
  return {
    ...RUN,
    endpoint,
    rank,
    worldSize,
    localRank: rank,
    nodeRank: 0,
    host: 'test',
    // Different host ids make peers use TCP.
    hostId: lane === 'tcp' ? `host-${rank}` : 'one',
    payload: lane === 'shm' ? 'shm' : 'zmq',
    runtimeDir: folder,
    remote: lane === 'tcp' ? { bindHost: '127.0.0.1' } : undefined,
    coordinatorSilenceMs: 0,
    killProcess: false,
    logLevel: 'silent',
  };
}

/** Opens all ranks of a world in this process, each with a comms thread of its own; closes them after `use`. */
async function inWorld(
  worldSize: number,
  lane: Lane,
  use: (ranks: Comms[], coordinator: StubCoordinator) => Promise<void>,
  changesOf: (rank: number) => Partial<CommsOptions> = () => ({}),
): Promise<void> {
  await using coordinator = await StubCoordinator.open(worldSize);
  const ranks = Array.from({ length: worldSize }, (_, rank) =>
    openComms({ ...optionsOf(rank, worldSize, coordinator.endpoint, lane), ...changesOf(rank) }),
  );
  try {
    await Promise.all(ranks.map((comms) => comms.join({ engine: ENGINE }, { timeoutMs: 20_000 })));
    await use(ranks, coordinator);
  } finally {
    await Promise.all(ranks.map((comms) => comms.close()));
  }
}

function layoutOf(length: number, numBuckets: number) {
  const share = Math.ceil(length / numBuckets);
  const buckets = Array.from({ length: numBuckets }, (_, i) => ({
    offset: i * share,
    length: Math.min(share, length - i * share),
  }));
  return { length, buckets, virtualRanks: VIRTUAL_RANKS };
}

type Layout = ReturnType<typeof layoutOf>;

function contribute(allReduce: AllReduce, layout: Layout, vectors: readonly Float32Array[], round: number): void {
  const { begin, end } = allReduce.virtualRange;
  for (let v = begin; v < end; v++) {
    for (const [bucket, { offset, length }] of layout.buckets.entries()) {
      const vector = vectors[(v + round) % vectors.length]!;
      allReduce.add(v, offset, vector.subarray(offset, offset + length));
      allReduce.bucketReady(v, bucket);
    }
  }
}

/** The sum along the tree, as one process would take it. */
function expectedSum(vectors: readonly Float32Array[], round: number): Buffer {
  const operands = Array.from({ length: VIRTUAL_RANKS }, (_, v) => vectors[(v + round) % vectors.length]!);
  const leaves = operands.map((_, v) => ({ begin: v, end: v + 1 }));
  const sum = new Float32Array(operands[0]!.length);
  new Reducer(sumTree(leaves, VIRTUAL_RANKS)).reduce(operands, sum);
  return Buffer.from(sum.buffer);
}

function bytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

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
    expect(await readdir(folder)).toEqual([]);
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

describe('ranks that share memory on several hosts', () => {
  const { layout, vectors, expected } = big;
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
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('see one result per host, while what crosses between hosts is one vector in each direction', async () => {
    await onHosts(['a', 'a', 'b', 'b'], async (ranks) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      for (const allReduce of allReduces) contribute(allReduce, layout, vectors, 1);
      const stats = await Promise.all(allReduces.map((allReduce) => allReduce.wait()));
      // Each host sends its sums of the half that the other owns, and the result of its own half.
      const sent = stats.map(({ bytesSent }) => bytesSent);
      expect(sent[0]! + sent[1]!).toBe(4 * layout.length);
      expect(sent[2]! + sent[3]!).toBe(4 * layout.length);
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

describe('the control plane', () => {
  it('brings hello, heartbeats with progress, ordered reports and the farewell to the coordinator', async () => {
    await inWorld(1, 'ipc', async ([comms], coordinator) => {
      expect(comms!.world).toMatchObject({ generation: 1, rank: 0, worldSize: 1, configJson: '{"epochs":1}' });
      comms!.setProgress(41, 'forward');
      comms!.setProgress(42, 'backward');
      const { heartbeat } = await coordinator.next((envelope) => envelope.heartbeat?.step === 42);
      expect(heartbeat).toMatchObject({ rank: 0, progress: 2, phase: 'backward' });
      expect(heartbeat!.residentBytes).toBeGreaterThan(1e6);
      for (let step = 0; step < 50; step++) comms!.report({ stepReport: { rank: 0, step } });
      await comms!.farewell({ weightsSha256: 'abc', stopReason: 'done' });
      await comms!.close();
      const { farewell } = await coordinator.next((envelope) => envelope.body === 'farewell');
      expect(farewell).toMatchObject({ rank: 0, weightsSha256: 'abc' });
      const steps = coordinator.received.flatMap((envelope) => envelope.stepReport?.step ?? []);
      expect(steps).toEqual(Array.from({ length: 50 }, (_, step) => step));
      const sequences = coordinator.received.map((envelope) => envelope.sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    });
  });

  it('sets the drain flag, and ignores messages with a wrong token', async () => {
    await inWorld(2, 'ipc', async ([first, second], coordinator) => {
      await coordinator.send(0, { abort: { cause: { message: 'forged' } } }, { token: 'guessed' });
      await coordinator.send(0, { drain: { reason: 'SIGTERM' } });
      // Messages keep their order, so the forged one has been read by then.
      await expect.poll(() => first!.drainRequested).toBe(true);
      expect(first!.failure).toBeUndefined();
      expect(second!.drainRequested).toBe(false);
    });
  });

  it('an abort rejects whatever is pending, with the root cause', async () => {
    await inWorld(2, 'ipc', async ([first], coordinator) => {
      const allReduce = first!.openAllReduce(layoutOf(1000, 2));
      const pending = [allReduce.wait(), first!.gather(new Uint8Array(3))];
      const settled = Promise.allSettled(pending);
      const cause = { rank: 1, code: 'DATA_MISSING', message: 'no image', phase: 'forward', hint: 'look' };
      await coordinator.send(0, { abort: { cause } });
      for (const outcome of await settled) {
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { code: 'MEMBERSHIP_ABORTED', hint: 'look', details: { rank: 1, code: 'DATA_MISSING' } },
        });
        expect(String((outcome as PromiseRejectedResult).reason.message)).toContain(
          'rank 1 in phase "forward": no image',
        );
      }
      expect(() => allReduce.add(0, 0, new Float32Array(1))).toThrow(
        expect.objectContaining({ code: 'MEMBERSHIP_ABORTED' }),
      );
    });
  });

  it('a refusal rejects the join with the code that the coordinator gave', async () => {
    const refusal = { code: 'MEMBERSHIP_RANK_TAKEN', message: 'rank 0 is taken', hint: 'choose another' };
    await using coordinator = await StubCoordinator.open(1, () => ({ refusal }));
    await using comms = openComms(optionsOf(0, 1, coordinator.endpoint));
    await expect(comms.join({ engine: ENGINE })).rejects.toMatchObject(refusal);
  });

  it('a coordinator of another protocol version is named at the join', async () => {
    await using server = await ControlServer.open('tcp://127.0.0.1:0');
    await using comms = openComms(optionsOf(0, 1, server.endpoint));
    const joining = comms.join({ engine: ENGINE });
    const settled = Promise.allSettled([joining]);
    for await (const { peer } of server.messages()) {
      const ours = encodeEnvelope({ ...RUN, generation: 1, sequence: 1 }, { world: { generation: 1, worldSize: 1 } });
      // Field 1 is the major version: tag 0x08, value 1.
      expect([...ours.subarray(0, 2)]).toEqual([0x08, 1]);
      await server.send(peer, Buffer.concat([Buffer.from([0x08, 7]), ours.subarray(2)]));
      break;
    }
    expect(await settled).toMatchObject([{ reason: { code: 'PROTOCOL_VERSION_MISMATCH' } }]);
  });

  it('a join that nobody answers ends at its deadline, or with the caller’s signal', async () => {
    await using coordinator = await StubCoordinator.open(2);
    await using comms = openComms(optionsOf(0, 2, coordinator.endpoint));
    await expect(comms.join({ engine: ENGINE }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'MEMBERSHIP_JOIN_TIMEOUT',
    });
  });

  it('a silent coordinator counts as lost', async () => {
    await using coordinator = await StubCoordinator.open(1);
    await using comms = openComms({
      ...optionsOf(0, 1, coordinator.endpoint),
      coordinatorSilenceMs: 300,
      heartbeatMs: 50,
    });
    await comms.join({ engine: ENGINE });
    const allReduce = comms.openAllReduce(layoutOf(10, 1));
    await expect(allReduce.wait()).rejects.toMatchObject({ code: 'MEMBERSHIP_COORDINATOR_LOST' });
  });
});

describe('failures of the data plane', () => {
  const layout = layoutOf(1000, 2);
  const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));

  it('frames of strangers, other generations and replays are dropped and counted, and the sum stays right', async () => {
    await inWorld(2, 'tcp', async (ranks, coordinator) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      await using stranger = new PayloadSender(coordinator.payloadEndpoint(0));
      const payload = Buffer.alloc(1000, 1);
      const ours = { round: 1, sender: 1, chunk: 0, phase: data.Phase.PARTIAL, runTag: runTag(RUN.token) };
      await stranger.send([Buffer.from('garbage'), payload]);
      await stranger.send([encodeDataHeader({ ...ours, runTag: 5, generation: 1 }, payload), payload]);
      await stranger.send([encodeDataHeader({ ...ours, generation: 9 }, payload), payload]);
      await stranger.send([encodeDataHeader({ ...ours, generation: 1, round: 77 }, payload), payload]);
      // The last frame is one that rank 0 waits for, so all before it have been read when the gather ends.
      const last = { phase: data.Phase.GATHER, segment: 0, totalBytes: 4, payloadType: data.PayloadType.BYTES };
      const blob = Buffer.from('done');
      const gather = ranks[0]!.gather(Buffer.alloc(0));
      await stranger.send([encodeDataHeader({ ...ours, ...last, generation: 1 }, blob), blob]);
      expect(Buffer.from((await gather)![1]!).toString()).toBe('done');
      const stats = await Promise.all(
        allReduces.map((allReduce) => {
          contribute(allReduce, layout, vectors, 1);
          return allReduce.wait();
        }),
      );
      expect(stats[0]!.numDropped).toEqual({ PROTOCOL_BAD_FRAME: 1, PROTOCOL_WRONG_TOKEN: 1, generation: 1, round: 1 });
      for (const allReduce of allReduces) expect(bytes(allReduce.result).equals(expectedSum(vectors, 1))).toBe(true);
    });
  });

  it('a damaged frame of the run ends the collective and names the sender', async () => {
    await inWorld(2, 'tcp', async ([first], coordinator) => {
      const allReduce = first!.openAllReduce(layout);
      await using sender = new PayloadSender(coordinator.payloadEndpoint(0));
      const payload = Buffer.alloc(1000, 1);
      const fields = { round: 1, sender: 1, generation: 1, runTag: runTag(RUN.token), crc32: 12345 };
      await sender.send([encodeDataHeader(fields, payload), payload]);
      await expect(allReduce.wait()).rejects.toMatchObject({ code: 'COLLECTIVE_BAD_PAYLOAD', details: { sender: 1 } });
    });
  });

  it('a wait that takes too long says who is waited for, in which round, bucket and phase', async () => {
    await inWorld(3, 'ipc', async (ranks, coordinator) => {
      const allReduce = ranks[0]!.openAllReduce(layout);
      contribute(allReduce, layout, vectors, 1);
      await expect(allReduce.wait({ timeoutMs: 100 })).rejects.toMatchObject({
        code: 'COLLECTIVE_TIMEOUT',
        details: { round: 1, bucket: 0, phase: 'partial', ranks: [1, 2] },
      });
      await expect(allReduce.wait()).rejects.toMatchObject({ code: 'COLLECTIVE_TIMEOUT' });
      // Reports still work, and closing at once loses none, so that the worker can say why it fails.
      ranks[0]!.report({ failure: { rank: 0, code: 'COLLECTIVE_TIMEOUT' } });
      await ranks[0]!.close();
      const { failure } = await coordinator.next((envelope) => envelope.body === 'failure');
      expect(failure?.code).toBe('COLLECTIVE_TIMEOUT');
    });
  });

  it('a wait ends with the caller’s signal and can be repeated', async () => {
    await inWorld(2, 'ipc', async (ranks) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      contribute(allReduces[0]!, layout, vectors, 1);
      await expect(allReduces[0]!.wait({ signal: AbortSignal.timeout(20) })).rejects.toThrow();
      contribute(allReduces[1]!, layout, vectors, 1);
      await Promise.all(allReduces.map((allReduce) => allReduce.wait()));
      expect(bytes(allReduces[0]!.result).equals(expectedSum(vectors, 1))).toBe(true);
    });
  });

  it('closing rejects pending calls instead of leaving them', async () => {
    await inWorld(2, 'ipc', async ([first]) => {
      const settled = Promise.allSettled([first!.openAllReduce(layout).wait(), first!.gather(new Uint8Array(1))]);
      await first!.close();
      expect(await settled).toMatchObject([
        { reason: { code: 'COLLECTIVE_THREAD_FAILED' } },
        { reason: { code: 'COLLECTIVE_THREAD_FAILED' } },
      ]);
    });
  });
});

describe('a process whose main thread is busy', () => {
  /** Starts a process that opens comms, then computes without ever returning to its event loop. */
  function startBusyWorker(endpoint: string) {
    const options = { ...optionsOf(0, 1, endpoint), killProcess: true, lifelineFd: 3, logLevel: 'info' };
    const script = `
      import { openComms } from ${JSON.stringify(pathToFileURL(builtEntry('worker/threads/comms-client')).href)};
      const comms = openComms(${JSON.stringify(options)});
      await comms.join({ engine: ${JSON.stringify(ENGINE)} });
      comms.setProgress(1, 'busy');
      for (;;);`;
    return spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
  }

  it('is ended by an abort, after the cause was logged', async () => {
    await using coordinator = await StubCoordinator.open(1);
    const child = startBusyWorker(coordinator.endpoint);
    let output = '';
    child.stdout!.on('data', (chunk) => {
      output += chunk;
    });
    await coordinator.next((envelope) => envelope.heartbeat?.phase === 'busy');
    const closed = once(child, 'close');
    await coordinator.send(0, { abort: { cause: { rank: 3, message: 'disk full' } } });
    expect(await closed).toEqual([null, 'SIGKILL']);
    expect(output).toContain('stopped because of rank 3: disk full');
  });

  it('is ended when the launcher’s pipe closes', async () => {
    await using coordinator = await StubCoordinator.open(1);
    const child = startBusyWorker(coordinator.endpoint);
    await coordinator.next((envelope) => envelope.heartbeat?.phase === 'busy');
    const closed = once(child, 'close');
    child.stdio[3]!.destroy();
    expect(await closed).toEqual([null, 'SIGKILL']);
  });
});
