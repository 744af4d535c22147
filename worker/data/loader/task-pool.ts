/** Spreads the tasks of batches over loader threads, or runs them here. How many threads there are may change at any time. */
import type { DataError } from '../../../proto/errors.js';
import { LoaderThread } from '../../threads/loader-client.js';
import type { Dataset } from '../dataset.js';
import type { SampleOptions } from '../sample.js';
import { runSampleTask, type SampleResult, type SampleTask } from './sample-task.js';
import { closeTaskList, openTaskList, type TaskDone, TaskLanes, type TaskList } from './task-lanes.js';

/** Whoever can take part in lists. */
interface Runner {
  add(list: TaskList): void;
  close(): Promise<void>;
}

/** The tasks of a batch on their way. */
export interface TaskRun {
  /** By position; undefined for tasks that were cancelled before anybody began them. Rejects if a thread dies. */
  readonly results: Promise<(SampleResult | undefined)[]>;
  /** Begins no further task; `results` follow when those in work are done. */
  cancel(): void;
}

interface Pending {
  readonly list: TaskList;
  readonly results: (SampleResult | undefined)[];
  numDone: number;
  numExpected: number;
  resolve(results: (SampleResult | undefined)[]): void;
  reject(error: DataError): void;
}

export class TaskPool {
  readonly #openRunner: () => Runner;
  readonly #canResize: boolean;
  readonly #runners: Runner[] = [];
  readonly #retired: Promise<void>[] = [];
  readonly #pending = new Map<number, Pending>();
  #nextTicket = 0;
  #busyMs = 0;
  #broken: DataError | undefined;

  /**
   * @param numThreads 0: the calling thread does the work; decoding still happens in the background
   * @param onDeath called when a thread dies; the pool runs nothing afterwards
   */
  constructor(dataset: Dataset, options: SampleOptions, numThreads: number, onDeath: (error: DataError) => void) {
    const onDone = (done: TaskDone): void => this.#done(done);
    const died = (error: DataError): void => {
      this.#broken = error;
      for (const pending of this.#pending.values()) {
        closeTaskList(pending.list);
        pending.reject(error);
      }
      this.#pending.clear();
      onDeath(error);
    };
    this.#canResize = numThreads > 0;
    this.#openRunner = this.#canResize
      ? () => new LoaderThread({ table: dataset.table, options }, onDone, died)
      : () => new TaskLanes((task) => runSampleTask(dataset, task, options), onDone);
    this.#grow(Math.max(numThreads, 1));
  }

  /** Threads at work; 0 if the calling thread does it. */
  get numThreads(): number {
    return this.#canResize ? this.#runners.length : 0;
  }

  /** Seconds that the threads have been at work, all together, since this was last asked. */
  takeBusySeconds(): number {
    const seconds = this.#busyMs / 1000;
    this.#busyMs = 0;
    return seconds;
  }

  /** Changes the number of threads, at least one. A thread that goes finishes what it has begun; no task is lost or done twice. */
  resize(numThreads: number): void {
    if (!this.#canResize) return;
    this.#grow(numThreads);
    while (this.#runners.length > Math.max(numThreads, 1)) this.#retired.push(this.#runners.pop()!.close());
  }

  /** Begins tasks as soon as those of earlier calls have all been begun. */
  run(tasks: readonly SampleTask[]): TaskRun {
    const list = openTaskList(this.#nextTicket++, tasks);
    const results = new Promise<(SampleResult | undefined)[]>((resolve, reject) => {
      if (this.#broken !== undefined) {
        reject(this.#broken);
        return;
      }
      const empty = tasks.map(() => undefined);
      const pending: Pending = { list, results: empty, numDone: 0, numExpected: tasks.length, resolve, reject };
      this.#pending.set(list.ticket, pending);
      this.#settle(pending);
      if (tasks.length > 0) for (const runner of this.#runners) runner.add(list);
    });
    const cancel = (): void => {
      const pending = this.#pending.get(list.ticket);
      if (pending === undefined) return;
      pending.numExpected = Math.min(pending.numExpected, closeTaskList(list));
      this.#settle(pending);
    };
    return { results, cancel };
  }

  /** Waits for the tasks in work; whatever is not wanted any more must have been cancelled before. */
  async close(): Promise<void> {
    await Promise.all([...this.#runners.map((runner) => runner.close()), ...this.#retired]);
  }

  #grow(numThreads: number): void {
    while (this.#runners.length < numThreads) {
      const runner = this.#openRunner();
      // Maps keep the order of insertion, which is that of the batches.
      for (const { list } of this.#pending.values()) runner.add(list);
      this.#runners.push(runner);
    }
  }

  #done({ ticket, position, result, busyMs }: TaskDone): void {
    this.#busyMs += busyMs;
    const pending = this.#pending.get(ticket);
    if (pending === undefined) return;
    pending.results[position] = result;
    pending.numDone++;
    this.#settle(pending);
  }

  #settle(pending: Pending): void {
    if (pending.numDone < pending.numExpected) return;
    this.#pending.delete(pending.list.ticket);
    pending.resolve(pending.results);
  }
}
