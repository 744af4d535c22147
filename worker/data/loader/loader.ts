/** Batches, made ahead of time by threads and handed out in the order they were asked for. */
import type { Hyp, RunConfig } from '../../../configs/run-config.js';
import { DataError, deserializeError, type LockstepError } from '../../../proto/errors.js';
import { threadTrace } from '../../trace/thread-trace.js';
import type { Dataset } from '../dataset.js';
import type { PixelCacheTable } from '../images/pixel-cache.js';
import type { JpegScaling } from '../sample.js';
import type { BadItem, Batch, BatchRequest } from './batch.js';
import { type BatchLayout, type Cell, layoutBatch, targetRows } from './batch-layout.js';
import { LoaderPacing } from './loader-pace.js';
import { fillTarget, type SampleResult, type SampleTarget } from './sample-task.js';
import { TaskPool, type TaskRun } from './task-pool.js';

export interface LoaderOptions {
  /**
   * Threads that decode and augment, at most; it begins with half of them and adapts to who waits for whom. 0: the calling
   * thread does it, asynchronously.
   */
  readonly numThreads: number;
  /** Batches in memory at most, counting those being made, waiting, and handed out but not released. */
  readonly capacityBatches: number;
  readonly hyp: Hyp;
  readonly augment: boolean;
  readonly seed: number;
  /** The long side that pictures are scaled to, pixels; batches of validation are larger than that by their padding. */
  readonly imgsz: number;
  /** Rectangular training: no mosaics, whatever the shape of a batch. @defaultValue false */
  readonly rect?: boolean | undefined;
  /** Where scaled pictures are kept between epochs. @defaultValue nowhere */
  readonly cache?: PixelCacheTable | undefined;
  /** Whether training decodes large JPEG files at a fraction of their size. @defaultValue 'off' */
  readonly jpegScaling?: JpegScaling | undefined;
  /** `fail`: a batch with an unreadable image is an error. @defaultValue 'skip' */
  readonly onBadSample?: RunConfig['onBadSample'];
  /** Told when the number of threads changes. */
  readonly onResize?: ((numThreads: number) => void) | undefined;
  /** Aborting closes the loader. */
  readonly signal?: AbortSignal | undefined;
}

export interface Loader extends AsyncDisposable {
  /** Queues a batch. Requests are cheap and unbounded; work on them begins when memory allows. */
  submit(request: BatchRequest): void;
  /**
   * The next batch in the order of {@link submit}.
   * @throws DataError `DATA_LOADER_IDLE` if nothing was submitted, `DATA_LOADER_STARVED` if the caller holds all
   *   batches that the capacity allows, `DATA_BAD_SAMPLE` under the policy `fail`, `DATA_LOADER_THREAD_DIED`,
   *   `DATA_LOADER_CLOSED`
   */
  next(): Promise<Batch>;
  /** Forgets everything submitted and not yet handed out by {@link next}. */
  clear(): void;
  /** Unreadable images met so far. */
  readonly numBadItems: number;
  /** Threads at work now. */
  readonly numThreads: number;
  /** Rejects whoever waits, and ends the threads. */
  close(): Promise<void>;
}

interface Job {
  readonly request: BatchRequest;
  readonly promise: Promise<Batch>;
  resolve(batch: Batch): void;
  reject(error: LockstepError): void;
  cancelled: boolean;
  /** Set while its samples are being made. */
  run: TaskRun | undefined;
  /** Set while a finished batch waits to be handed out. */
  finished: SharedArrayBuffer | undefined;
}

function openJob(request: BatchRequest): Job {
  let resolve: (batch: Batch) => void = () => undefined;
  let reject: (error: LockstepError) => void = () => undefined;
  const promise = new Promise<Batch>((whenReady, whenFailed) => {
    resolve = whenReady;
    reject = whenFailed;
  });
  // A batch may fail long before anyone asks for it.
  promise.catch(() => undefined);
  return { request, promise, resolve, reject, cancelled: false, run: undefined, finished: undefined };
}

/** What stands for a sample that its batch has no room for. */
const NOT_USED: SampleResult = { labels: new Float32Array(0), gain: [1, 1], pad: [0, 0] };

