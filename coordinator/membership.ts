/**
 * Who belongs to the run and what follows from each event: hosts and workers joining, leaving, failing. A state machine
 * without I/O and without a clock; each decision says why in one sentence.
 */
import { type MembershipOptions, type NodeState, refuseHost } from './admission.js';
import type {
  Decision,
  Failure,
  Farewell,
  MembershipEvent,
  NodeHello,
  NodeWorkerExit,
  Outcome,
  Peer,
  WorkerHello,
  WorkerState,
} from './membership-events.js';
import { describeExit, failureCause, isVictim, type RootCause } from './root-cause.js';

/** How long a failure that only reports another's absence waits for the absent one. */
const VICTIM_SETTLE_MS = 500;
/** How long an exit with a code waits for the message that explains it. */
const EXIT_SETTLE_MS = 300;
/** How long an exit with code 0 waits for its farewell, which travels on another road. */
const LEAVE_SETTLE_MS = 1000;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #nodes: NodeState[] = [];
  readonly #workers: WorkerState[];
  /** Explanations seen since the last quiet moment, the first one first. */
  readonly #candidates: RootCause[] = [];
  #phase: 'gathering' | 'joining' | 'running' | 'aborting' | 'over' = 'gathering';
  #settling = false;
  #verdict: Outcome | undefined;
  #stopWith: { reason: string; exitCode: number } | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.numNodes * options.workersPerNode }, (_, rank) => ({
      rank,
      step: 0,
      phase: 'start',
    }));
  }

  get phase(): 'gathering' | 'joining' | 'running' | 'aborting' | 'over' {
    return this.#phase;
  }

  get workers(): readonly Readonly<WorkerState>[] {
    return this.#workers;
  }

  /** Takes in an event and returns what to do, in order. */
  handle(event: MembershipEvent): Decision[] {
    if (this.#phase === 'over') return [];
    switch (event.kind) {
      case 'nodeHello':
        return this.#nodeHello(event.from, event.hello);
      case 'workerHello':
        return this.#workerHello(event.from, event.hello);
      case 'heartbeat':
        return this.#heartbeat(event.rank, event.step, event.phase);
      case 'workerExit':
        return this.#workerExit(event.exit);
      case 'failure':
        return this.#failure(event.failure);
      case 'farewell':
        return this.#farewell(event.farewell);
      case 'nodeFarewell':
        return this.#nodeFarewell(event.nodeRank);
      case 'nodeFailure':
        return this.#nodeFailure(event.nodeRank, event.failure);
      case 'nodeLost':
        return this.#nodeLost(event.nodeRank, event.silentMs);
      case 'workerSilent':
        return this.#workerSilent(event.rank, event.silentMs);
      case 'settled':
        return this.#settled();
      case 'joinTimeout':
        return this.#joinTimeout(event.afterMs);
      case 'drain':
        return this.#drain(event.reason, event.exitCode);
      case 'drainTimeout':
        return this.#drainTimeout(event.afterMs);
      case 'abortTimeout':
        for (const node of this.#nodes) node.done = true;
        return this.#phase === 'aborting' ? this.#maybeOver() : [];
      case 'stop':
        return this.#stop(event.reason, event.exitCode);
    }
  }

  #nodeHello(from: string, hello: NodeHello): Decision[] {
    const { numNodes, workersPerNode } = this.#options;
    if (this.#nodes.some((node) => node.from === from && node.hello.pid === hello.pid)) return [];
    const refusal = refuseHost(hello, this.#nodes, this.#options);
    if (refusal) return [{ kind: 'refuse', to: from, ...refusal }];
    const wanted = hello.nodeRank ?? -1;
    this.#nodes.push({ from, hello, nodeRank: wanted, done: false });
    if (this.#nodes.length < numNodes) return [];
    // Hosts without a wish take the free places in the order in which they came.
    for (const node of this.#nodes) {
      if (node.nodeRank < 0) node.nodeRank = this.#freeNodeRank();
    }
    this.#phase = 'joining';
    return this.#nodes
      .toSorted((a, b) => a.nodeRank - b.nodeRank)
      .map((node) => ({
        kind: 'assign',
        to: node.from,
        nodeRank: node.nodeRank,
        firstRank: node.nodeRank * workersPerNode,
        why: `all ${numNodes} host(s) are there; ${node.hello.host} is host ${node.nodeRank}`,
      }));
  }

  #freeNodeRank(): number {
    let rank = 0;
    while (this.#nodes.some((node) => node.nodeRank === rank)) rank++;
    return rank;
  }

  #workerHello(from: string, hello: WorkerHello): Decision[] {
    const worker = this.#workers[hello.rank ?? -1];
    if (!worker || this.#phase === 'gathering') {
      return [
        {
          kind: 'refuse',
          to: from,
          code: 'MEMBERSHIP_UNKNOWN_RANK',
          why: `rank ${hello.rank} does not belong to this run of ${this.#workers.length} workers`,
          hint: 'workers are started by launch',
        },
      ];
    }
    if (worker.hello && worker.hello.pid !== hello.pid) {
      return [
        {
          kind: 'refuse',
          to: from,
          code: 'MEMBERSHIP_RANK_TAKEN',
          why: `rank ${worker.rank} is process ${worker.hello.pid}, not ${hello.pid}`,
          hint: 'stop the process that was left from another run',
        },
      ];
    }
    worker.from = from;
    worker.hello = hello;
    worker.phase = 'join';
    if (this.#phase === 'running') {
      return [{ kind: 'world', to: [from], peers: this.#peers(), why: `rank ${worker.rank} asks again` }];
    }
    if (this.#phase !== 'joining' || !this.#workers.every((other) => other.hello)) return [];
    this.#phase = 'running';
    return [
      {
        kind: 'world',
        to: this.#joined(),
        peers: this.#peers(),
        why: `all ${this.#workers.length} worker(s) have joined`,
      },
    ];
  }

  #heartbeat(rank: number, step: number, phase: string): Decision[] {
    const worker = this.#workers[rank];
    if (worker) {
      worker.step = Math.max(worker.step, step);
      if (phase) worker.phase = phase;
    }
    return [];
  }

  #workerExit(exit: NodeWorkerExit): Decision[] {
    const worker = this.#workers[exit.rank ?? -1];
    if (!worker) return [];
    worker.exit = exit;
    if (this.#phase === 'aborting' || worker.farewell) return this.#maybeOver();
    const cause = describeExit(exit, worker, this.#hostOf(worker.rank));
    const known = this.#candidates.find((candidate) => candidate.rank === worker.rank && candidate.fromWorker);
    if (known) {
      // The worker has said why it goes; its exit adds what only the launcher sees.
      Object.assign(known, {
        exitCode: cause.exitCode,
        signal: cause.signal,
        pid: cause.pid,
        lastLines: cause.lastLines,
      });
      return isVictim(known) ? [] : this.#conclude();
    }
    this.#candidates.push(cause);
    if (cause.signal) return this.#conclude();
    return this.#settle(exit.exitCode === 0 ? LEAVE_SETTLE_MS : EXIT_SETTLE_MS, `rank ${worker.rank} has ended`);
  }

  #failure(failure: Failure): Decision[] {
    const worker = this.#workers[failure.rank ?? -1];
    if (this.#phase === 'aborting' || !worker) return [];
    const cause = failureCause(failure, worker, this.#hostOf(worker.rank));
    const exited = this.#candidates.findIndex((candidate) => candidate.rank === worker.rank);
    if (exited >= 0) {
      const seen = this.#candidates[exited];
      this.#candidates[exited] = {
        ...cause,
        exitCode: seen?.exitCode,
        signal: seen?.signal,
        lastLines: seen?.lastLines ?? [],
      };
    } else this.#candidates.push(cause);
    if (isVictim(cause)) return this.#settle(VICTIM_SETTLE_MS, `rank ${worker.rank} misses a peer`);
    // The exit follows at once; with it the report can show the last lines.
    return this.#settle(exited >= 0 ? 0 : EXIT_SETTLE_MS, `rank ${worker.rank} reports ${cause.code}`);
  }

  #farewell(farewell: Farewell): Decision[] {
    const worker = this.#workers[farewell.rank ?? -1];
    if (!worker) return [];
    worker.farewell = farewell;
    worker.phase = 'left';
    const early = this.#candidates.findIndex((candidate) => candidate.rank === worker.rank && !candidate.fromWorker);
    if (early >= 0) this.#candidates.splice(early, 1);
    return this.#maybeOver();
  }

  #nodeFarewell(nodeRank: number): Decision[] {
    const node = this.#nodes.find((entry) => entry.nodeRank === nodeRank);
    if (node) node.done = true;
    return this.#maybeOver();
  }

  #nodeFailure(nodeRank: number, failure: Failure): Decision[] {
    const host = this.#nodes.find((node) => node.nodeRank === nodeRank)?.hello.host ?? '?';
    return this.#abort({
      code: failure.code || 'LAUNCH_UNEXPECTED',
      message: `host ${nodeRank} (${host}): ${failure.message}`,
      hint: failure.hint ?? '',
      host,
      fromWorker: true,
      lastLines: [],
    });
  }

  #nodeLost(nodeRank: number, silentMs: number): Decision[] {
    const node = this.#nodes.find((entry) => entry.nodeRank === nodeRank);
    if (!node || node.done) return [];
    node.done = true;
    if (this.#phase === 'aborting') return this.#maybeOver();
    return this.#abort({
      code: 'MEMBERSHIP_HOST_LOST',
      message: `host ${nodeRank} (${node.hello.host}) has not been heard for ${Math.round(silentMs / 1000)} s`,
      hint: 'check that host and the network between the hosts, then continue with --resume',
      host: node.hello.host ?? '',
      fromWorker: false,
      lastLines: [],
    });
  }

  #workerSilent(rank: number, silentMs: number): Decision[] {
    const worker = this.#workers[rank];
    if (!worker || worker.farewell || worker.exit || this.#phase === 'aborting') return [];
    return this.#abort({
      rank,
      code: 'MEMBERSHIP_WORKER_SILENT',
      message: `rank ${rank} (pid ${worker.hello?.pid}, ${this.#hostOf(rank)}) has been silent for ${Math.round(silentMs / 1000)} s, since ${worker.phase} at step ${worker.step}`,
      hint: 'the process is stopped or its host is overloaded; --stall-timeout changes how long this may last',
      pid: worker.hello?.pid ?? undefined,
      host: this.#hostOf(rank),
      phase: worker.phase,
      fromWorker: false,
      lastLines: [],
    });
  }

  #settle(afterMs: number, why: string): Decision[] {
    if (afterMs === 0) return this.#conclude();
    if (this.#settling) return [];
    this.#settling = true;
    return [{ kind: 'settle', afterMs, why }];
  }

  #settled(): Decision[] {
    this.#settling = false;
    return this.#candidates.length > 0 && this.#phase !== 'aborting' ? this.#conclude() : [];
  }

  /** Of all explanations the first own failure, else the first exit, else the first victim's complaint. */
  #conclude(): Decision[] {
    const cause =
      this.#candidates.find((candidate) => candidate.fromWorker && !isVictim(candidate)) ??
      this.#candidates.find((candidate) => !candidate.fromWorker) ??
      this.#candidates[0];
    return cause ? this.#abort(cause) : [];
  }

  #abort(cause: RootCause): Decision[] {
    if (this.#phase === 'aborting') return [];
    // Hosts without an assignment have started nothing that one must wait for.
    if (this.#phase === 'gathering') for (const node of this.#nodes) node.done = true;
    this.#phase = 'aborting';
    this.#verdict = this.#stopWith ? { kind: 'stopped', ...this.#stopWith } : { kind: 'failed', cause };
    return [{ kind: 'abort', cause, why: cause.message }, ...this.#maybeOver()];
  }

  #joinTimeout(afterMs: number): Decision[] {
    if (this.#phase !== 'gathering' && this.#phase !== 'joining') return [];
    const seconds = Math.round(afterMs / 1000);
    const missing = this.#workers.filter((worker) => !worker.hello).map((worker) => worker.rank);
    const message =
      this.#phase === 'gathering'
        ? `after ${seconds} s ${this.#nodes.length} of ${this.#options.numNodes} hosts are there`
        : `after ${seconds} s rank ${missing.join(', ')} has not joined`;
    return this.#abort({
      code: 'MEMBERSHIP_JOIN_TIMEOUT',
      message,
      hint: 'start launch on every host with the same --rdzv-endpoint and --rdzv-id; --join-timeout changes the time',
      fromWorker: false,
      lastLines: [],
    });
  }

  #drain(reason: string, exitCode: number): Decision[] {
    if (this.#phase === 'aborting') return [];
    if (this.#phase !== 'running') return this.#stop(reason, exitCode);
    return [
      { kind: 'drain', to: this.#joined(), reason, why: `${reason}: all ranks stop after the same step and save` },
    ];
  }

  #drainTimeout(afterMs: number): Decision[] {
    if (this.#phase !== 'running') return [];
    const left = this.#workers.filter((worker) => !worker.farewell).map((worker) => worker.rank);
    return this.#abort({
      code: 'LAUNCH_DRAIN_TIMEOUT',
      message: `rank ${left.join(', ')} had not stopped ${Math.round(afterMs / 1000)} s after being asked to`,
      hint: 'the last checkpoint is whole: continue with --resume; --drain-timeout changes the time',
      fromWorker: false,
      lastLines: [],
    });
  }

  #stop(reason: string, exitCode: number): Decision[] {
    if (this.#phase === 'aborting') return [];
    this.#stopWith = { reason, exitCode };
    return this.#abort({ code: 'LAUNCH_STOPPED', message: reason, hint: '', fromWorker: false, lastLines: [] });
  }

  #maybeOver(): Decision[] {
    const nodesDone = this.#nodes.every((node) => node.done);
    if (this.#phase === 'aborting') {
      if (!nodesDone || !this.#verdict) return [];
      this.#phase = 'over';
      return [{ kind: 'finish', outcome: this.#verdict, why: 'all workers have ended' }];
    }
    const farewells = this.#workers.flatMap((worker) => (worker.farewell ? [worker.farewell] : []));
    if (!nodesDone || farewells.length < this.#workers.length || this.#nodes.length === 0) return [];
    this.#phase = 'over';
    return [{ kind: 'finish', outcome: { kind: 'finished', farewells }, why: 'every rank has said farewell' }];
  }

  #joined(): string[] {
    return this.#workers.flatMap((worker) => (worker.from !== undefined && !worker.farewell ? [worker.from] : []));
  }

  #peers(): Peer[] {
    return this.#workers.map(({ rank, hello }) => ({
      rank,
      localEndpoint: hello?.localEndpoint ?? '',
      remoteEndpoint: hello?.remoteEndpoint ?? '',
      hostId: hello?.hostId ?? '',
      directLocalEndpoint: hello?.directLocalEndpoint ?? '',
      directRemoteEndpoint: hello?.directRemoteEndpoint ?? '',
    }));
  }

  #hostOf(rank: number): string {
    const nodeRank = Math.floor(rank / this.#options.workersPerNode);
    return (
      this.#workers[rank]?.hello?.host || this.#nodes.find((node) => node.nodeRank === nodeRank)?.hello.host || '?'
    );
  }
}
