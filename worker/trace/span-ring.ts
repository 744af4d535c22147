/** A thread's newest spans as rows of numbers in shared memory: one thread writes, the main thread reads. */
import { MONOTONIC_ORIGIN_MS } from '../../proto/clock.js';
import { MAX_ARGS } from './spans.js';

/** Columns of a row: number of the kind, begin and end in ms of the writing thread's clock, then the span's own numbers. */
export const ROW = { kind: 0, beginMs: 1, endMs: 2, args: 3 } as const;
export const ROW_LENGTH = ROW.args + MAX_ARGS;

/** Ahead of the rows: how many were ever written, and what makes the writer's clock the host's. */
const HEADER = { written: 0, originMs: 1 } as const;
const HEADER_LENGTH = 2;

/** Spans that were taken out of a ring, oldest first. */
export interface TakenSpans {
  /** Rows of {@link ROW_LENGTH} numbers; times in ms of the host's monotonic clock. */
  readonly rows: Float64Array;
  /** Older ones that had to make room. */
  readonly numLost: number;
}

/** Bounded: a full ring forgets its oldest row. */
export class SpanRing {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Float64Array;
  readonly #rows: Float64Array;
  readonly #capacity: number;
  #written: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#header = new Float64Array(buffer, 0, HEADER_LENGTH);
    this.#rows = new Float64Array(buffer, HEADER_LENGTH * 8);
    this.#capacity = this.#rows.length / ROW_LENGTH;
    this.#written = this.#header[HEADER.written]!;
  }

  /** Makes a ring for `capacity` spans. */
  static open(capacity: number): SpanRing {
    return new SpanRing(new SharedArrayBuffer((HEADER_LENGTH + capacity * ROW_LENGTH) * 8));
  }

  /** Another thread's view, for reading. */
  static view(buffer: SharedArrayBuffer): SpanRing {
    return new SpanRing(buffer);
  }

  /** The writing thread's view: from now on its clock is the ring's. */
  static attach(buffer: SharedArrayBuffer): SpanRing {
    const ring = new SpanRing(buffer);
    ring.#header[HEADER.originMs] = MONOTONIC_ORIGIN_MS;
    return ring;
  }

  /** Writes a row. Times are the thread's `performance.now()`. */
  push(
    kind: number,
    beginMs: number,
    endMs: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
    f: number,
    g: number,
  ) {
    const rows = this.#rows;
    const at = (this.#written % this.#capacity) * ROW_LENGTH;
    rows[at] = kind;
    rows[at + 1] = beginMs;
    rows[at + 2] = endMs;
    rows[at + 3] = a;
    rows[at + 4] = b;
    rows[at + 5] = c;
    rows[at + 6] = d;
    rows[at + 7] = e;
    rows[at + 8] = f;
    rows[at + 9] = g;
    this.#header[HEADER.written] = ++this.#written;
  }

  /** Copies out the rows that are there. Ask when the writer has been switched off: it could overtake. */
  take(): TakenSpans {
    const written = this.#header[HEADER.written]!;
    const originMs = this.#header[HEADER.originMs]!;
    const numRows = Math.min(written, this.#capacity);
    const rows = new Float64Array(numRows * ROW_LENGTH);
    for (let i = 0; i < numRows; i++) {
      const from = ((written - numRows + i) % this.#capacity) * ROW_LENGTH;
      const to = i * ROW_LENGTH;
      rows.set(this.#rows.subarray(from, from + ROW_LENGTH), to);
      rows[to + ROW.beginMs]! += originMs;
      rows[to + ROW.endMs]! += originMs;
    }
    return { rows, numLost: written - numRows };
  }
}
