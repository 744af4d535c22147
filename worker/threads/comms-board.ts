/** The comms thread's part in rounds in shared memory: it sums while the main thread computes, and calls other ranks' comms threads in. */
import type { Board } from '../collective/board.js';

/** Segments that are summed before other events get their turn: 8 MiB take some milliseconds. */
const SEGMENTS_PER_TURN = 32;

export interface CommsBoardOptions {
  readonly board: Board;
  /** Sends a doorbell to a rank. */
  readonly ring: (peer: number, round: number, bucket: number) => void;
  readonly onFailure: (error: unknown) => void;
}

export class CommsBoard {
  readonly #options: CommsBoardOptions;
  #round = 0;
  #scheduled = false;

  constructor(options: CommsBoardOptions) {
    this.#options = options;
  }

  get board(): Board {
    return this.#options.board;
  }

  /** The main thread says that a bucket is complete. Large ones are worth a message to those who are busy. */
  sum(round: number, bucket: number): void {
    const { board, ring } = this.#options;
    if (board.isLarge(bucket)) for (const peer of board.busyRanks()) ring(peer, round, bucket);
    this.help(round);
  }

  /** Sums what is left to sum in a round; other events get their turn in between. */
  help(round: number): void {
    this.#round = Math.max(round, this.#round);
    if (this.#scheduled) return;
    this.#work();
  }

  #work(): void {
    this.#scheduled = false;
    try {
      if (this.#options.board.advance(this.#round, SEGMENTS_PER_TURN) < SEGMENTS_PER_TURN) return;
    } catch (error) {
      this.#options.onFailure(error);
      return;
    }
    this.#scheduled = true;
    setImmediate(() => this.#work());
  }
}
