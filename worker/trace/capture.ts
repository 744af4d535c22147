/** What one rank recorded, as bytes: a line of JSON, then the rows of each thread. */
import type { RankClock } from './clock-offset.js';
import type { ThreadSpans } from './process-trace.js';
import { ROW_LENGTH } from './span-ring.js';

/** One rank's part of a trace. */
export interface RankCapture {
  readonly rank: number;
  readonly pid: number;
  /** The host's name, for people. */
  readonly host: string;
  readonly clock: RankClock;
  readonly threads: readonly ThreadSpans[];
}

interface CaptureHeader extends Omit<RankCapture, 'threads'> {
  readonly threads: readonly { readonly thread: string; readonly numLost: number; readonly numRows: number }[];
}

/** An estimate without any answer: JSON knows no Infinity. */
const UNLIMITED = Number.MAX_VALUE;

/** Returns the capture as bytes for `gather`. */
export function encodeCapture({ threads, clock, ...rest }: RankCapture): Uint8Array {
  const header: CaptureHeader = {
    ...rest,
    clock: { ...clock, roundTripMs: Math.min(clock.roundTripMs, UNLIMITED) },
    threads: threads.map(({ thread, numLost, rows }) => ({ thread, numLost, numRows: rows.length / ROW_LENGTH })),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = threads.reduce((sum, { rows }) => sum + rows.byteLength, 0);
  const bytes = new Uint8Array(4 + text.length + length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let at = 4 + text.length;
  for (const { rows } of threads) {
    bytes.set(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), at);
    at += rows.byteLength;
  }
  return bytes;
}

/** The inverse of {@link encodeCapture}; ranks of one run are of one version, so nothing is checked. */
export function decodeCapture(bytes: Uint8Array): RankCapture {
  const textLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(bytes.subarray(4, 4 + textLength));
  const { threads, ...rest } = JSON.parse(text) as CaptureHeader;
  let at = 4 + textLength;
  return {
    ...rest,
    threads: threads.map(({ thread, numLost, numRows }) => {
      const rowBytes = bytes.slice(at, at + numRows * ROW_LENGTH * 8);
      at += rowBytes.length;
      return { thread, numLost, rows: new Float64Array(rowBytes.buffer) };
    }),
  };
}
