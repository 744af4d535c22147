/** Starts worker processes and sees to it that they end: one process group each, a lifeline pipe, no orphans. */
import { type ChildProcess, spawn } from 'node:child_process';
import { LaunchError } from '../proto/errors.js';

/** File descriptor of the pipe whose closing tells a worker that its launcher is gone. */
export const LIFELINE_FD = 3;

/** How long to wait for the output of an ended worker; a grandchild may hold its pipe open. */
const OUTPUT_GRACE_MS = 200;

/** How a worker ended. */
export interface WorkerExit {
  readonly rank: number;
  readonly pid: number;
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export interface WorkerSpec {
  readonly rank: number;
  /** JavaScript file to run. */
  readonly entry: string;
  /** The whole environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  /** Takes the worker's output as it comes. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

/** A running worker process and its group. */
export class WorkerProcess {
  readonly rank: number;
  readonly pid: number;
  /** Resolves once the process has ended and its output is read. */
  readonly exited: Promise<WorkerExit>;
  readonly #child: ChildProcess;
  #running = true;

  private constructor(spec: WorkerSpec, child: ChildProcess, pid: number) {
    this.rank = spec.rank;
    this.pid = pid;
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => spec.onOutput('stdout', chunk));
    child.stderr?.on('data', (chunk: Buffer) => spec.onOutput('stderr', chunk));
    // The lifeline carries nothing; a worker that dies resets it.
    child.stdio[LIFELINE_FD]?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running = false;
        // Whatever the worker started goes with it.
        this.#signalGroup('SIGKILL');
        const exit = { rank: spec.rank, pid, exitCode: code ?? undefined, signal: signal ?? undefined };
        const done = (): void => {
          clearTimeout(timer);
          resolve(exit);
        };
        const timer = setTimeout(done, OUTPUT_GRACE_MS);
        child.once('close', done);
      });
    });
  }

  /**
   * Starts a worker.
   * @throws LaunchError `LAUNCH_SPAWN_FAILED`
   */
  static async start(spec: WorkerSpec): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [spec.entry], {
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const error = await new Promise<Error | undefined>((resolve) => {
      child.once('spawn', () => resolve(undefined));
      child.once('error', resolve);
    });
    if (error || child.pid === undefined) {
      throw new LaunchError(
        'LAUNCH_SPAWN_FAILED',
        `cannot start the worker of rank ${spec.rank}: ${error?.message ?? 'no process id'}`,
        {
          hint: 'check the limits on processes and memory (ulimit -u, free -m)',
          cause: error,
        },
      );
    }
    return new WorkerProcess(spec, child, child.pid);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Sends a signal to the worker's whole group; does nothing once it has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#running) this.#signalGroup(name);
  }

  /** Lets go of the pipes, so that they do not keep the launcher alive. */
  release(): void {
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  #signalGroup(name: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, name);
    } catch {
      // The group is empty: nothing is left to signal.
    }
  }
}

export interface StopOptions {
  /** Time for the workers to leave by themselves before SIGTERM. */
  readonly graceMs: number;
  /** Time between SIGTERM and SIGKILL. */
  readonly killAfterMs: number;
}

/**
 * Resolves when all workers have ended: by themselves, by SIGTERM, or by SIGKILL.
 * @returns the ranks that had to be killed
 */
export async function stopWorkers(workers: readonly WorkerProcess[], options: StopOptions): Promise<number[]> {
  const all = Promise.all(workers.map((worker) => worker.exited));
  const signalAll = (name: NodeJS.Signals): void => {
    for (const worker of workers) worker.signal(name);
  };
  if (await endsWithin(all, options.graceMs)) return [];
  signalAll('SIGTERM');
  if (await endsWithin(all, options.killAfterMs)) return [];
  const stubborn = workers.filter((worker) => worker.running).map((worker) => worker.rank);
  signalAll('SIGKILL');
  await all;
  return stubborn;
}

async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const ended = await Promise.race([promise.then(() => true as const), late]);
  clearTimeout(timer);
  return ended;
}
