/** The comms thread's side of the control plane: hello, heartbeats, ordered reports, and what the coordinator says. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkCredentials,
  decodeEnvelope,
  type Envelope,
  type EnvelopeBody,
  encodeEnvelope,
  SequenceCheck,
} from '../../proto/codec.js';
import { deserializeError, type LockstepError, MembershipError, ProtocolError } from '../../proto/errors.js';
import type { wire } from '../../proto/messages.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import { ControlClient } from '../../proto/transport/zmq.js';
import { ClockExchange } from '../trace/clock-exchange.js';
import type { CommsControlBlock } from './comms-control-block.js';
import type { CommsOptions } from './comms-input.js';

/** Reports that may wait while the coordinator is not reachable. At one step per 50 ms this is over three minutes. */
const MAX_OUTBOX = 4_096;
/** A timer that comes so late tells that this process was stopped, not that the coordinator was silent. */
const STOPPED_MS = 1_000;

export interface ControlPlaneEvents {
  onWorld(world: wire.control.World): void;
  /** The coordinator turned this worker away, or speaks another version. */
  onRefused(error: LockstepError): void;
  onDrain(reason: string): void;
  /** The run is over: the root cause from the coordinator, or the coordinator's own silence. */
  onAbort(error: LockstepError): void;
}

export class ControlPlane {
  readonly #options: CommsOptions;
  readonly #control: CommsControlBlock;
  readonly #events: ControlPlaneEvents;
  readonly #log: Logger;
  readonly #client: ControlClient;
  /** Compares this host's clock with the coordinator's. */
  readonly clock = new ClockExchange((askedMs) => this.send({ clockQuestion: { askedMs } }));
  readonly #replays = new SequenceCheck();
  readonly #outbox: EnvelopeBody[] = [];
  readonly #phaseNames: string[] = [];
  readonly #silenceMs: number;
  readonly #heartbeatMs: number;
  #generation = 0;
  #sequence = 0;
  #numReportsDropped = 0;
  #pumping: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastHeardMs = performance.now();
  #lastTickMs = performance.now();
  #closed = false;

  constructor(options: CommsOptions, control: CommsControlBlock, log: Logger, events: ControlPlaneEvents) {
    this.#options = options;
    this.#control = control;
    this.#events = events;
    this.#log = log;
    this.#heartbeatMs = options.heartbeatMs ?? 250;
    this.#silenceMs = options.coordinatorSilenceMs ?? (options.remote === undefined ? 0 : 10_000);
    this.#client = ControlClient.open(options.endpoint, { identity: `worker-${options.rank}-${process.pid}` });
  }

