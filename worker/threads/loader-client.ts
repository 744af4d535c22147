/** The owner's side of one loader thread. */
import { Worker } from 'node:worker_threads';
import { DataError } from '../../proto/errors.js';
import { builtEntry } from '../../proto/paths.js';
import type { TaskDone, TaskList } from '../data/loader/task-lanes.js';
import { processTrace } from '../trace/process-trace.js';
import type { LoaderInput, LoaderThreadData } from './loader-input.js';
import type { LoaderOutput } from './loader-output.js';

/** A running loader thread. */
export class LoaderThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #closing = false;

  /**
   * @param onDone called for every task that the thread has done
   * @param onDeath called once with `DATA_LOADER_THREAD_DIED` if the thread ends without having been asked to
   */
  constructor(data: LoaderThreadData, onDone: (done: TaskDone) => void, onDeath: (error: DataError) => void) {
    const trace = processTrace.tap('loader');
    const workerData: LoaderThreadData = { ...data, trace };
    this.#worker = new Worker(builtEntry('worker/threads/loader-entry'), { workerData, name: 'loader' });
    let cause: unknown;
    this.#worker.on('message', (output: LoaderOutput) => onDone(output));
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        processTrace.release(trace);
        if (!this.#closing) onDeath(deathOf(exitCode, cause));
        resolve();
      });
    });
  }

  /** The thread's id while it runs, −1 afterwards. */
  get threadId(): number {
    return this.#worker.threadId;
  }

  /** Lets the thread take part in a list of tasks. */
  add(list: TaskList): void {
    this.#post({ kind: 'list', list });
  }

  /** Lets the tasks in work finish and waits for the thread's end; past the deadline it is ended by force. */
  async close(deadlineMs: number = 5000): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#post({ kind: 'close' });
    }
    const timer = setTimeout(() => void this.#worker.terminate(), deadlineMs);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends the thread at once, as if it had died by itself. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(input: LoaderInput): void {
    this.#worker.postMessage(input);
  }
}

function deathOf(exitCode: number, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : `exit code ${exitCode}`;
  return new DataError('DATA_LOADER_THREAD_DIED', `a loader thread died: ${reason}`, {
    hint: 'look for a lack of memory, or start with --loader-threads 0 to decode in the main thread',
    details: { exitCode },
    cause,
  });
}
