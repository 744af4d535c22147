/** The service that leads a run: reads the control socket, keeps the clocks, and carries out what membership decides. */
import type { RunConfig } from '../configs/run-config.js';
import { monotonicMs } from '../proto/clock.js';
import {
  checkCredentials,
  decodeEnvelope,
  type Envelope,
  type EnvelopeBody,
  encodeEnvelope,
  SequenceCheck,
} from '../proto/codec.js';
import { LockstepError } from '../proto/errors.js';
import { Deferred } from '../proto/lifecycle.js';
import type { ControlServer } from '../proto/transport/zmq.js';
import { Membership } from './membership.js';
import type { Decision, MembershipEvent, Outcome } from './membership-events.js';
import type { Observer } from './observer.js';
import type { RootCause } from './root-cause.js';
import type { Uplink } from './uplink.js';

const HEARTBEAT_MS = 1000;
/** Silence after which a worker is named, though not given up. */
const SILENCE_WARNING_MS = 3000;
const HOST_LOST_MS = 10_000;
/** Every host has killed its workers long before this. */
const ABORT_TIMEOUT_MS = 5_000;
/** The leading host's own agent, which has no socket. */
const LOCAL = 'local';
const GENERATION = 1;

export interface CoordinatorOptions {
  readonly config: RunConfig;
  readonly numNodes: number;
  readonly workersPerNode: number;
  readonly version: string;
  readonly token: string;
  readonly server: ControlServer;
  readonly observe: Observer;
  readonly joinTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly stallTimeoutMs: number;
}

