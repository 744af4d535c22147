/**
 * How many threads a loader should have: more while the trainer waits for batches, fewer while they idle. Pure: fed with
 * what was measured, it answers with a number.
 */

/** What was measured since the last decision. */
export interface PaceWindow {
  readonly seconds: number;
  /** Of these, how long somebody waited for a batch. */
  readonly waitSeconds: number;
  /** Work of all threads together. */
  readonly busySeconds: number;
}

/** A larger share of the time spent waiting is worth another thread. */
const WAIT_TO_GROW = 0.02;
/** Below this nobody waits. */
const WAIT_TO_SHRINK = 0.005;
/** The remaining threads must have this much air, or the next wait would bring the thread back. */
const LOAD_AFTER_SHRINKING = 0.75;
/** Windows in a row without waiting before a thread goes. */
const CALM_WINDOWS = 4;

export class LoaderPace {
  readonly #max: number;
  #threads: number;
  #least = 1;
  #calm = 0;
  #hasShrunk = false;

  /** @param max threads at most; the start is at half of them */
  constructor(max: number) {
    this.#max = max;
    this.#threads = Math.ceil(max / 2);
  }

  get threads(): number {
    return this.#threads;
  }

  /** Takes in a window and returns the number of threads from now on. */
  update({ seconds, waitSeconds, busySeconds }: PaceWindow): number {
    if (this.#max <= 1 || seconds <= 0) return this.#threads;
    const waitShare = waitSeconds / seconds;
    if (waitShare > WAIT_TO_GROW) this.#grow();
    else if (waitShare < WAIT_TO_SHRINK && this.#hasAir(busySeconds / seconds)) this.#relax();
    else this.#calm = 0;
    return this.#threads;
  }

  #grow(): void {
    this.#calm = 0;
    // The thread that went last was needed after all: it stays from now on.
    if (this.#hasShrunk) this.#least = Math.min(this.#threads + 1, this.#max);
    this.#hasShrunk = false;
    this.#threads = Math.min(this.#max, this.#threads + Math.max(1, this.#threads >> 1));
  }

  #relax(): void {
    this.#calm++;
    if (this.#calm < CALM_WINDOWS) return;
    this.#calm = 0;
    this.#hasShrunk = true;
    this.#threads--;
  }

  /** Whether one thread fewer would do this much work at ease. @param load threads' worth of work */
  #hasAir(load: number): boolean {
    return this.#threads > this.#least && load < (this.#threads - 1) * LOAD_AFTER_SHRINKING;
  }
}

/** A window holds so many batches at least … */
const MIN_BATCHES = 8;
/** … and so much time. */
const MIN_SECONDS = 1;

/** Gathers the windows of a loader. Times are milliseconds of one clock. */
export class LoaderPacing {
  readonly #pace: LoaderPace | undefined;
  #startedMs: number | undefined;
  #waitMs = 0;
  #numBatches = 0;

  /** @param max threads at most; 0: there are none, and nothing to decide */
  constructor(max: number) {
    this.#pace = max > 0 ? new LoaderPace(max) : undefined;
  }

  /** Threads to have now. */
  get numThreads(): number {
    return this.#pace?.threads ?? 0;
  }

  /**
   * Takes in a batch that was asked for and came; returns the number of threads to have, at the end of a window.
   * @param takeBusySeconds work of all threads since it was last called
   */
  delivered(askedMs: number, cameMs: number, takeBusySeconds: () => number): number | undefined {
    if (this.#pace === undefined) return undefined;
    // Before the first batch there is no pace: threads start, files are read for the first time.
    if (this.#startedMs === undefined) return this.#restart(cameMs, takeBusySeconds);
    this.#waitMs += cameMs - askedMs;
    this.#numBatches++;
    const seconds = (cameMs - this.#startedMs) / 1000;
    if (this.#numBatches < MIN_BATCHES || seconds < MIN_SECONDS) return undefined;
    const waitSeconds = this.#waitMs / 1000;
    const wanted = this.#pace.update({ seconds, waitSeconds, busySeconds: takeBusySeconds() });
    this.#restart(cameMs, () => 0);
    return wanted;
  }

  #restart(nowMs: number, forget: () => number): undefined {
    forget();
    this.#startedMs = nowMs;
    this.#waitMs = 0;
    this.#numBatches = 0;
    return undefined;
  }
}
