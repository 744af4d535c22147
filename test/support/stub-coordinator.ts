/** A coordinator that does no more than the protocol asks of it: lets everyone in, and says what a test tells it to say. */
import { decodeEnvelope, type Envelope, type EnvelopeBody, encodeEnvelope } from '../../proto/codec.js';
import { Deferred } from '../../proto/lifecycle.js';
import { ControlServer, type PeerId } from '../../proto/transport/zmq.js';

export const RUN = { runId: 'run-e2e', token: 'token-e2e' } as const;

/** Changes the endpoint under which a rank's peers will know it. */
export type Reroute = (endpoint: string, rank: number, kind: 'payload' | 'direct') => Promise<string>;

export class StubCoordinator implements AsyncDisposable {
  readonly endpoint: string;
  /** Everything that came, in order. */
  readonly received: Envelope[] = [];
  readonly #server: ControlServer;
  readonly #worldSize: number;
  readonly #onHello: ((rank: number) => EnvelopeBody | undefined) | undefined;
  readonly #peers = new Map<number, { peer: PeerId; hello: NonNullable<Envelope['workerHello']> }>();
  readonly #waiting: { matches: (envelope: Envelope) => boolean; found: Deferred<Envelope> }[] = [];
  readonly #reroute: Reroute;
  #sequence = 0;

  private constructor(
    server: ControlServer,
    worldSize: number,
    onHello?: (rank: number) => EnvelopeBody | undefined,
    reroute: Reroute = async (endpoint) => endpoint,
  ) {
    this.#server = server;
    this.#reroute = reroute;
    this.endpoint = server.endpoint;
    this.#worldSize = worldSize;
    this.#onHello = onHello;
    void this.#serve();
  }

  /**
   * @param onHello what to answer to a hello instead of waiting for the others
   * @param reroute where peers are told that a rank receives from other hosts
   */
  static async open(
    worldSize: number,
    onHello?: (rank: number) => EnvelopeBody | undefined,
    reroute?: Reroute,
  ): Promise<StubCoordinator> {
    return new StubCoordinator(await ControlServer.open('tcp://127.0.0.1:0'), worldSize, onHello, reroute);
  }

  /** Where the worker of a rank receives payload. */
  payloadEndpoint(rank: number): string {
    const hello = this.#peers.get(rank)?.hello;
    return hello?.remoteEndpoint || hello?.localEndpoint || '';
  }

  /** Where it receives segments of the all-reduce. */
  directEndpoint(rank: number): string {
    const hello = this.#peers.get(rank)?.hello;
    return hello?.directRemoteEndpoint || hello?.directLocalEndpoint || '';
  }

  /** Resolves with the first message, past or future, that matches. */
  async next(matches: (envelope: Envelope) => boolean): Promise<Envelope> {
    const past = this.received.find(matches);
    if (past !== undefined) return past;
    const found = new Deferred<Envelope>();
    this.#waiting.push({ matches, found });
    return found.promise;
  }

  async send(rank: number, body: EnvelopeBody, change: { readonly token?: string } = {}): Promise<void> {
    const context = { ...RUN, ...change, generation: 1, sequence: ++this.#sequence };
    await this.#server.send(this.#peers.get(rank)!.peer, encodeEnvelope(context, body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ lingerMs: 0 });
  }

  async #serve(): Promise<void> {
    for await (const { peer, frame } of this.#server.messages()) {
      const envelope = decodeEnvelope(frame);
      this.received.push(envelope);
      for (const { matches, found } of this.#waiting) if (matches(envelope)) found.resolve(envelope);
      if (envelope.workerHello) await this.#welcome(peer, envelope.workerHello);
    }
  }

  async #welcome(peer: PeerId, hello: NonNullable<Envelope['workerHello']>): Promise<void> {
    const rank = hello.rank ?? 0;
    this.#peers.set(rank, { peer, hello });
    const answer = this.#onHello?.(rank);
    if (answer !== undefined) {
      await this.send(rank, answer);
      return;
    }
    if (this.#peers.size < this.#worldSize) return;
    const route = async (endpoint: string | null | undefined, ofRank: number, kind: 'payload' | 'direct') =>
      endpoint ? this.#reroute(endpoint, ofRank, kind) : '';
    const peers = await Promise.all(
      [...this.#peers].map(async ([peerRank, { hello: peerHello }]) => ({
        rank: peerRank,
        localEndpoint: peerHello.localEndpoint ?? '',
        remoteEndpoint: await route(peerHello.remoteEndpoint, peerRank, 'payload'),
        hostId: peerHello.hostId ?? '',
        directLocalEndpoint: peerHello.directLocalEndpoint ?? '',
        directRemoteEndpoint: await route(peerHello.directRemoteEndpoint, peerRank, 'direct'),
      })),
    );
    for (const known of this.#peers.keys()) {
      await this.send(known, {
        world: { generation: 1, worldSize: this.#worldSize, peers, configJson: '{"epochs":1}' },
      });
    }
  }
}
