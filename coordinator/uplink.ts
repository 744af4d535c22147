/** An agent's line to the coordinator: a function call on the leading host, a DEALER socket on the others. */
import { checkCredentials, decodeEnvelope, type EnvelopeBody, encodeEnvelope, SequenceCheck } from '../proto/codec.js';
import { LockstepError, MembershipError } from '../proto/errors.js';
import { Deferred } from '../proto/lifecycle.js';
import { ControlClient } from '../proto/transport/zmq.js';

/** How often an agent shows that it is alive. */
const HEARTBEAT_MS = 1000;
/** How long the coordinator may be silent, once it has been heard, before it counts as lost. */
const LEADER_LOST_MS = 10_000;

export interface Uplink {
  /** Queues a message; order is kept. */
  send(body: EnvelopeBody): void;
  /** Names the one who takes the coordinator's messages. Call it once, before the first send. */
  onMessage(handler: (body: EnvelopeBody) => void): void;
  /** Resolves when the coordinator is gone. */
  readonly lost: Promise<LockstepError>;
  close(): Promise<void>;
}

export interface RemoteUplinkOptions {
  /** `tcp://host:port` of the coordinator, which need not be up yet. */
  readonly endpoint: string;
  /** Unique among this run's peers. */
  readonly identity: string;
  readonly runId: string;
  readonly token: string;
  readonly leaderLostMs?: number | undefined;
}

/** The line of a host that does not lead. */
export class RemoteUplink implements Uplink {
  readonly #options: RemoteUplinkOptions;
  readonly #client: ControlClient;
  readonly #lost = new Deferred<LockstepError>();
  readonly #sequences = new SequenceCheck();
  readonly #timer: NodeJS.Timeout;
  #handler: (body: EnvelopeBody) => void = () => {};
  #sequence = 0;
  #lastHeardMs: number | undefined;
  #generation = 0;
  #closed = false;

  constructor(options: RemoteUplinkOptions) {
    this.#options = options;
    this.#client = ControlClient.open(options.endpoint, { identity: options.identity });
    this.#timer = setInterval(() => this.#tick(), HEARTBEAT_MS);
    void this.#read();
  }

  get lost(): Promise<LockstepError> {
    return this.#lost.promise;
  }

  onMessage(handler: (body: EnvelopeBody) => void): void {
    this.#handler = handler;
  }

  send(body: EnvelopeBody): void {
    if (this.#closed) return;
    const { runId, token } = this.#options;
    const context = { runId, token, generation: this.#generation, sequence: ++this.#sequence };
    this.#client.send(encodeEnvelope(context, body)).catch((error: unknown) => {
      if (error instanceof LockstepError) this.#lost.resolve(error);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#client.close({ lingerMs: 1000 });
  }

  #tick(): void {
    if (this.#lastHeardMs === undefined) return;
    this.send({ heartbeat: { phase: 'agent' } });
    const silentMs = performance.now() - this.#lastHeardMs;
    if (silentMs > (this.#options.leaderLostMs ?? LEADER_LOST_MS)) {
      this.#lost.resolve(
        new MembershipError(
          'MEMBERSHIP_COORDINATOR_LOST',
          `the coordinator at ${this.#options.endpoint} has not been heard for ${Math.round(silentMs / 1000)} s`,
          {
            hint: 'its host says why; continue the run there with --resume',
          },
        ),
      );
    }
  }

  async #read(): Promise<void> {
    for await (const frame of this.#client.messages()) {
      try {
        const envelope = decodeEnvelope(frame);
        checkCredentials(envelope, this.#options);
        this.#sequences.accept(envelope.sequence);
        this.#generation = envelope.generation;
        this.#lastHeardMs = performance.now();
        this.#handler(envelope);
      } catch (error) {
        // A stranger's or damaged frame is dropped; silence is what the clock above finds.
        if (!(error instanceof LockstepError)) throw error;
      }
    }
  }
}