function targetOf(
  { image, top, left, height, width }: Cell,
  layout: BatchLayout,
  buffer: SharedArrayBuffer,
): SampleTarget {
  const rowBytes = layout.width * 3;
  const offset = (image * layout.height + top) * rowBytes + left * 3;
  return { buffer, offset, rowBytes, height, width };
}

class BatchLoader implements Loader {
  readonly #dataset: Dataset;
  readonly #options: LoaderOptions;
  readonly #pool: TaskPool;
  readonly #pacing: LoaderPacing;
  /** Submitted and not yet asked for by next(), in order. */
  readonly #undelivered: Job[] = [];
  /** Submitted and still without a buffer, in order; next() may already wait for some of them. */
  readonly #unstarted: Job[] = [];
  readonly #inWork = new Set<Job>();
  readonly #freeBuffers: SharedArrayBuffer[] = [];
  #numBuffersInUse = 0;
  #numHeld = 0;
  #numBadItems = 0;
  #failure: DataError | undefined;
  #closed: Promise<void> | undefined;
  readonly #onAbort = (): void => void this.close();

  constructor(dataset: Dataset, options: LoaderOptions) {
    this.#dataset = dataset;
    this.#options = options;
    const { hyp, augment, seed, imgsz, rect, cache, jpegScaling } = options;
    const samples = { hyp, augment, seed, imgsz, rect, cache, jpegScaling };
    this.#pacing = new LoaderPacing(options.numThreads);
    this.#pool = new TaskPool(dataset, samples, this.#pacing.numThreads, (error) => this.#fail(error));
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get numBadItems(): number {
    return this.#numBadItems;
  }

  get numThreads(): number {
    return this.#pool.numThreads;
  }

  submit(request: BatchRequest): void {
    // next() tells the failure.
    if (this.#failure !== undefined) return;
    const job = openJob(request);
    this.#undelivered.push(job);
    this.#unstarted.push(job);
    this.#pump();
  }

  next(): Promise<Batch> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const job = this.#undelivered[0];
    if (job === undefined) {
      return Promise.reject(
        new DataError('DATA_LOADER_IDLE', 'next() without a submitted batch', { hint: 'submit a request first' }),
      );
    }
    if (this.#unstarted.includes(job) && this.#numHeld >= this.#options.capacityBatches) {
      return Promise.reject(
        new DataError('DATA_LOADER_STARVED', `all ${this.#numHeld} batches of the loader are held by the caller`, {
          hint: 'release() batches, or open the loader with a larger capacityBatches',
        }),
      );
    }
    this.#undelivered.shift();
    const askedMs = performance.now();
    return job.promise.then((batch) => {
      job.finished = undefined;
      this.#numHeld++;
      this.#adapt(askedMs);
      return batch;
    });
  }

  /** Lets the number of threads follow from how long somebody has just waited. */
  #adapt(askedMs: number): void {
    const wanted = this.#pacing.delivered(askedMs, performance.now(), () => this.#pool.takeBusySeconds());
    if (wanted === undefined || wanted === this.#pool.numThreads) return;
    this.#pool.resize(wanted);
    this.#options.onResize?.(wanted);
  }

  clear(): void {
    const error = new DataError('DATA_LOADER_CLEARED', 'the batch was cleared', { hint: 'submit it again' });
    for (const job of this.#undelivered.splice(0)) this.#cancel(job, error);
    this.#unstarted.splice(0, this.#unstarted.length, ...this.#unstarted.filter((job) => !job.cancelled));
    this.#pump();
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#failure ??= new DataError('DATA_LOADER_CLOSED', 'the loader is closed', {
      hint: 'open another one with openLoader()',
    });
    this.#cancelAll(this.#failure);
    await this.#pool.close();
  }

