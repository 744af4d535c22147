/** Rounds in shared memory: whoever is last sums, and a main thread that has to wait sums too instead of idling. */
import { setImmediate as turn } from 'node:timers/promises';
import type { LockstepError } from '../../proto/errors.js';
import type { Board } from '../collective/board.js';
import type { Futex } from '../shared-memory/futex.js';
import type { CommsInput } from './comms-input.js';
import type { RoundStats } from './comms-output.js';
import { DEFAULT_TIMEOUT_MS, type Rounds, type WaitOptions } from './rounds.js';

/** How long the main thread may be deaf to its other events: batches that loaders have made, an abort. */
const MAX_BLOCKED_MS = 4;
const FIRST_BLOCKED_MS = 0.5;
/** Only a wait that takes longer needs the comms thread's deadline. */
const DEADLINE_AFTER_MS = 10;

export interface BoardRoundsOptions {
  readonly board: Board;
  readonly futex: Futex;
  readonly post: (input: CommsInput) => void;
  /** Payload that this rank's memory gives to its peers in a round, and takes from theirs. */
  readonly bytesPerRound: number;
}

export class BoardRounds implements Rounds {
  readonly #options: BoardRoundsOptions;
  #failure: LockstepError | undefined;
  /** A round whose last bucket is complete; mostly the wait that follows at once sums it. */
  #held: number | undefined;

  constructor(options: BoardRoundsOptions) {
    this.#options = options;
  }

  bucketReady(round: number, bucket: number, isLast: boolean): void {
    const { board, post } = this.#options;
    // Whoever completes a bucket sees that it is summed.
    if (!board.announce(round, bucket)) return;
    if (!isLast) {
      post({ kind: 'sumBoard', round, bucket });
      return;
    }
    this.#held = round;
    queueMicrotask(() => {
      if (this.#held !== round) return;
      this.#held = undefined;
      post({ kind: 'sumBoard', round, bucket });
    });
  }

  async wait(round: number, options: WaitOptions): Promise<RoundStats> {
    const { board, futex, post } = this.#options;
    this.#held = undefined;
    const startedMs = performance.now();
    let heardMs = startedMs;
    let blockedMs = FIRST_BLOCKED_MS;
    let hasDeadline = false;
    board.setWaiting(true);
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure;
        const bell = board.bell;
        const numDone = board.advance(round);
        if (board.isOver(round)) break;
        if (numDone > 0) continue;
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
      // Buckets that become complete from now on are for the comms thread; those that have, too.
      if (!board.isOver(round) && this.#failure === undefined) post({ kind: 'sumBoard', round, bucket: 0 });
    }
    return this.#stats(round);
  }

  roundDone(): void {}

  fail(error: LockstepError): void {
    this.#failure ??= error;
  }

  #stats(round: number): RoundStats {
    const { board, bytesPerRound } = this.#options;
    const { readyMs, reducedMs } = board.times();
    return {
      round,
      bytesSent: bytesPerRound,
      bytesReceived: bytesPerRound,
      exchangeMs: Math.max(0, Math.max(...reducedMs) - Math.min(...readyMs)),
      bucketReadyMs: readyMs,
      bucketDoneMs: reducedMs,
      numDropped: {},
    };
  }
}