  /** Says hello, and starts to read and to beat. */
  start(hello: wire.control.WorkerHello.$Properties): void {
    this.#lastHeardMs = performance.now();
    this.#lastTickMs = performance.now();
    this.send({ workerHello: hello });
    this.#timer = setInterval(() => this.#tick(), this.#heartbeatMs);
    this.#read().catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  /** Membership that is in force from now on. */
  setGeneration(generation: number): void {
    this.#generation = generation;
  }

  /** Names a phase that the control block refers to by its index. */
  namePhase(index: number, name: string): void {
    this.#phaseNames[index] = name;
  }

  /** Queues a message. If the queue is full, the oldest step, metrics or phase report goes. */
  send(body: EnvelopeBody): void {
    if (this.#closed) return;
    if (this.#outbox.length >= MAX_OUTBOX) {
      const oldest = this.#outbox.findIndex(
        (waiting) => waiting.stepReport ?? waiting.metricsReport ?? waiting.phaseReport,
      );
      this.#outbox.splice(Math.max(oldest, 0), 1);
      if (this.#numReportsDropped++ === 0) this.#log.warn({ maxOutbox: MAX_OUTBOX }, 'reports dropped');
    }
    this.#outbox.push(body);
    this.#pumping ??= this.#pump();
  }

  /** Resolves when everything queued was handed to the socket, which delivers it even while the process exits. */
  async flush(): Promise<void> {
    await this.#pumping;
  }

  /** Stops beating and reading; delivers what was queued for up to `lingerMs`, even while the process exits. */
  async close(lingerMs: number): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    const isFlushed = this.flush().then(() => true);
    const isLate = sleep(lingerMs, false, { ref: false });
    // Who has not taken the reports by then will not take them later.
    await this.#client.close({ lingerMs: lingerMs > 0 && (await Promise.race([isFlushed, isLate])) ? lingerMs : 0 });
  }

  async #pump(): Promise<void> {
    try {
      for (let body = this.#outbox.shift(); body !== undefined; body = this.#outbox.shift()) {
        const { runId, token } = this.#options;
        const context = { runId, token, generation: this.#generation, sequence: ++this.#sequence };
        await this.#client.send(encodeEnvelope(context, body));
      }
    } catch (error) {
      // Closing while reports wait is not a failure of the thread. Anything else is.
      if (!this.#closed) throw error;
    } finally {
      this.#pumping = undefined;
    }
  }

  #tick(): void {
    const nowMs = performance.now();
    const wasStopped = nowMs - this.#lastTickMs > this.#heartbeatMs + STOPPED_MS;
    this.#lastTickMs = nowMs;
    if (wasStopped) this.#lastHeardMs = nowMs;
    // Only once it has spoken: before that the join's own deadline counts.
    if (this.#generation > 0 && this.#silenceMs > 0 && nowMs - this.#lastHeardMs > this.#silenceMs) {
      this.#events.onAbort(this.#silenceError());
      return;
    }
    // A heartbeat behind a queue of reports would say nothing new.
    if (this.#outbox.length > 0) return;
    const { progress, step, phase } = this.#control.readProgress();
    this.send({
      heartbeat: {
        rank: this.#options.rank,
        progress,
        step,
        phase: this.#phaseNames[phase] ?? '',
        residentBytes: process.memoryUsage.rss(),
      },
    });
  }

  async #read(): Promise<void> {
    for await (const frame of this.#client.messages()) {
      let envelope: Envelope;
      try {
        envelope = decodeEnvelope(frame);
        // Whoever refuses us does not show us the run's token. Once we are in, a refusal counts as little as any other stranger's word.
        const isRefusal = envelope.body === 'refusal' && this.#generation === 0;
        if (!isRefusal) {
          checkCredentials(envelope, this.#options);
          this.#replays.accept(envelope.sequence);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#log.warn({ err: error }, 'control message dropped');
        if (error.code === 'PROTOCOL_VERSION_MISMATCH' && this.#generation === 0) this.#events.onRefused(error);
        continue;
      }
      this.#lastHeardMs = performance.now();
      this.#handle(envelope);
    }
  }

  #handle(envelope: Envelope): void {
    if (envelope.refusal) {
      const { code, message, hint } = envelope.refusal;
      this.#events.onRefused(
        deserializeError({
          code: code || 'MEMBERSHIP_REFUSED',
          message: message || 'refused',
          hint: hint || undefined,
        }),
      );
    } else if (envelope.world) {
      this.#events.onWorld(envelope.world as wire.control.World);
    } else if (envelope.clockAnswer) {
      this.clock.receive(envelope.clockAnswer.askedMs ?? 0, envelope.clockAnswer.nowMs ?? 0);
    } else if (envelope.drain) {
      this.#events.onDrain(envelope.drain.reason ?? '');
    } else if (envelope.abort) {
      this.#events.onAbort(abortError(envelope.abort.cause ?? {}));
    }
    // Heartbeats only had to be heard; other messages are for other kinds of process, or from a newer version.
  }

  #silenceError(): LockstepError {
    return new MembershipError(
      'MEMBERSHIP_COORDINATOR_LOST',
      `the coordinator at ${this.#options.endpoint} has said nothing for ${this.#silenceMs / 1000} s`,
      {
        hint: 'Look at the leading node: is the launcher still running, and can this host reach it?',
        details: { endpoint: this.#options.endpoint, silenceMs: this.#silenceMs },
      },
    );
  }
}

function abortError(cause: wire.control.Failure.$Properties): LockstepError {
  const who = cause.phase ? `rank ${cause.rank ?? 0} in phase "${cause.phase}"` : `rank ${cause.rank ?? 0}`;
  return new MembershipError('MEMBERSHIP_ABORTED', `stopped because of ${who}: ${cause.message || 'no message'}`, {
    hint: cause.hint || undefined,
    details: { rank: cause.rank ?? 0, code: cause.code ?? '', phase: cause.phase ?? '' },
  });
}
