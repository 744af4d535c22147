/** The first thing that went wrong, in words: built from a worker's own report or from how its process ended. Pure. */
import type { Failure, NodeWorkerExit, WorkerState } from './membership-events.js';

/** Why a run ended early. */
export interface RootCause {
  readonly rank?: number | undefined;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly phase?: string | undefined;
  readonly stack?: string | undefined;
  readonly detailsJson?: string | undefined;
  readonly host?: string | undefined;
  pid?: number | undefined;
  exitCode?: number | undefined;
  signal?: string | undefined;
  /** True when the worker itself reported it; that says more than its exit status. */
  readonly fromWorker: boolean;
  /** What the worker wrote last, oldest first. */
  lastLines: readonly string[];
}

/** Tells whether a failure only reports that another rank was missed. */
export function isVictim(cause: RootCause): boolean {
  return (
    cause.fromWorker &&
    (cause.code.startsWith('COLLECTIVE_PEER') ||
      cause.code.startsWith('COLLECTIVE_TIMEOUT') ||
      cause.code.startsWith('COLLECTIVE_ABORT') ||
      cause.code.startsWith('TRANSPORT_PEER') ||
      cause.code.startsWith('MEMBERSHIP_ABORT'))
  );
}

/** A root cause from a worker's own report. */
export function failureCause(failure: Failure, worker: WorkerState, host: string): RootCause {
  return {
    rank: worker.rank,
    code: failure.code || 'LAUNCH_UNEXPECTED',
    message: failure.message || 'no message',
    hint: failure.hint ?? '',
    phase: failure.phase || worker.phase,
    stack: failure.stack || undefined,
    detailsJson: failure.detailsJson || undefined,
    host,
    pid: worker.hello?.pid ?? undefined,
    fromWorker: true,
    lastLines: [],
  };
}

/** A root cause from how a worker's process ended: "rank 1 (pid 7, host a) was killed by SIGKILL during forward at step 12". */
export function describeExit(exit: NodeWorkerExit, worker: WorkerState, host: string): RootCause {
  const signal = exit.signal || undefined;
  const how = signal
    ? `was killed by ${signal}`
    : exit.exitCode === 0
      ? 'left without a farewell'
      : `ended with exit code ${exit.exitCode}`;
  const when =
    worker.phase === 'start' || worker.phase === 'join'
      ? `during ${worker.phase}`
      : `during ${worker.phase} at step ${worker.step}`;
  return {
    rank: worker.rank,
    code: signal ? 'LAUNCH_WORKER_KILLED' : 'LAUNCH_WORKER_EXITED',
    message: `rank ${worker.rank} (pid ${exit.pid}, host ${host}) ${how} ${when}`,
    hint: hintFor(signal),
    phase: worker.phase,
    host,
    pid: exit.pid ?? undefined,
    exitCode: signal ? undefined : (exit.exitCode ?? undefined),
    signal,
    fromWorker: false,
    lastLines: exit.lastLines ?? [],
  };
}

const CRASH_HINT = 'the engine crashed: launch doctor checks it, --engine wasm runs without it';
const HINTS: Readonly<Record<string, string>> = {
  SIGKILL:
    'if nobody killed it, the kernel did for lack of memory (dmesg tells): lower --batch-size or --imgsz; continue with --resume',
  SIGBUS: '/dev/shm is probably full: df -h /dev/shm, and in a container raise shm_size',
  SIGSEGV: CRASH_HINT,
  SIGABRT: CRASH_HINT,
  SIGILL: CRASH_HINT,
};

function hintFor(signal: string | undefined): string {
  return HINTS[signal ?? ''] ?? 'its last lines and its log file say more; continue with --resume';
}
