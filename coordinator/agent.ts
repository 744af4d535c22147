/** A host's part of a run: offers its workers, starts them as assigned, reports how they end, and ends them. */
import { hostname } from 'node:os';
import type { LaunchSettings } from '../configs/launch-settings.js';
import type { RunConfig } from '../configs/run-config.js';
import type { EnvelopeBody } from '../proto/codec.js';
import { type ErrorCode, LaunchError, type LockstepError, MembershipError, serializeError } from '../proto/errors.js';
import { Deferred } from '../proto/lifecycle.js';
import type { LogRouter } from './log-router.js';
import { type StopOptions, stopWorkers, WorkerProcess } from './supervisor.js';
import type { Uplink } from './uplink.js';
import { type PreparedEngine, type WorkerPlace, workerEnvironment } from './worker-environment.js';

/** The control message leaves them 0.4 s, SIGTERM 0.8 s more; then SIGKILL: all are gone well within two seconds. */
const ABORT: StopOptions = { graceMs: 400, killAfterMs: 800 };
const AT_ONCE: StopOptions = { graceMs: 0, killAfterMs: 0 };

export interface AgentOptions {
  readonly uplink: Uplink;
  readonly launch: LaunchSettings;
  readonly version: string;
  /** Address under which other hosts reach this one. */
  readonly advertise: string;
  /** Where the local workers find the coordinator. */
  readonly master: { readonly address: string; readonly port: number };
  readonly token: string;
  readonly runtimeDir: string;
  readonly workerEntry: string;
  readonly joinTimeoutMs: number;
  /** Makes the engine ready on this host; returns what it adds to a worker's environment. */
  prepareEngine(config: RunConfig): Promise<PreparedEngine>;
  /** Called with the assigned configuration before the first worker starts. */
  openLogs(config: RunConfig): LogRouter;
  /** Called once the workers of this host run. */
  onStarted?: ((workers: readonly WorkerProcess[]) => void) | undefined;
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #assigned = new Deferred<{ nodeRank: number; firstRank: number; config: RunConfig }>();
  readonly #aborted = new Deferred<LockstepError>();
  #workers: WorkerProcess[] = [];
  #logs: LogRouter | undefined;
  #stopping: Promise<number[]> | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    options.uplink.onMessage((body) => this.#receive(body));
    void options.uplink.lost.then((error) => {
      this.#assigned.reject(error);
      this.#aborted.resolve(error);
      void this.stop('at once');
    });
  }

  /** The error with which this host's part was called off, once that has happened. */
  get aborted(): Promise<LockstepError> {
    return this.#aborted.promise;
  }

  /** True once this host has workers to stop. */
  get hasStarted(): boolean {
    return this.#workers.length > 0;
  }

  /**
   * Resolves when all workers of this host have ended.
   * @throws MembershipError when the coordinator refuses this host or does not answer; LaunchError, EngineError
   */
  async run(): Promise<void> {
    const { uplink, launch, version, advertise, joinTimeoutMs } = this.#options;
    uplink.send({
      nodeHello: {
        nodeRank: launch.nodeRank,
        numWorkers: launch.nproc,
        host: hostname(),
        pid: process.pid,
        lockstepVersion: version,
        address: advertise,
      },
    });
    const timer = setTimeout(() => this.#assigned.reject(this.#noAnswer()), joinTimeoutMs + 1000);
    const { nodeRank, firstRank, config } = await this.#assigned.promise.finally(() => clearTimeout(timer));
    try {
      await this.#start(nodeRank, firstRank, config);
      await Promise.all(this.#workers.map((worker) => this.#watch(worker)));
    } catch (error) {
      const { code, message, hint } = serializeError(error);
      uplink.send({ failure: { rank: firstRank, code, message, hint: hint ?? '' } });
      await this.stop('at once');
      throw error;
    } finally {
      await this.#logs?.close();
      uplink.send({ nodeFarewell: { nodeRank } });
    }
  }

  /** Ends this host's workers; resolves when they are gone. Calling it again with `at once` cuts the grace short. */
  async stop(how: 'gently' | 'at once'): Promise<void> {
    if (how === 'at once') {
      this.#assigned.reject(
        new LaunchError('LAUNCH_STOPPED', 'this host was stopped before it had a place in the run'),
      );
      for (const worker of this.#workers) worker.signal('SIGKILL');
    }
    this.#stopping ??= stopWorkers(this.#workers, how === 'gently' ? ABORT : AT_ONCE);
    await this.#stopping;
  }

  /** Kills the process groups without waiting: the last act of a launcher that goes down. */
  killNow(): void {
    for (const worker of this.#workers) worker.signal('SIGKILL');
  }

  async #start(nodeRank: number, firstRank: number, config: RunConfig): Promise<void> {
    const { launch, advertise, master, token, runtimeDir, workerEntry } = this.#options;
    const engine = await this.#options.prepareEngine(config);
    const logs = this.#options.openLogs(config);
    this.#logs = logs;
    for (let localRank = 0; localRank < launch.nproc && !this.#stopping; localRank++) {
      const rank = firstRank + localRank;
      const place: WorkerPlace = {
        rank,
        localRank,
        nodeRank,
        masterAddress: master.address,
        masterPort: master.port,
        token,
        runtimeDir,
        advertise,
        engine,
      };
      const env = workerEnvironment(process.env, config, launch, place);
      const output = logs.open(rank);
      const worker = await WorkerProcess.start({ rank, entry: workerEntry, env, onOutput: output });
      this.#workers.push(worker);
      // An abort may have come while this one was being started.
      if (this.#stopping) worker.signal('SIGKILL');
    }
    this.#options.onStarted?.(this.#workers);
  }

  async #watch(worker: WorkerProcess): Promise<void> {
    const exit = await worker.exited;
    worker.release();
    this.#logs?.finish(worker.rank);
    this.#options.uplink.send({
      nodeWorkerExit: {
        rank: exit.rank,
        pid: exit.pid,
        exitCode: exit.exitCode ?? -1,
        signal: exit.signal ?? '',
        lastLines: [...(this.#logs?.lastLines(exit.rank) ?? [])],
      },
    });
  }

  #receive(body: EnvelopeBody): void {
    if (body.nodeAssign) {
      const { nodeRank, firstRank, configJson } = body.nodeAssign;
      this.#assigned.resolve({
        nodeRank: nodeRank ?? 0,
        firstRank: firstRank ?? 0,
        config: JSON.parse(configJson ?? '{}') as RunConfig,
      });
    } else if (body.refusal) {
      const { code, message, hint } = body.refusal;
      this.#assigned.reject(
        new MembershipError((code || 'MEMBERSHIP_REFUSED') as ErrorCode, message ?? 'refused', {
          hint: hint ?? undefined,
        }),
      );
    } else if (body.abort) {
      const cause = body.abort.cause;
      const error = new LaunchError(
        (cause?.code || 'LAUNCH_ABORTED') as ErrorCode,
        cause?.message || 'the run was stopped',
        {
          hint: cause?.hint ?? undefined,
        },
      );
      this.#aborted.resolve(error);
      this.#assigned.reject(error);
      void this.stop('gently');
    }
  }

  #noAnswer(): LockstepError {
    const { launch, joinTimeoutMs } = this.#options;
    const endpoint = launch.rdzvEndpoint ? `${launch.rdzvEndpoint.host}:${launch.rdzvEndpoint.port}` : 'this host';
    return new MembershipError(
      'MEMBERSHIP_JOIN_TIMEOUT',
      `no place in the run from the coordinator at ${endpoint} within ${Math.round(joinTimeoutMs / 1000)} s`,
      {
        hint: 'start host 0 too, with the same --nnodes, --rdzv-endpoint and --rdzv-id; check the firewall between the hosts',
      },
    );
  }
}
