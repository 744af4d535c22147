/** The main thread's side of the comms thread: calls become messages, messages settle promises, and nothing ever hangs. */
import { Worker } from 'node:worker_threads';
import { CollectiveError, deserializeError, type LockstepError, MembershipError } from '../../proto/errors.js';
import { abortable, Deferred, deadline, isTimeout } from '../../proto/lifecycle.js';
import { builtEntry } from '../../proto/paths.js';
import { WakeUp } from '../../proto/transport/wake-up.js';
import type { VectorLayout } from '../collective/plan.js';
import type { ClockOffset } from '../trace/clock-offset.js';
import type { TraceTap } from '../trace/thread-trace.js';
import { AllReduce, type AllReduceOptions } from './all-reduce-client.js';
import { CommsControlBlock } from './comms-control-block.js';
import type {
  CommsInput,
  CommsOptions,
  CommsWorkerData,
  EngineDescription,
  FarewellMessage,
  ReportBody,
} from './comms-input.js';
import type { CommsOutput, World } from './comms-output.js';
import { DEFAULT_TIMEOUT_MS, type WaitOptions } from './rounds.js';

export type { AllReduce, AllReduceOptions, AllReduceStats } from './all-reduce-client.js';
export type { CommsOptions, EngineDescription, FarewellMessage, ReportBody } from './comms-input.js';
export type { World } from './comms-output.js';
export type { WaitOptions } from './rounds.js';

/** How long the thread may take to end after a close was asked for: longer than its sockets linger. */
const CLOSE_TIMEOUT_MS = 7_000;

/** Starts the comms thread. Nothing is connected before `join`. Needs the built `worker/threads/comms-entry`. */
export function openComms(options: CommsOptions): Comms {
  return new Comms(options);
}

/** A worker's link to its coordinator and its peers. */
export class Comms implements AsyncDisposable {
  readonly #options: CommsOptions;
  readonly #control = new CommsControlBlock();
  readonly #thread: Worker;
  readonly #exited = new Deferred();
  readonly #joined = new Deferred<World>();
  readonly #farewell = new Deferred();
  readonly #calls = new Map<number, Deferred<unknown>>();
  readonly #phases = new Map<string, number>();
  #allReduce: AllReduce | undefined;
  #world: World | undefined;
  #lastCall = 0;
  /** Why collective calls fail; `#ended` is why everything does. */
  #collectiveError: LockstepError | undefined;
  #ended: LockstepError | undefined;
  #closing = false;
  /** Of the thread, once it may wait for frames and until it has ended. */
  #wakeUp: WakeUp | undefined;

