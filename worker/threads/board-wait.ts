/** How a main thread waits for the end of a round in shared memory: on a futex, deaf to its other events for moments only. */
import { setImmediate as turn } from 'node:timers/promises';
import type { LockstepError } from '../../proto/errors.js';
import type { Futex } from '../shared-memory/futex.js';
import type { CommsInput } from './comms-input.js';
import { DEFAULT_TIMEOUT_MS, type WaitOptions } from './rounds.js';

/** How long the main thread may be deaf to its other events: batches that loaders have made, an abort. */
const MAX_BLOCKED_MS = 4;
const FIRST_BLOCKED_MS = 0.5;
/** Only a wait that takes longer needs the comms thread's deadline. */
const DEADLINE_AFTER_MS = 10;

/** What there is to wait for. */
export interface AwaitedBoard {
  /** Counts whatever someone may wait for. */
  readonly bell: number;
  setWaiting(waiting: boolean): void;
  isOver(round: number): boolean;
}

export interface BoardWait {
  readonly board: AwaitedBoard;
  readonly futex: Futex;
  readonly post: (input: CommsInput) => void;
  /** Does what this thread can do for the round, and returns how much that was. @defaultValue nothing */
  readonly work?: ((round: number) => number) | undefined;
  /** Why no round can succeed any more. */
  readonly failure: () => LockstepError | undefined;
}

/** Resolves when the round is over. @throws the failure; the signal's reason */
export async function waitForBoard(round: number, wait: BoardWait, options: WaitOptions): Promise<void> {
  const { board, futex, post, work, failure } = wait;
  const startedMs = performance.now();
  let heardMs = startedMs;
  let blockedMs = FIRST_BLOCKED_MS;
  let hasDeadline = false;
  board.setWaiting(true);
  try {
    for (;;) {
      const error = failure();
      if (error !== undefined) throw error;
      const { bell } = board;
      const numDone = work?.(round) ?? 0;
      if (board.isOver(round)) return;
      if (numDone > 0) {
        // Soon again: others may be behind with theirs.
        blockedMs = FIRST_BLOCKED_MS;
        continue;
      }
      futex.wait(bell, blockedMs);
      const nowMs = performance.now();
      if (!hasDeadline && nowMs - startedMs > DEADLINE_AFTER_MS) {
        hasDeadline = true;
        post({ kind: 'awaitRound', round, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
      }
      if (nowMs - heardMs < blockedMs) continue;
      await turn();
      options.signal?.throwIfAborted();
      heardMs = performance.now();
      blockedMs = Math.min(2 * blockedMs, MAX_BLOCKED_MS);
    }
  } finally {
    board.setWaiting(false);
  }
}
