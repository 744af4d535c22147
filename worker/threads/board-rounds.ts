/** Rounds in shared memory: whoever is last sums, and a main thread that has to wait sums too instead of idling. */
import type { LockstepError } from '../../proto/errors.js';
import type { Board } from '../collective/board.js';
import type { Futex } from '../shared-memory/futex.js';
import { waitForBoard } from './board-wait.js';
import type { CommsInput } from './comms-input.js';
import type { RoundStats } from './comms-output.js';
import type { Rounds, WaitOptions } from './rounds.js';

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
    const work = (of: number) => board.advance(of);
    try {
      await waitForBoard(round, { board, futex, post, work, failure: () => this.#failure }, options);
    } finally {
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
      bytesShared: 2 * bytesPerRound,
      exchangeMs: Math.max(0, Math.max(...reducedMs) - Math.min(...readyMs)),
      bucketReadyMs: readyMs,
      bucketDoneMs: reducedMs,
      numDropped: {},
    };
  }
}
