/** What happens to the data plane between comms threads when frames are wrong, peers are late, or a rank leaves. */
import { describe, expect, it } from 'vitest';
import { encodeDataHeader, runTag } from '../../proto/codec.js';
import { data } from '../../proto/messages.js';
import { PayloadSender } from '../../proto/transport/zmq.js';
import { bytes, contribute, expectedSum, layoutOf, useCommsWorlds } from '../support/comms-world.js';
import { wildFloats } from '../support/random.js';
import { RUN } from '../support/stub-coordinator.js';

const { inWorld } = useCommsWorlds();

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
