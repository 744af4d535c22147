/**
 * Where a thread's code notes its spans. There is one recorder per thread, found by import: hundreds of calls deep, a parameter for
 * something that is mostly off would be in every signature on the way.
 */
import { MONOTONIC_ORIGIN_MS } from '../../proto/clock.js';
import type { Interval } from './intervals.js';
import { SpanRing } from './span-ring.js';
import { type SpanName, spanNumber } from './spans.js';

/** What a thread needs in order to record; crosses threads. */
export interface TraceTap {
  /** The thread's {@link SpanRing}. */
  readonly ring: SharedArrayBuffer;
  /** One number for all threads of a process: not 0 while spans are recorded. */
  readonly recording: Int32Array;
}

export class ThreadTrace {
  #ring: SpanRing | undefined;
  #recording: Int32Array | undefined;

  /** Records from now on, whenever the process does. Does nothing without a tap. */
  attach(tap: TraceTap | undefined): void {
    if (tap === undefined) return;
    this.#ring = SpanRing.attach(tap.ring);
    this.#recording = tap.recording;
  }

  /** Whether spans are recorded now. */
  get isOn(): boolean {
    return this.#recording !== undefined && Atomics.load(this.#recording, 0) !== 0;
  }

  /** Returns when a span begins, for {@link end}; 0 when nothing is recorded. */
  begin(): number {
    return this.isOn ? performance.now() : 0;
  }

  /** Records a span that ends now. Does nothing if none was begun, or if recording has ended since. */
  end(name: SpanName, beginMs: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0): void {
    if (beginMs === 0 || !this.isOn) return;
    this.#ring?.push(spanNumber(name), beginMs, performance.now(), a, b, c, d, e, f, g);
  }

  /** Records a span that was measured elsewhere, on the host's monotonic clock. */
  add(name: SpanName, span: Interval, a = 0, b = 0): void {
    if (!this.isOn) return;
    const beginMs = span.beginMs - MONOTONIC_ORIGIN_MS;
    this.#ring?.push(spanNumber(name), beginMs, span.endMs - MONOTONIC_ORIGIN_MS, a, b, 0, 0, 0, 0, 0);
  }
}

/** This thread's recorder. */
export const threadTrace = new ThreadTrace();
