import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { monotonicMs } from '../../../proto/clock.js';
import { ProcessTrace } from '../../../worker/trace/process-trace.js';
import { ROW, ROW_LENGTH, SpanRing } from '../../../worker/trace/span-ring.js';
import { SPAN_NAMES } from '../../../worker/trace/spans.js';
import { ThreadTrace, type TraceTap } from '../../../worker/trace/thread-trace.js';

function rowsOf({ rows }: { rows: Float64Array }): number[][] {
  return Array.from({ length: rows.length / ROW_LENGTH }, (_, i) => [
    ...rows.subarray(i * ROW_LENGTH, (i + 1) * ROW_LENGTH),
  ]);
}

describe('a ring of spans', () => {
  it('keeps the newest ones and counts the others', () => {
    const ring = SpanRing.open(3);
    const writer = SpanRing.attach(ring.buffer);
    for (let i = 0; i < 5; i++) writer.push(i, i, i + 0.5, 10 * i, 0, 0, 0, 0, 0, 0);
    const taken = ring.take();
    expect(taken.numLost).toBe(2);
    expect(rowsOf(taken).map((row) => row[ROW.kind])).toEqual([2, 3, 4]);
    expect(rowsOf(taken).map((row) => row[ROW.args])).toEqual([20, 30, 40]);
  });

  it("hands times out on the host's clock", () => {
    const ring = SpanRing.open(4);
    const beforeMs = monotonicMs();
    SpanRing.attach(ring.buffer).push(0, performance.now(), performance.now(), 0, 0, 0, 0, 0, 0, 0);
    const afterMs = monotonicMs();
    const row = rowsOf(ring.take())[0]!;
    expect(row[ROW.beginMs]).toBeGreaterThanOrEqual(beforeMs);
    expect(row[ROW.endMs]).toBeLessThanOrEqual(afterMs);
  });
});

describe("a thread's recorder", () => {
  it('records nothing before it has a tap, while the process does not record, and of spans begun before that', () => {
    const process = new ProcessTrace();
    const idle = new ThreadTrace();
    idle.attach(process.tap('loader'));
    expect(idle.begin()).toBe(0);
    process.open();
    const trace = new ThreadTrace();
    trace.attach(process.tap('loader'));
    const tooEarly = trace.begin();
    process.recording = true;
    trace.end('sample', tooEarly, 1);
    const beganMs = trace.begin();
    trace.end('sample', beganMs, 2, 3);
    const cutOff = trace.begin();
    process.recording = false;
    trace.end('sample', cutOff, 4);
    const [loader] = process.take().filter(({ thread }) => thread === 'loader 0');
    expect(rowsOf(loader!).map((row) => row.slice(ROW.args, ROW.args + 2))).toEqual([[2, 3]]);
    expect(SPAN_NAMES[rowsOf(loader!)[0]![ROW.kind]!]).toBe('sample');
  });

  it('tells of each ring once, also of those that were opened for a thread of its kind before', () => {
    const process = new ProcessTrace();
    const told: [string, SharedArrayBuffer][] = [];
    process.open((thread, ring) => told.push([thread, ring]));
    const first = process.tap('loader')!;
    process.release(first);
    process.tap('loader');
    process.tap('loader');
    expect(told.map(([thread]) => thread)).toEqual(['main', 'loader 0', 'loader 1']);
    expect(told[1]![1]).toBe(first.ring);
  });

  it('goes on in the ring of a thread of its kind that has ended', () => {
    const process = new ProcessTrace();
    process.open();
    const first = process.tap('loader')!;
    const second = process.tap('loader')!;
    expect(second.ring).not.toBe(first.ring);
    process.release(first);
    expect(process.tap('loader')!.ring).toBe(first.ring);
    expect(process.take().map(({ thread }) => thread)).toEqual(['main', 'loader 0', 'loader 1']);
  });

  it("is on the same clock in another thread, though performance.now() counts from that thread's start there", async () => {
    const process = new ProcessTrace();
    process.open();
    const tap: TraceTap = process.tap('comms')!;
    process.recording = true;
    const beforeMs = monotonicMs();
    // Plain JavaScript of what the built recorder does: the test needs no build.
    const script = `
      const { parentPort, workerData } = require('node:worker_threads');
      const header = new Float64Array(workerData.ring, 0, 2), rows = new Float64Array(workerData.ring, 16);
      const beforeMs = performance.now(), [s, ns] = process.hrtime(), afterMs = performance.now();
      header[1] = s * 1000 + ns / 1e6 - (beforeMs + afterMs) / 2;
      rows[1] = rows[2] = performance.now();
      header[0] = 1;
      parentPort.postMessage('written');`;
    const worker = new Worker(script, { eval: true, workerData: tap });
    await new Promise((resolve) => worker.once('message', resolve));
    const afterMs = monotonicMs();
    await worker.terminate();
    const [comms] = process.take().filter(({ thread }) => thread === 'comms');
    const beginMs = rowsOf(comms!)[0]![ROW.beginMs]!;
    // The script reads its clock once only, between two readings that may be apart a little.
    expect(beginMs).toBeGreaterThan(beforeMs - 1);
    expect(beginMs).toBeLessThan(afterMs + 1);
  });
});
