/** Rounds of a hierarchy whose hosts share memory: this rank's leader thread exchanges with other hosts, and the main thread only waits. */
import type { LockstepError } from '../../proto/errors.js';
import type { HostBoard } from '../collective/host-board.js';
import type { Futex } from '../shared-memory/futex.js';
import { waitForBoard } from './board-wait.js';
import type { CommsInput } from './comms-input.js';
import type { RoundStats } from './comms-output.js';
import type { Rounds, WaitOptions } from './rounds.js';

export interface HostRoundsOptions {
  readonly board: HostBoard;
  readonly futex: Futex;
  readonly post: (input: CommsInput) => void;
}

export class HostRounds implements Rounds {
  readonly #options: HostRoundsOptions;
  #failure: LockstepError | undefined;

  constructor(options: HostRoundsOptions) {
    this.#options = options;
  }

  bucketReady(round: number, bucket: number): void {
    const { board, post } = this.#options;
    // The last rank of the host calls its leaders.
    if (board.announce(round, bucket)) post({ kind: 'hostReady', round, bucket });
  }

  async wait(round: number, options: WaitOptions): Promise<RoundStats> {
    const { board } = this.#options;
    await waitForBoard(round, { ...this.#options, failure: () => this.#failure }, options);
    const { readyMs, reducedMs } = board.times();
    const { given, taken } = board.sharedBytes;
    const stats = board.stats();
    return {
      round,
      ...stats,
      bytesSent: stats.bytesSent + given,
      bytesReceived: stats.bytesReceived + taken,
      bytesShared: given + taken,
      exchangeMs: Math.max(0, Math.max(...reducedMs) - Math.min(...readyMs)),
      bucketReadyMs: readyMs,
      bucketDoneMs: reducedMs,
    };
  }

  roundDone(): void {}

  fail(error: LockstepError): void {
    this.#failure ??= error;
  }
}
