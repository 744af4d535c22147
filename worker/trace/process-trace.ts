/** All recorders of a worker process, as its main thread sees them: switches them on and off together and takes out what they hold. */
import { SpanRing, type TakenSpans } from './span-ring.js';
import { type TraceTap, threadTrace } from './thread-trace.js';

/** 80 bytes each: 2.6 MB per busy thread, and a hundred steps of yolov3-tiny on two ranks. */
const RING_CAPACITY = 32_768;
/** Loader threads come and go with every validation; those beyond are not recorded. */
const MAX_THREADS = 32;

/** One thread's part of a trace. */
export interface ThreadSpans extends TakenSpans {
  /** `main`, `comms`, `loader 0`, … */
  readonly thread: string;
}

interface OpenTap {
  readonly kind: string;
  /** Counts threads of a kind. */
  readonly number: number;
  readonly ring: SpanRing;
  isFree: boolean;
}

export class ProcessTrace {
  readonly #recording: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  readonly #taps: OpenTap[] = [];
  #isOpen = false;
  #onRing: (thread: string, ring: SharedArrayBuffer) => void = () => {};

  /**
   * Before this, no thread gets a tap and nothing costs anything.
   * @param onRing is told of each thread's {@link SpanRing}
   */
  open(onRing: (thread: string, ring: SharedArrayBuffer) => void = () => {}): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#onRing = onRing;
    threadTrace.attach(this.tap('main'));
  }

  /**
   * Returns what a thread of this kind (`comms`, `loader`) needs to record; undefined when the process does not trace. A thread that
   * follows one that is gone goes on in its ring.
   */
  tap(kind: string): TraceTap | undefined {
    if (!this.#isOpen) return undefined;
    const ofKind = this.#taps.filter((tap) => tap.kind === kind);
    const free = ofKind.find((tap) => tap.isFree);
    if (free !== undefined) {
      free.isFree = false;
      return { ring: free.ring.buffer, recording: this.#recording };
    }
    if (this.#taps.length >= MAX_THREADS) return undefined;
    const ring = SpanRing.open(RING_CAPACITY);
    const tap: OpenTap = { kind, number: ofKind.length, ring, isFree: false };
    this.#taps.push(tap);
    this.#onRing(nameOf(tap), ring.buffer);
    return { ring: ring.buffer, recording: this.#recording };
  }

  /** The thread that had this tap is gone. */
  release(given: TraceTap | undefined): void {
    for (const tap of this.#taps) if (tap.ring.buffer === given?.ring) tap.isFree = true;
  }

  /** Begins or ends recording in all threads. */
  set recording(on: boolean) {
    Atomics.store(this.#recording, 0, on ? 1 : 0);
  }

  /** What all threads recorded, in the order in which they were opened. */
  take(): ThreadSpans[] {
    return this.#taps.map((tap) => ({ thread: nameOf(tap), ...tap.ring.take() }));
  }
}

function nameOf({ kind, number }: OpenTap): string {
  return kind === 'loader' ? `loader ${number}` : kind;
}

/** This process's recorders; of use on the main thread only. */
export const processTrace = new ProcessTrace();