  #fail(error: DataError): void {
    this.#failure ??= error;
    this.#cancelAll(this.#failure);
  }

  #cancelAll(error: DataError): void {
    for (const job of [...this.#undelivered, ...this.#unstarted, ...this.#inWork]) this.#cancel(job, error);
    this.#undelivered.length = 0;
    this.#unstarted.length = 0;
  }

  #cancel(job: Job, error: DataError): void {
    job.cancelled = true;
    job.reject(error);
    job.run?.cancel();
    if (job.finished === undefined) return;
    this.#returnBuffer(job.finished);
    job.finished = undefined;
  }

  #pump(): void {
    while (this.#numBuffersInUse < this.#options.capacityBatches) {
      const job = this.#unstarted.shift();
      if (job === undefined) return;
      void this.#make(job);
    }
  }

  async #make(job: Job): Promise<void> {
    const { indices, epoch, height, width, turns, pool } = job.request;
    const layout = layoutBatch(job.request, this.#options.seed);
    const buffer = this.#takeBuffer(layout.numImages * layout.height * layout.width * 3);
    this.#inWork.add(job);
    const beganMs = threadTrace.begin();
    const used = layout.cells.flatMap((cell, position) => (cell === undefined ? [] : [{ cell, position }]));
    const tasks = used.map(({ cell, position }) => ({
      ...{ index: indices[position]!, epoch, height, width, turn: turns?.[position], pool },
      target: targetOf(cell, layout, buffer),
    }));
    job.run = this.#pool.run(tasks);
    for (const cell of layout.empty) fillTarget(targetOf(cell, layout, buffer));
    // Tasks in work must be over before the buffer may serve another batch, whatever became of this one.
    const made = await job.run.results.catch(() => undefined);
    job.run = undefined;
    threadTrace.end('batch', beganMs, epoch, indices.length);
    this.#inWork.delete(job);
    const results: (SampleResult | undefined)[] = [];
    for (const [k, { position }] of used.entries()) results[position] = made?.[k];
    const batch = job.cancelled ? undefined : this.#assemble(job.request, layout, buffer, results);
    if (batch instanceof DataError) job.reject(batch);
    else if (batch !== undefined) {
      job.finished = buffer;
      job.resolve(batch);
      return;
    }
    this.#returnBuffer(buffer);
  }

  /** The batch, or why there is none. */
  #assemble(
    request: BatchRequest,
    layout: BatchLayout,
    buffer: SharedArrayBuffer,
    results: readonly (SampleResult | undefined)[],
  ): Batch | DataError {
    const { indices, epoch } = request;
    const { numImages, height, width } = layout;
    const dataset = this.#dataset;
    const rows: number[] = [];
    const badItems: BadItem[] = [];
    const items = Array.from(indices, (index, position) => {
      const { labels, gain, pad, problem } = results[position] ?? NOT_USED;
      const path = dataset.imagePath(index);
      if (problem !== undefined) badItems.push({ index, path, error: problem });
      const cell = layout.cells[position];
      if (cell !== undefined) for (const value of targetRows(labels, cell, layout)) rows.push(value);
      const [nativeWidth, nativeHeight] = dataset.size(index);
      return { index, path, nativeWidth, nativeHeight, gain, pad };
    });
    this.#numBadItems += badItems.length;
    const firstBad = badItems[0];
    if (firstBad !== undefined && this.#options.onBadSample === 'fail') {
      const cause = deserializeError(firstBad.error);
      return new DataError('DATA_BAD_SAMPLE', `${badItems.length} unreadable images in a batch: ${cause.message}`, {
        hint: 'repair the file, or let such images be skipped with --on-bad-sample skip',
        details: { paths: badItems.map((item) => item.path) },
        cause,
      });
    }
    let isReleased = false;
    return {
      epoch,
      images: new Uint8Array(buffer, 0, numImages * height * width * 3),
      numImages,
      height,
      width,
      targets: Float32Array.from(rows),
      numTargets: rows.length / 6,
      items,
      badItems,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#numHeld--;
        this.#returnBuffer(buffer);
      },
    };
  }

  #takeBuffer(numBytes: number): SharedArrayBuffer {
    this.#numBuffersInUse++;
    const fitting = this.#freeBuffers.findIndex((buffer) => buffer.byteLength >= numBytes);
    if (fitting >= 0) return this.#freeBuffers.splice(fitting, 1)[0]!;
    // A free buffer that is too small makes room for a larger one.
    this.#freeBuffers.pop();
    return new SharedArrayBuffer(numBytes);
  }

  #returnBuffer(buffer: SharedArrayBuffer): void {
    this.#numBuffersInUse--;
    this.#freeBuffers.push(buffer);
    this.#pump();
  }
}

/**
 * Opens a loader over a data set. What it yields depends on the data, `options` and the requests only: never on the
 * number of threads or their timing.
 */
export function openLoader(dataset: Dataset, options: LoaderOptions): Loader {
  options.signal?.throwIfAborted();
  return new BatchLoader(dataset, options);
}
