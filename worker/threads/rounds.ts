/** How the main thread takes part in the rounds of an all-reduce. */
import type { LockstepError } from '../../proto/errors.js';
import { abortable, Deferred } from '../../proto/lifecycle.js';
import type { CommsInput } from './comms-input.js';
import type { RoundStats } from './comms-output.js';

export interface WaitOptions {
  /** Ends the wait, not the round. */
  readonly signal?: AbortSignal | undefined;
  /** @defaultValue 10 minutes */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_TIMEOUT_MS = 600_000;

export interface Rounds {
  /** Says that the local partial sums of a bucket are complete. @param isLast whether no other bucket is still to come in this round */
  bucketReady(round: number, bucket: number, isLast: boolean): void;
  /** Resolves when every bucket is reduced. */
  wait(round: number, options: WaitOptions): Promise<RoundStats>;
  /** The comms thread has finished a round. */
  roundDone(stats: RoundStats): void;
  /** No round can succeed any more; waits reject. */
  fail(error: LockstepError): void;
}

/** Rounds that the comms thread runs by itself; the main thread only tells it what is ready. */
export class MessageRounds implements Rounds {
  readonly #post: (input: CommsInput) => void;
  #done = new Deferred<RoundStats>();

  constructor(post: (input: CommsInput) => void) {
    this.#post = post;
  }

  bucketReady(round: number, bucket: number): void {
    this.#post({ kind: 'bucketReady', round, bucket });
  }

  async wait(round: number, options: WaitOptions): Promise<RoundStats> {
    this.#post({ kind: 'awaitRound', round, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS });
    const stats = await abortable(this.#done.promise, options.signal);
    this.#done = new Deferred();
    return stats;
  }

  roundDone(stats: RoundStats): void {
    this.#done.resolve(stats);
  }

  fail(error: LockstepError): void {
    const failed = new Deferred<RoundStats>();
    failed.reject(error);
    this.#done.reject(error);
    this.#done = failed;
  }
}
