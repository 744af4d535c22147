/** Spreads sample tasks over loader threads, or runs them here. First come, first served. */

import type { DataError } from '../../proto/errors.js';
import { LoaderThread } from '../threads/loader-client.js';
import type { Dataset } from './dataset.js';
import type { SampleOptions } from './sample.js';
import { runSampleTask, type SampleResult, type SampleTask } from './sample-task.js';

/** Whoever can run a task. */
interface Runner {
  readonly numPending: number;
  run(task: SampleTask): Promise<SampleResult>;
  close(): Promise<void>;
}

/** Runs tasks in the calling thread; decoding still happens in libuv's threads. */
class InlineRunner implements Runner {
  #numPending = 0;
  readonly #run: (task: SampleTask) => Promise<SampleResult>;

  constructor(dataset: Dataset, options: SampleOptions) {
    this.#run = (task) => runSampleTask(dataset, task, options);
  }

  get numPending(): number {
    return this.#numPending;
  }

  async run(task: SampleTask): Promise<SampleResult> {
    this.#numPending++;
    try {
      return await this.#run(task);
    } finally {
      this.#numPending--;
    }
  }

  async close(): Promise<void> {}
}

/** Two per runner: while one picture is decoded in the background, another is resized. */
const TASKS_PER_RUNNER = 2;

interface QueuedTask {
  readonly task: SampleTask;
  /** Asked when the task's turn comes; a cancelled task is never started. */
  readonly isCancelled: () => boolean;
  resolve(result: SampleResult | undefined): void;
  reject(error: unknown): void;
}

export class TaskPool {
  readonly #runners: readonly Runner[];
  readonly #queue: QueuedTask[] = [];
  #broken: DataError | undefined;

  /** @param onDeath called when a thread dies; the pool runs nothing afterwards */
  constructor(dataset: Dataset, options: SampleOptions, numThreads: number, onDeath: (error: DataError) => void) {
    const data = { table: dataset.table, options };
    const died = (error: DataError): void => {
      this.#broken = error;
      for (const queued of this.#queue.splice(0)) queued.reject(error);
      onDeath(error);
    };
    this.#runners =
      numThreads === 0
        ? [new InlineRunner(dataset, options)]
        : Array.from({ length: numThreads }, () => new LoaderThread(data, died));
  }

  /** The task's result, or undefined if it was cancelled before its turn. */
  run(task: SampleTask, isCancelled: () => boolean): Promise<SampleResult | undefined> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, isCancelled, resolve, reject });
      this.#pump();
    });
  }

  /** Waits for the tasks in work; tasks in the queue must have been cancelled before. */
  async close(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  #pump(): void {
    for (;;) {
      const runner = this.#leastBusy();
      if (runner === undefined) return;
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      if (queued.isCancelled()) {
        queued.resolve(undefined);
        continue;
      }
      void runner
        .run(queued.task)
        .then(
          (result) => queued.resolve(result),
          (error) => queued.reject(error),
        )
        .finally(() => this.#pump());
    }
  }

  #leastBusy(): Runner | undefined {
    let best: Runner | undefined;
    for (const runner of this.#runners) {
      if (runner.numPending >= TASKS_PER_RUNNER) continue;
      if (best === undefined || runner.numPending < best.numPending) best = runner;
    }
    return best;
  }
}