interface PeerState {
  rank: number | undefined;
  nodeRank: number | undefined;
  sequences: SequenceCheck;
  sent: number;
  lastHeardMs: number;
  warned: boolean;
}

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #membership: Membership;
  readonly #configJson: string;
  readonly #peers = new Map<string, PeerState>();
  readonly #outcome = new Deferred<Outcome>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #openedMs = performance.now();
  #local: (body: EnvelopeBody) => void = () => {};
  #lastTickMs = performance.now();
  #numDropped = 0;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#configJson = JSON.stringify(options.config);
    this.#membership = new Membership({
      numNodes: options.numNodes,
      workersPerNode: options.workersPerNode,
      version: options.version,
    });
    const heartbeat = setInterval(() => this.#tick(), HEARTBEAT_MS);
    this.#timers.add(heartbeat);
    this.#after(options.joinTimeoutMs, () => this.#handle({ kind: 'joinTimeout', afterMs: options.joinTimeoutMs }));
    void this.#read();
  }

  /** How the run ended; resolves when every host has said that its workers are gone. */
  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  /** True between the first step's permission and the end. */
  get ready(): boolean {
    return this.#membership.phase === 'running';
  }

  /** Frames that did not belong to this run. */
  get numDropped(): number {
    return this.#numDropped;
  }

  /** The line of the leading host's own agent. */
  connectLocal(): Uplink {
    this.#peer(LOCAL).nodeRank = 0;
    return {
      // In a later turn, as over a socket: an agent need not expect an answer inside its own call.
      send: (body) => setImmediate(() => this.#dispatch(LOCAL, body)),
      onMessage: (handler) => {
        this.#local = (body) => setImmediate(() => handler(body));
      },
      lost: new Deferred<LockstepError>().promise,
      close: async () => {},
    };
  }

  /** Asks all ranks to stop after the same step and save. */
  drain(reason: string, exitCode: number): void {
    this.#handle({ kind: 'drain', reason, exitCode });
  }

  /** Stops all ranks at once, without saving. */
  stop(reason: string, exitCode: number): void {
    this.#handle({ kind: 'stop', reason, exitCode });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#options.server.close({ lingerMs: 200 });
  }

  async #read(): Promise<void> {
    for await (const { peer, frame } of this.#options.server.messages()) {
      try {
        const envelope = decodeEnvelope(frame);
        checkCredentials(envelope, { runId: this.#options.config.runId, token: this.#options.token });
        const state = this.#peer(peer);
        // A hello may come from a process that took over a dead one's identity; its count starts anew.
        if (envelope.workerHello || envelope.nodeHello) state.sequences = new SequenceCheck();
        state.sequences.accept(envelope.sequence);
        this.#dispatch(peer, envelope);
      } catch (error) {
        if (!(error instanceof LockstepError)) throw error;
        this.#numDropped++;
        this.#options.observe({ kind: 'membership', level: 'warn', text: `dropped a message: ${error.message}` });
      }
    }
  }

  #peer(id: string): PeerState {
    let state = this.#peers.get(id);
    if (!state) {
      state = {
        rank: undefined,
        nodeRank: undefined,
        sequences: new SequenceCheck(),
        sent: 0,
        lastHeardMs: performance.now(),
        warned: false,
      };
      this.#peers.set(id, state);
    }
    return state;
  }

  #dispatch(from: string, body: EnvelopeBody | Envelope): void {
    const peer = this.#peer(from);
    peer.lastHeardMs = performance.now();
    if (peer.warned) {
      peer.warned = false;
      this.#options.observe({ kind: 'membership', level: 'info', text: `rank ${peer.rank} is back` });
    }
    const { observe } = this.#options;
    if (body.nodeHello) this.#handle({ kind: 'nodeHello', from, hello: body.nodeHello });
    else if (body.workerHello) {
      peer.rank = body.workerHello.rank ?? undefined;
      this.#handle({ kind: 'workerHello', from, hello: body.workerHello });
    } else if (body.nodeWorkerExit) this.#handle({ kind: 'workerExit', exit: body.nodeWorkerExit });
    else if (body.nodeFarewell) this.#handle({ kind: 'nodeFarewell', nodeRank: body.nodeFarewell.nodeRank ?? 0 });
    else if (body.drain) this.drain(body.drain.reason || 'a host asks to stop', 143);
    else if (peer.rank === undefined) {
      if (body.failure && peer.nodeRank !== undefined) {
        this.#handle({ kind: 'nodeFailure', nodeRank: peer.nodeRank, failure: body.failure });
      }
    } else if (body.heartbeat) {
      const { step, phase } = body.heartbeat;
      this.#handle({ kind: 'heartbeat', rank: peer.rank, step: step ?? 0, phase: phase ?? '' });
      observe({ kind: 'heartbeat', report: { ...body.heartbeat, rank: peer.rank } });
    } else if (body.failure) this.#handle({ kind: 'failure', failure: { ...body.failure, rank: peer.rank } });
    else if (body.farewell) {
      const report = { ...body.farewell, rank: peer.rank };
      observe({ kind: 'farewell', report });
      this.#handle({ kind: 'farewell', farewell: report });
    } else if (body.stepReport) {
      const report = { ...body.stepReport, rank: peer.rank };
      this.#handle({ kind: 'heartbeat', rank: peer.rank, step: report.step ?? 0, phase: '' });
      observe({ kind: 'step', report });
    } else if (body.epochReport) observe({ kind: 'epoch', report: body.epochReport });
    else if (body.ledgerReport) observe({ kind: 'ledger', report: body.ledgerReport });
    else if (body.phaseReport) observe({ kind: 'phase', report: { ...body.phaseReport, rank: peer.rank } });
    else if (body.checkpointNotice) observe({ kind: 'checkpoint', report: body.checkpointNotice });
    else if (body.metricsReport) observe({ kind: 'metrics', report: { ...body.metricsReport, rank: peer.rank } });
    else if (body.clockQuestion)
      this.#send(from, { clockAnswer: { askedMs: body.clockQuestion.askedMs ?? 0, nowMs: monotonicMs() } });
    else if (body.runStarted) observe({ kind: 'started', report: body.runStarted });
  }

  #handle(event: MembershipEvent): void {
    for (const decision of this.#membership.handle(event)) this.#carryOut(decision);
    if (event.kind !== 'heartbeat') this.#options.observe({ kind: 'workers', states: this.#workerStates() });
  }

  #carryOut(decision: Decision): void {
    const { observe, config } = this.#options;
    switch (decision.kind) {
      case 'assign':
        this.#peer(decision.to).nodeRank = decision.nodeRank;
        this.#send(decision.to, {
          nodeAssign: {
            nodeRank: decision.nodeRank,
            numNodes: this.#options.numNodes,
            firstRank: decision.firstRank,
            worldSize: config.worldSize,
            generation: GENERATION,
            configJson: this.#configJson,
          },
        });
        break;
      case 'world':
        observe({
          kind: 'world',
          seconds: (performance.now() - this.#openedMs) / 1000,
          engines: this.#membership.workers.map(
            ({ hello }) =>
              `${hello?.engine?.name ?? '?'} ${hello?.engine?.version ?? ''} on ${hello?.engine?.device ?? '?'}`,
          ),
        });
        for (const to of decision.to) {
          this.#send(to, {
            world: {
              generation: GENERATION,
              worldSize: config.worldSize,
              peers: [...decision.peers],
              configJson: this.#configJson,
            },
          });
        }
        break;
      case 'refuse':
        observe({ kind: 'membership', level: 'warn', text: `refused: ${decision.why}` });
        this.#send(decision.to, { refusal: { code: decision.code, message: decision.why, hint: decision.hint } });
        break;
      case 'drain':
        for (const to of decision.to) this.#send(to, { drain: { reason: decision.reason } });
        this.#after(this.#options.drainTimeoutMs, () =>
          this.#handle({ kind: 'drainTimeout', afterMs: this.#options.drainTimeoutMs }),
        );
        break;
      case 'abort':
        this.#abort(decision.cause);
        break;
      case 'settle':
        this.#after(decision.afterMs, () => this.#handle({ kind: 'settled' }));
        break;
      case 'finish':
        observe({ kind: 'over', outcome: decision.outcome });
        this.#outcome.resolve(decision.outcome);
        break;
    }
  }

  #abort(cause: RootCause): void {
    this.#options.observe({ kind: 'aborting', cause });
    this.#after(ABORT_TIMEOUT_MS, () => this.#handle({ kind: 'abortTimeout' }));
    const failure = { rank: cause.rank ?? 0, code: cause.code, message: cause.message, hint: cause.hint };
    for (const [id, peer] of this.#peers) {
      if (peer.rank !== undefined || peer.nodeRank !== undefined) this.#send(id, { abort: { cause: failure } });
    }
  }

  #send(to: string, body: EnvelopeBody): void {
    if (to === LOCAL) {
      this.#local(body);
      return;
    }
    const { config, token, server } = this.#options;
    const context = { runId: config.runId, token, generation: GENERATION, sequence: ++this.#peer(to).sent };
    // A peer that is gone shows as an exit or as silence; the send need not report it too.
    server.send(to, encodeEnvelope(context, body)).catch(() => {});
  }

  #tick(): void {
    const nowMs = performance.now();
    // When this process itself was stopped or starved, the others' silence proves nothing.
    const overslept = nowMs - this.#lastTickMs > 2 * HEARTBEAT_MS;
    this.#lastTickMs = nowMs;
    for (const [id, peer] of this.#peers) {
      if (overslept) peer.lastHeardMs = nowMs;
      if (id === LOCAL || (peer.rank === undefined && peer.nodeRank === undefined)) continue;
      const worker = peer.rank === undefined ? undefined : this.#membership.workers[peer.rank];
      if (worker?.farewell || worker?.exit) continue;
      this.#send(id, { heartbeat: { phase: 'coordinator' } });
      const silentMs = nowMs - peer.lastHeardMs;
      if (peer.rank === undefined) {
        if (silentMs > HOST_LOST_MS) this.#handle({ kind: 'nodeLost', nodeRank: peer.nodeRank ?? 0, silentMs });
      } else if (silentMs > this.#options.stallTimeoutMs) {
        this.#handle({ kind: 'workerSilent', rank: peer.rank, silentMs });
      } else if (silentMs > SILENCE_WARNING_MS && !peer.warned) {
        peer.warned = true;
        const text = `rank ${peer.rank} (pid ${worker?.hello?.pid}) has been silent for ${(silentMs / 1000).toFixed(1)} s, since ${worker?.phase} at step ${worker?.step}; waiting`;
        this.#options.observe({ kind: 'membership', level: 'warn', text });
      }
    }
  }

  #workerStates(): Record<string, number> {
    const states: Record<string, number> = { starting: 0, joined: 0, running: 0, left: 0, dead: 0 };
    for (const worker of this.#membership.workers) {
      const state = worker.farewell
        ? 'left'
        : worker.exit
          ? 'dead'
          : !worker.hello
            ? 'starting'
            : this.ready
              ? 'running'
              : 'joined';
      states[state] = (states[state] ?? 0) + 1;
    }
    return states;
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}
