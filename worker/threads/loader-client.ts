/** The owner's side of one loader thread. */
import { Worker } from 'node:worker_threads';
import { DataError } from '../../proto/errors.js';
import { builtEntry } from '../../proto/paths.js';
import type { SampleResult, SampleTask } from '../data/sample-task.js';
import { processTrace } from '../trace/process-trace.js';
import type { LoaderInput, LoaderThreadData } from './loader-input.js';
import type { LoaderOutput } from './loader-output.js';

interface Waiter {
  resolve(result: SampleResult): void;
  reject(error: DataError): void;
}

/** A running loader thread. When it dies, everything that waits for it is rejected with `DATA_LOADER_THREAD_DIED`. */
export class LoaderThread {
  readonly #worker: Worker;
  readonly #waiters = new Map<number, Waiter>();
  readonly #exited: Promise<void>;
  #nextTicket = 0;
  #closing = false;
  #death: DataError | undefined;

  /** @param onDeath called once if the thread ends without having been asked to */
  constructor(data: LoaderThreadData, onDeath: (error: DataError) => void) {
    const trace = processTrace.tap('loader');
    const workerData: LoaderThreadData = { ...data, trace };
    this.#worker = new Worker(builtEntry('worker/threads/loader-entry'), { workerData, name: 'loader' });
    let cause: unknown;
    this.#worker.on('message', (output: LoaderOutput) => {
      this.#waiters.get(output.ticket)?.resolve(output.result);
      this.#waiters.delete(output.ticket);
    });
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        processTrace.release(trace);
        this.#die(exitCode, cause);
        if (!this.#closing) onDeath(this.#death!);
        resolve();
      });
    });
  }

  /** Tasks in work. */
  get numPending(): number {
    return this.#waiters.size;
  }

  /** The thread's id while it runs, −1 afterwards. */
  get threadId(): number {
    return this.#worker.threadId;
  }

  run(task: SampleTask): Promise<SampleResult> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const ticket = this.#nextTicket++;
    return new Promise((resolve, reject) => {
      this.#waiters.set(ticket, { resolve, reject });
      this.#post({ kind: 'task', ticket, task });
    });
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

  #die(exitCode: number, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : `exit code ${exitCode}`;
    this.#death = new DataError('DATA_LOADER_THREAD_DIED', `a loader thread died: ${reason}`, {
      hint: 'look for a lack of memory, or start with --loader-threads 0 to decode in the main thread',
      details: { exitCode },
      cause,
    });
    for (const waiter of this.#waiters.values()) waiter.reject(this.#death);
    this.#waiters.clear();
  }
}
