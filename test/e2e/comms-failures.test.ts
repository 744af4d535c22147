/** What happens to the data plane between comms threads when frames are wrong, peers are late, or a rank leaves. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { encodeDataHeader, encodeDirectHeader, runTag } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { PayloadSender } from '../../proto/transport/zmq.js';
import { PROTOCOL_VERSION } from '../../proto/version.js';
import { OwnSums } from '../../worker/collective/frame-memory.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';
import { RUN } from '../support/stub-coordinator.js';

const { inWorld } = useCommsWorlds();

/** Connects by TCP, says what a browser would, and resolves when the socket is closed from the other side. */
async function speakNoZeromq(endpoint: string): Promise<void> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect(Number(port), hostname);
  socket.resume().end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'close');
}

/** A header of the next major version. */
function ofAnotherVersion(fields: Parameters<typeof data.Header.encode>[0]): Uint8Array {
  return data.Header.encode({ ...fields, versionMajor: PROTOCOL_VERSION.major + 1 }).finish();
}

describe('failures of the data plane', () => {
  const layout = layoutOf(1000, 2);
  const vectors = Array.from({ length: 5 }, (_, v) => wildFloats(layout.length, v));

  it('frames of strangers, other generations and replays are dropped and counted, and the sum stays right', async () => {
    await inWorld(2, 'tcp', async (ranks, coordinator) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      await using stranger = new PayloadSender(coordinator.payloadEndpoint(0));
      const payload = Buffer.alloc(1000, 1);
      const ours = { round: 1, sender: 1, chunk: 0, phase: data.Phase.PARTIAL, runTag: runTag(RUN.token) };
      await speakNoZeromq(coordinator.payloadEndpoint(0));
      await stranger.send([Buffer.from('garbage'), payload]);
      await stranger.send([ofAnotherVersion({ ...ours, generation: 1, payloadBytes: 1000 }), payload]);
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
      const dropped = {
        ...{ PROTOCOL_BAD_FRAME: 1, PROTOCOL_VERSION_MISMATCH: 1, PROTOCOL_WRONG_TOKEN: 1 },
        ...{ generation: 1, round: 1 },
      };
      expect(stats[0]!.numDropped).toEqual(dropped);
      for (const allReduce of allReduces) expect(bytes(allReduce.result).equals(expectedSum(vectors, 1))).toBe(true);

      // A whole round has gone by; what is recorded of it and sent once more changes nothing.
      const old = { ...ours, generation: 1, virtualBegin: 2, virtualEnd: 4 };
      const recorded = bytes(vectors[3]!).subarray(0, 1024);
      await stranger.send([encodeDataHeader(old, recorded), recorded]);
      const again = ranks[0]!.gather(Buffer.alloc(0));
      await stranger.send([encodeDataHeader({ ...old, ...last, round: 2 }, blob), blob]);
      await again;
      const [replayed] = await Promise.all(
        allReduces.map((allReduce) => {
          contribute(allReduce, layout, vectors, 2);
          return allReduce.wait();
        }),
      );
      expect(replayed!.numDropped).toEqual({ ...dropped, round: 2 });
      for (const allReduce of allReduces) expect(bytes(allReduce.result).equals(expectedSum(vectors, 2))).toBe(true);
    });
  });

  it('a damaged part of a gather ends the collective and names the sender: only the all-reduce can send again', async () => {
    await inWorld(2, 'tcp', async ([first], coordinator) => {
      const allReduce = first!.openAllReduce(layout);
      await using sender = new PayloadSender(coordinator.payloadEndpoint(0));
      const payload = Buffer.alloc(1000, 1);
      const fields = { round: 1, sender: 1, generation: 1, runTag: runTag(RUN.token), crc32: 12345 };
      await sender.send([
        encodeDataHeader({ ...fields, phase: data.Phase.GATHER, totalBytes: 1000 }, payload),
        payload,
      ]);
      await expect(allReduce.wait()).rejects.toMatchObject({
        code: 'COLLECTIVE_BAD_PAYLOAD',
        details: { sender: 1, round: 1, bucket: 0, segment: 0, times: 0 },
      });
    });
  });

  it('damaged frames of other generations, of rounds that are over, or of nobody are dropped, and asked of nobody', async () => {
    await inWorld(2, 'tcp', async (ranks, coordinator) => {
      const allReduces = ranks.map((comms) => comms.openAllReduce(layout));
      const runRound = (round: number) =>
        Promise.all(
          allReduces.map((allReduce) => {
            contribute(allReduce, layout, vectors, round);
            return allReduce.wait();
          }),
        );
      // A rank that has not opened its all-reduce cannot know which rounds are over, so one goes by first.
      await runRound(1);
      await using sender = new PayloadSender(coordinator.payloadEndpoint(0));
      const payload = Buffer.alloc(1000, 1);
      const fields = { round: 2, sender: 1, generation: 1, runTag: runTag(RUN.token), crc32: 12345 };
      for (const change of [{ generation: 7 }, { round: 1 }, { round: 9 }, { sender: 5 }, { sender: 0 }])
        await sender.send([encodeDataHeader({ ...fields, ...change }, payload), payload]);
      const blob = Buffer.from('done');
      const last = {
        ...fields,
        round: 1,
        phase: data.Phase.GATHER,
        totalBytes: 4,
        payloadType: data.PayloadType.BYTES,
      };
      const gather = ranks[0]!.gather(Buffer.alloc(0));
      const { crc32: _, ...whole } = last;
      await sender.send([encodeDataHeader(whole, blob), blob]);
      await gather;
      const [stats] = await runRound(2);
      expect(stats!.numDropped).toEqual({ PROTOCOL_BAD_CHECKSUM: 5 });
      expect(ranks[0]!.takeResends()).toBe(0);
      for (const allReduce of allReduces) expect(bytes(allReduce.result).equals(expectedSum(vectors, 2))).toBe(true);
    });
  });

  // Two buckets of 500 numbers: rank 0 owns the first 256 of each, rank 1 the other 244.
  const sums = new OwnSums();
  const direct = { round: 1, sender: 1, bucket: 0, segment: 0, generation: 1, runTag: runTag(RUN.token) };
  const partial = { ...direct, phase: data.Phase.PARTIAL, chunk: 0, virtualBegin: 2, virtualEnd: 4 };
  it('what strangers send to a direct connection is dropped and counted, and the sums stay right', async () => {
    await inWorld(2, 'tcp', async (ranks, coordinator) => {
      await using stranger = new PayloadSender(coordinator.directEndpoint(0));
      const payload = Buffer.alloc(1024, 1);
      const checksum = sums.of(payload);
      await speakNoZeromq(coordinator.directEndpoint(0));
      await stranger.send([Buffer.from('garbage'), payload]);
      await stranger.send([Buffer.alloc(300), payload]);
      await stranger.send([ofAnotherVersion({ ...partial, payloadBytes: 1024 }), payload]);
      await stranger.send([encodeDirectHeader({ ...partial, runTag: 5 }, 1024, checksum), payload]);
      await stranger.send([encodeDirectHeader({ ...partial, generation: 9 }, 1024, checksum), payload]);
      await stranger.send([encodeDirectHeader({ ...partial, round: 1e6 }, 1024, checksum), payload]);
      await stranger.send([encodeDirectHeader(partial, 1024, checksum), payload.subarray(1)]);
      const expected = {
        PROTOCOL_BAD_FRAME: 2,
        PROTOCOL_FRAME_TOO_LARGE: 1,
        PROTOCOL_VERSION_MISMATCH: 1,
        PROTOCOL_WRONG_TOKEN: 1,
        generation: 1,
        round: 2,
      };
      const numExpected = Object.values(expected).reduce((sum, count) => sum + count, 0);
      const recorded = bytes(vectors[3]!).subarray(0, 1024);
      const [counts] = await Promise.all(
        ranks.map(async (comms, rank) => {
          const allReduce = comms.openAllReduce(layout);
          let numDropped: Readonly<Record<string, number>> = {};
          // Frames are received while a round is under way, so some rounds go by until all have come; both ranks run as many.
          for (let round = 1, isLast = false; !isLast && round <= 1000; round++) {
            contribute(allReduce, layout, vectors, round);
            ({ numDropped } = await allReduce.wait());
            expect(bytes(allReduce.result).equals(expectedSum(vectors, round))).toBe(true);
            // What is recorded of a round that has gone by, and sent once more.
            if (rank === 0 && round === 1)
              await stranger.send([encodeDirectHeader(partial, 1024, sums.of(recorded)), recorded]);
            const isDone = Object.values(numDropped).reduce((sum, count) => sum + count, 0) === numExpected;
            await comms.gather(new Uint8Array(0));
            isLast = (await comms.broadcast(rank === 0 ? Uint8Array.of(isDone ? 1 : 0) : undefined))[0] === 1;
          }
          return numDropped;
        }),
      );
      expect(counts).toEqual(expected);
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
