/** The least coordinator that ranks need: it waits for all hellos and introduces them to each other. */
import { decodeEnvelope, type EnvelopeBody, encodeEnvelope } from '../../proto/codec.js';
import { ControlServer, type PeerId } from '../../proto/transport/zmq.js';
import { RUN } from './job.js';

export class BenchWorld implements AsyncDisposable {
  readonly endpoint: string;
  readonly #server: ControlServer;
  #sequence = 0;

  private constructor(server: ControlServer, worldSize: number) {
    this.#server = server;
    this.endpoint = server.endpoint;
    void this.#serve(worldSize);
  }

  static async open(worldSize: number): Promise<BenchWorld> {
    return new BenchWorld(await ControlServer.open('tcp://127.0.0.1:0'), worldSize);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ lingerMs: 0 });
  }

  async #serve(worldSize: number): Promise<void> {
    const connected = new Map<
      PeerId,
      {
        readonly rank: number;
        readonly localEndpoint: string;
        readonly remoteEndpoint: string;
        readonly hostId: string;
        readonly directLocalEndpoint: string;
        readonly directRemoteEndpoint: string;
      }
    >();
    for await (const { peer, frame } of this.#server.messages()) {
      const hello = decodeEnvelope(frame).workerHello;
      if (!hello) continue;
      connected.set(peer, {
        rank: hello.rank ?? 0,
        localEndpoint: hello.localEndpoint ?? '',
        remoteEndpoint: hello.remoteEndpoint ?? '',
        hostId: hello.hostId ?? '',
        directLocalEndpoint: hello.directLocalEndpoint ?? '',
        directRemoteEndpoint: hello.directRemoteEndpoint ?? '',
      });
      if (connected.size < worldSize) continue;
      const world = { generation: 1, worldSize, peers: [...connected.values()], configJson: '{}' };
      for (const known of connected.keys()) await this.#send(known, { world });
    }
  }

  async #send(peer: PeerId, body: EnvelopeBody): Promise<void> {
    await this.#server.send(peer, encodeEnvelope({ ...RUN, generation: 1, sequence: ++this.#sequence }, body));
  }
}
