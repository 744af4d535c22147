/**
 * How tasks get done without anybody handing them out: every thread has the lists of all batches in order, and claims one task
 * after the other from the first list that has some left. So threads go on while the thread that feeds them is blocked in the
 * engine, and whoever is fast does more.
 */
import type { SampleResult, SampleTask } from './sample-task.js';

/** Two at a time: while one picture is read in the background, another is resized. */
const LANES = 2;
/** Beyond every task: nobody claims anything any more. */
const CLOSED = 2 ** 30;

/** The tasks of a batch. Crosses threads. */
export interface TaskList {
  readonly ticket: number;
  readonly tasks: readonly SampleTask[];
  /** In shared memory: the next task that nobody has claimed. */
  readonly claims: Int32Array;
}

/** A task that is done. */
export interface TaskDone {
  readonly ticket: number;
  /** Its place in the list. */
  readonly position: number;
  readonly result: SampleResult;
  /** How long the thread has been at work since it last said so. */
  readonly busyMs: number;
}

/** A list that nobody has claimed anything from. */
export function openTaskList(ticket: number, tasks: readonly SampleTask[]): TaskList {
  return { ticket, tasks, claims: new Int32Array(new SharedArrayBuffer(4)) };
}

/** Lets nobody claim more; returns how many tasks were claimed before, all of which will be done. */
export function closeTaskList({ tasks, claims }: TaskList): number {
  return Math.min(Atomics.exchange(claims, 0, CLOSED), tasks.length);
}

export class TaskLanes {
  readonly #run: (task: SampleTask) => Promise<SampleResult>;
  readonly #onDone: (done: TaskDone) => void;
  readonly #lists: TaskList[] = [];
  #numInWork = 0;
  #busySinceMs = 0;
  #onIdle: (() => void) | undefined;

  constructor(run: (task: SampleTask) => Promise<SampleResult>, onDone: (done: TaskDone) => void) {
    this.#run = run;
    this.#onDone = onDone;
  }

  /** Takes part in a list. A failing task rejects nothing here: it is a broken program, and `run` says so. */
  add(list: TaskList): void {
    this.#lists.push(list);
    for (let lane = this.#numInWork; lane < LANES; lane++) void this.#lane();
  }

  /** Claims nothing any more; resolves when what is in work is done. */
  close(): Promise<void> {
    this.#lists.length = 0;
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#numInWork === 0) resolve();
    });
  }

  async #lane(): Promise<void> {
    for (let claim = this.#claim(); claim !== undefined; claim = this.#claim()) {
      const { list, position } = claim;
      if (this.#numInWork++ === 0) this.#busySinceMs = performance.now();
      const result = await this.#run(list.tasks[position]!);
      this.#numInWork--;
      const now = performance.now();
      this.#onDone({ ticket: list.ticket, position, result, busyMs: now - this.#busySinceMs });
      this.#busySinceMs = now;
    }
    if (this.#numInWork === 0) this.#onIdle?.();
  }

  #claim(): { list: TaskList; position: number } | undefined {
    for (let list = this.#lists[0]; list !== undefined; list = this.#lists[0]) {
      const position = Atomics.add(list.claims, 0, 1);
      if (position < list.tasks.length) return { list, position };
      this.#lists.shift();
    }
    return undefined;
  }
}
