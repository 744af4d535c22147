/** Where the time of a step goes: named phases on a monotonic clock. */

import { threadTrace } from './trace/thread-trace.js';

/** Phases of a training step, as the metrics label them. */
export type StepPhase = 'data_wait' | 'host_to_device' | 'forward_backward' | 'allreduce_wait' | 'optimizer' | 'ema';

/** Adds up seconds per phase between two resets. */
export class PhaseTimer {
  #seconds = new Map<StepPhase, number>();
  #started = performance.now();

  /** Runs a function as part of a phase and returns its result. */
  time<T>(phase: StepPhase, work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#add(phase, start);
    }
  }

  /** As {@link time}, for a promise. */
  async timeAsync<T>(phase: StepPhase, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#add(phase, start);
    }
  }

  /** Returns what was gathered since the last call, and the seconds that passed, and starts anew. */
  take(): { phases: { phase: StepPhase; seconds: number }[]; totalSeconds: number } {
    const now = performance.now();
    const taken = {
      phases: [...this.#seconds].map(([phase, seconds]) => ({ phase, seconds })),
      totalSeconds: (now - this.#started) / 1000,
    };
    this.#seconds = new Map();
    this.#started = now;
    return taken;
  }

  #add(phase: StepPhase, start: number): void {
    if (threadTrace.isOn) threadTrace.end(phase, start);
    this.#seconds.set(phase, (this.#seconds.get(phase) ?? 0) + (performance.now() - start) / 1000);
  }
}