  constructor(options: CommsOptions) {
    this.#options = options;
    const data: CommsWorkerData = { options, control: this.#control.buffer };
    this.#thread = new Worker(builtEntry('worker/threads/comms-entry'), {
      name: 'comms',
      workerData: data,
      // Flags of the parent (test runners, debuggers) are not for this thread.
      execArgv: [],
      // It opens shared memory, and the main thread closes it.
      trackUnmanagedFds: false,
    });
    this.#thread.on('message', (output: CommsOutput) => this.#handle(output));
    this.#thread.on('error', (error) => this.#end(threadFailed(error)));
    this.#thread.on('messageerror', (error) => this.#end(threadFailed(error)));
    this.#thread.on('exit', (exitCode) => {
      this.#end(threadFailed(this.#closing ? 'closed' : `exit code ${exitCode}`));
      this.#wakeUp?.close();
      this.#wakeUp = undefined;
      this.#exited.resolve();
    });
  }

  /** The membership; undefined until `join` resolves. */
  get world(): World | undefined {
    return this.#world;
  }

  /** True once the coordinator has asked to finish. Read from shared memory. */
  get drainRequested(): boolean {
    return this.#control.drainRequested;
  }

  /** Returns how many frames came damaged and were asked for again, since the last call. */
  takeResends(): number {
    return this.#control.takeResends();
  }

  /** Why the run is over for this worker; undefined while it is not. */
  get failure(): LockstepError | undefined {
    return this.#ended;
  }

  /**
   * Says hello and resolves when the world is complete.
   * @param options `timeoutMs` as `--rdzv-timeout` @defaultValue 10 minutes
   * @throws MembershipError MEMBERSHIP_JOIN_TIMEOUT; whatever the coordinator refused with; TransportError; the signal's reason
   */
  async join(hello: { readonly engine: EngineDescription }, options: WaitOptions = {}): Promise<World> {
    this.#post({ kind: 'join', engine: { ...hello.engine } });
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    try {
      this.#world = await abortable(this.#joined.promise, deadline(timeoutMs, options.signal));
      if (this.#world.wakeFd !== undefined) this.#wakeUp = new WakeUp(this.#world.wakeFd);
    } catch (error) {
      if (!isTimeout(error) || options.signal?.aborted) throw error;
      throw new MembershipError(
        'MEMBERSHIP_JOIN_TIMEOUT',
        `rank ${this.#options.rank} has waited ${timeoutMs / 1000} s for the world to be complete at ${this.#options.endpoint}`,
        {
          hint: 'Check that all nodes were started, with the same --rdzv-endpoint and --nnodes, and that they can reach it.',
          details: { rank: this.#options.rank, endpoint: this.#options.endpoint, timeoutMs },
        },
      );
    }
    return this.#world;
  }

  /**
   * Lays out the reduced vector; call it once, after `join` and before the first round.
   * @throws CollectiveError COLLECTIVE_NOT_OPEN, COLLECTIVE_BAD_LAYOUT, COLLECTIVE_WORLD_TOO_LARGE, COLLECTIVE_NO_SHARED_MEMORY;
   *   EngineError ENGINE_OUT_OF_MEMORY
   */
  openAllReduce(layout: VectorLayout, options: AllReduceOptions = {}): AllReduce {
    if (this.#world === undefined || this.#allReduce !== undefined) {
      throw new CollectiveError('COLLECTIVE_NOT_OPEN', 'openAllReduce() is called once, after join()', {
        hint: 'This is a defect of the caller.',
      });
    }
    this.#throwIfFailed();
    this.#allReduce = new AllReduce(layout, this.#world, (input) => this.#post(input), options);
    return this.#allReduce;
  }

  /**
   * Resolves on rank 0 with everybody's bytes by rank, elsewhere with undefined. The bytes are copied.
   * @throws as `AllReduce.wait`
   */
  async gather(bytes: Uint8Array, options: WaitOptions = {}): Promise<Uint8Array[] | undefined> {
    const copy = new Uint8Array(bytes);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    return this.#call((id) => this.#post({ kind: 'gather', id, bytes: copy, timeoutMs }, [copy.buffer]), options);
  }

  /**
   * Resolves with the bytes that rank 0 gave; the others give none. The bytes are copied.
   * @throws CollectiveError COLLECTIVE_BAD_BROADCAST (rank 0 gave none); else as `AllReduce.wait`
   */
  async broadcast(bytes?: Uint8Array, options: WaitOptions = {}): Promise<Uint8Array> {
    const copy = bytes === undefined ? undefined : new Uint8Array(bytes);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const transfer = copy === undefined ? [] : [copy.buffer];
    return this.#call((id) => this.#post({ kind: 'broadcast', id, bytes: copy, timeoutMs }, transfer), options);
  }

  /** Tells the coordinator something: at once, in order, without an answer. After the end of the run it does nothing. */
  report(body: ReportBody): void {
    if (this.#ended === undefined) this.#post({ kind: 'report', body });
  }

  /** Notes what the main thread does now, for the next heartbeat; a number in shared memory, so call it as often as you like. */
  setProgress(step: number, phase: string): void {
    let index = this.#phases.get(phase);
    if (index === undefined) {
      index = this.#phases.size + 1;
      this.#phases.set(phase, index);
      if (this.#ended === undefined) this.#post({ kind: 'phaseName', index, name: phase });
    }
    this.#control.setProgress(step, index);
  }

  /**
   * Lets the comms thread record spans, whenever the process does. If the run fails before {@link traceOver}, the thread writes what all
   * threads of this process have recorded into `folder`.
   */
  trace(tap: TraceTap | undefined, folder: string): void {
    if (tap !== undefined) this.#post({ kind: 'trace', tap, folder });
  }

  /** Tells the comms thread of another thread's spans. */
  traceThread(thread: string, ring: SharedArrayBuffer): void {
    this.#post({ kind: 'traceThread', thread, ring });
  }

  /** The ranks have gathered their spans. */
  traceOver(): void {
    this.#post({ kind: 'traceOver' });
  }

  /** Resolves with how far this host's clock is from the coordinator's. @throws as `gather` */
  measureClock(): Promise<ClockOffset> {
    return this.#call((id) => this.#post({ kind: 'measureClock', id }), {});
  }

  /** Says that this worker is done; resolves when that and all reports before it are on their way. */
  async farewell(message: FarewellMessage): Promise<void> {
    this.#throwIfEnded();
    this.#post({ kind: 'farewell', message });
    await this.#farewell.promise;
  }

  /**
   * Ends the thread; what was sent is still delivered, for some seconds at most. Pending calls reject. Calling it again changes nothing.
   * @returns whether the thread has ended. One that is stuck is left behind, because ending it by force while a socket waits for a
   *   message aborts the process: end that with `exitNow`
   */
  async close(): Promise<boolean> {
    if (!this.#closing) {
      this.#closing = true;
      this.#post({ kind: 'close' });
    }
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), CLOSE_TIMEOUT_MS);
    try {
      await abortable(this.#exited.promise, late.signal);
      return true;
    } catch {
      this.#thread.unref();
      this.#end(threadFailed(`it did not close within ${CLOSE_TIMEOUT_MS / 1000} s`));
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #handle(output: CommsOutput): void {
    switch (output.kind) {
      case 'joined':
        this.#joined.resolve(output.world);
        return;
      case 'joinFailed':
        this.#joined.reject(deserializeError(output.error));
        return;
      case 'roundDone':
        this.#allReduce?.roundDone(output.stats);
        return;
      case 'gathered':
        this.#settle(output.id, output.blobs);
        return;
      case 'broadcasted':
        this.#settle(output.id, output.bytes);
        return;
      case 'clockMeasured':
        this.#settle(output.id, output.offset);
        return;
      case 'collectiveFailed':
        this.#failCollective(deserializeError(output.error));
        return;
      case 'threadFailed':
        this.#end(threadFailed(output.message));
        return;
      case 'aborted':
        this.#end(deserializeError(output.error));
        return;
      case 'farewellSent':
        this.#farewell.resolve();
        return;
    }
  }

  async #call<T>(post: (id: number) => void, options: WaitOptions): Promise<T> {
    options.signal?.throwIfAborted();
    this.#throwIfFailed();
    const id = ++this.#lastCall;
    const answer = new Deferred<unknown>();
    this.#calls.set(id, answer);
    post(id);
    return (await abortable(answer.promise, options.signal)) as T;
  }

  #settle(id: number, value: unknown): void {
    this.#calls.get(id)?.resolve(value);
    this.#calls.delete(id);
  }

  #failCollective(error: LockstepError): void {
    this.#collectiveError ??= error;
    this.#allReduce?.fail(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }

  /** The first reason counts; later ones are its consequences. */
  #end(error: LockstepError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#failCollective(error);
    this.#joined.reject(error);
    this.#farewell.reject(error);
  }

  #throwIfEnded(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  #throwIfFailed(): void {
    this.#throwIfEnded();
    if (this.#collectiveError !== undefined) throw this.#collectiveError;
  }

  #post(input: CommsInput, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(input, transfer);
    this.#wakeUp?.ring();
  }
}

function threadFailed(cause: unknown): CollectiveError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CollectiveError('COLLECTIVE_THREAD_FAILED', `the comms thread has ended: ${why}`, {
    hint: 'Restart the worker; the last lines of its log say what happened.',
    cause,
  });
}
