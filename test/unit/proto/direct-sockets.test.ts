import { expect, it } from 'vitest';
import { DirectSockets } from '../../../proto/transport/direct.js';
import { openLibzmq } from '../../../proto/transport/libzmq.js';
import { WakeUp } from '../../../proto/transport/wake-up.js';

it.skipIf(openLibzmq() === undefined)(
  'direct sockets (where koffi can call ZeroMQ) deliver into memory of the caller, close more than once, and refuse to be used afterwards',
  async () => {
    const bell = WakeUp.open()!;
    const [receiver, sender] = [DirectSockets.open(bell)!, DirectSockets.open(bell)!];
    const endpoint = receiver.bind('tcp://127.0.0.1:*');
    sender.connect(1, endpoint);
    sender.send(1, Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5));
    expect(receiver.wait(10_000)).toEqual({ hasFrame: true, isWoken: false });
    expect([...receiver.receiveHeader()!]).toEqual([1, 2]);
    const target = new Uint8Array(4);
    expect(receiver.receivePayload(target)).toBe(3);
    expect([...target]).toEqual([3, 4, 5, 0]);
    bell.ring();
    expect(receiver.wait(10_000)).toEqual({ hasFrame: false, isWoken: true });

    // The comms thread closes what it has when it fails, and again when it is asked to end.
    await Promise.all([sender.close(0), sender.close(0), receiver.close(0)]);
    await receiver.close(0);
    const closed = { code: 'TRANSPORT_CLOSED' };
    for (const use of [
      () => receiver.bind('tcp://127.0.0.1:*'),
      () => sender.connect(1, endpoint),
      () => sender.send(1, Uint8Array.of(1), Uint8Array.of(2)),
      () => receiver.receiveHeader(),
      () => receiver.wait(0),
    ]) {
      expect(use).toThrow(expect.objectContaining(closed));
    }
    bell.close();
  },
);
