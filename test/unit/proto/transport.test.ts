import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatEndpoint, parseEndpoint } from '../../../proto/transport/address.js';
import { ControlClient, ControlServer, PayloadReceiver, PayloadSender } from '../../../proto/transport/zmq.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-zmq-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function first<T>(messages: AsyncGenerator<T>): Promise<T> {
  const next = await messages.next();
  if (next.done) throw new RangeError('closed before a message came');
  return next.value;
}

describe('addresses', () => {
  it('come back as they were', () => {
    for (const text of ['tcp://127.0.0.1:29500', 'tcp://[::1]:0', 'tcp://node-1.example:1', 'ipc:///run/x/1']) {
      expect(formatEndpoint(parseEndpoint(text))).toBe(text);
    }
    expect(parseEndpoint('tcp://0.0.0.0:*')).toEqual({ kind: 'tcp', host: '0.0.0.0', port: 0 });
  });

  it.each(['tcp://host', 'tcp://:5', 'tcp://h:70000', 'http://h:1', 'ipc://', 'tcp://a b:x'])('refuses %s', (text) => {
    expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: 'TRANSPORT_BAD_ADDRESS' }));
  });

  it('refuses a socket path that the kernel would cut', () => {
    expect(() => parseEndpoint(`ipc:///${'x'.repeat(107)}`)).toThrow(
      expect.objectContaining({ code: 'TRANSPORT_PATH_TOO_LONG' }),
    );
  });
});

describe.each(['tcp', 'ipc'])('control sockets over %s', (kind) => {
  const address = (name: string) => (kind === 'tcp' ? 'tcp://127.0.0.1:0' : `ipc://${join(folder, name)}`);

  it('carry messages both ways in order, many sends at a time', async () => {
    await using server = await ControlServer.open(address('order'));
    expect(server.endpoint).not.toMatch(/:(0|\*)$/);
    await using client = ControlClient.open(server.endpoint, { identity: 'worker-0' });
    const texts = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    await Promise.all(texts.map((text) => client.send(Buffer.from(text))));
    const received: string[] = [];
    let peer = '';
    for await (const message of server.messages()) {
      received.push(message.frame.toString());
      peer = message.peer;
      if (received.length === texts.length) break;
    }
    expect(received).toEqual(texts);
    await server.send(peer, Buffer.from('answer'));
    expect((await first(client.messages())).toString()).toBe('answer');
  });

  it('report a peer that is not there, and an address in use', async () => {
    await using server = await ControlServer.open(address('gone'));
    await expect(server.send('abcd', Buffer.from('x'))).rejects.toMatchObject({ code: 'TRANSPORT_PEER_GONE' });
    if (kind === 'tcp') {
      await expect(ControlServer.open(server.endpoint)).rejects.toMatchObject({ code: 'TRANSPORT_ADDRESS_IN_USE' });
    }
  });

  it('deliver what was sent before close', async () => {
    await using server = await ControlServer.open(address('linger'));
    const client = ControlClient.open(server.endpoint, { identity: 'worker-1' });
    void client.send(Buffer.from('farewell'));
    await client.close();
    expect((await first(server.messages())).frame.toString()).toBe('farewell');
  });

  it('end their reader when the signal aborts', async () => {
    const abort = new AbortController();
    const server = await ControlServer.open(address('abort'), { signal: abort.signal });
    const reader = first(server.messages());
    abort.abort();
    await expect(reader).rejects.toThrow('closed before');
    await expect(server.send('ab', Buffer.alloc(1))).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' });
  });
});

it('payload sockets carry two frames from shared memory, over several endpoints at once', async () => {
  await using receiver = new PayloadReceiver();
  const endpoints = [await receiver.bind(`ipc://${join(folder, 'pull')}`), await receiver.bind('tcp://localhost:0')];
  const shared = new Uint8Array(new SharedArrayBuffer(4096), 1024, 2048).fill(9);
  for (const endpoint of endpoints) {
    await using sender = new PayloadSender(endpoint);
    await sender.send([Buffer.from('header'), shared]);
    const [header, payload] = await first(receiver.messages());
    expect(header?.toString()).toBe('header');
    expect(payload?.length).toBe(2048);
    expect(payload?.every((byte) => byte === 9)).toBe(true);
  }
});

it('binding to a folder that does not exist is reported with the address', async () => {
  await using receiver = new PayloadReceiver();
  await expect(receiver.bind(`ipc://${join(folder, 'none', 'x')}`)).rejects.toMatchObject({
    code: 'TRANSPORT_BIND_FAILED',
  });
});
