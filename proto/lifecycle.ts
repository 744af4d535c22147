/** Deadlines, promises settled from outside, and closing things in reverse order of opening. */
import { LockstepError } from './errors.js';

/**
 * Returns a signal that aborts when `signal` does, or after `timeoutMs`, whichever is first. The reason is the caller's, or a
 * `DOMException` named `TimeoutError`. @param timeoutMs 0 or Infinity means no limit of its own
 */
export function deadline(timeoutMs: number, signal?: AbortSignal): AbortSignal {
  if (timeoutMs <= 0 || timeoutMs === Number.POSITIVE_INFINITY) return signal ?? new AbortController().signal;
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

/** Tells whether a signal ended because its time was up, rather than by the caller. */
export function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

/** A promise that is settled from outside. Settling it twice changes nothing. */
export class Deferred<T = void> {
  readonly promise: Promise<T>;
  readonly #resolve: (value: T | PromiseLike<T>) => void;
  readonly #reject: (reason: unknown) => void;
  #settled = false;

  constructor() {
    const { promise, resolve, reject } = withResolvers<T>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    // Whoever awaits it still sees the rejection; one that nobody awaits must not end the process.
    promise.catch(() => {});
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(value: T): void {
    this.#settled = true;
    this.#resolve(value);
  }

  reject(reason: unknown): void {
    this.#settled = true;
    this.#reject(reason);
  }
}

/**
 * Resolves with `promise`, or rejects with the signal's reason as soon as it aborts. The listener goes with the wait; the work
 * behind `promise` is not stopped by this.
 */
export async function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return promise;
  promise.catch(() => {});
  signal.throwIfAborted();
  const aborted = new Deferred<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What a {@link ResourceStack} closes: a thing with a `close` method, or a function. */
export type Closer = (() => void | Promise<void>) | { close(): void | Promise<void> };

/**
 * Closes what was opened, in reverse order, exactly once. All closers run even if one fails; the first error is thrown, the others
 * are its details.
 */
export class ResourceStack implements AsyncDisposable {
  readonly #closers: Closer[] = [];
  #closing: Promise<void> | undefined;

  /** Takes charge of closing `resource`, and returns it. @throws LockstepError LAUNCH_CLOSED when closing has begun */
  use<T extends Closer>(resource: T): T {
    if (this.#closing !== undefined) {
      throw new LockstepError('LAUNCH_CLOSED', 'a resource was opened while its owner was closing', {
        hint: 'This is a defect: open resources before close() is called.',
      });
    }
    this.#closers.push(resource);
    return resource;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await (typeof closer === 'function' ? closer() : closer.close());
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      throw new LockstepError(
        'LAUNCH_CLOSE_FAILED',
        `${errors.length} resources failed to close; first: ${String(errors[0])}`,
        {
          cause: errors[0],
          details: { others: errors.slice(1).map(String) },
        },
      );
    }
  }
}

// Promise.withResolvers comes with Node 22.
function withResolvers<T>() {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
