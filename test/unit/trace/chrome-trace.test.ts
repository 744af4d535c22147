import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { decodeCapture, encodeCapture, type RankCapture } from '../../../worker/trace/capture.js';
import type { RankClock } from '../../../worker/trace/clock-offset.js';
import { ROW_LENGTH } from '../../../worker/trace/span-ring.js';
import { type SpanName, spanNumber } from '../../../worker/trace/spans.js';
import { writeTraceFile } from '../../../worker/trace/trace-file.js';
import { type CheckedSpan, crossingSpans, readTrace } from '../../support/chrome-trace.js';
import { useTempFolder } from '../../support/temp-folder.js';

const temp = useTempFolder();

type Row = readonly [name: SpanName, beginMs: number, endMs: number, ...args: number[]];

function thread(name: string, rows: readonly Row[], numLost = 0) {
  const flat = rows.flatMap(([kind, begin, end, ...args]) => [
    ...[spanNumber(kind), begin, end],
    ...Array.from({ length: ROW_LENGTH - 3 }, (_, i) => args[i] ?? 0),
  ]);
  return { thread: name, rows: Float64Array.from(flat), numLost };
}

function capture(rank: number, clock: RankClock, threads: ReturnType<typeof thread>[]): RankCapture {
  return { rank, pid: 100 + rank, host: `box${rank}`, clock, threads };
}

/** Rank 1's host shows 5000 ms less than the coordinator's; rank 0's shows 200 ms more. So rank 1's times need 5000 + 200 ms. */
const CLOCKS = [
  { hostId: 'a', offsetMs: -200, roundTripMs: 0.2 },
  { hostId: 'b', offsetMs: 5000, roundTripMs: 0.4 },
] as const;

const MESSAGE = [3, 1, 1, 0, 1] as const;
const TWO_RANKS = [
  capture(0, CLOCKS[0], [
    thread('main', [
      ['stage', 1011, 1030, 1],
      ['copy', 1030, 1031, 1, 500],
      ['forward_backward', 1010, 1035],
      ['step', 1009, 1060, 3, 0],
    ]),
    thread('comms', [
      ['send', 1040, 1042, ...MESSAGE, 1],
      ['bucket', 1038, 1055, 3, 1],
    ]),
  ]),
  capture(1, CLOCKS[1], [
    thread('main', [['step', 1009 - 5200, 1061 - 5200, 3, 0]]),
    thread('comms', [
      ['receive', 1043 - 5200, 1049 - 5200, ...MESSAGE, 0],
      ['reduce', 1044 - 5200, 1048 - 5200, ...MESSAGE, 0],
      ['receive', 1050 - 5200, 1051 - 5200, 3, 0, 1, 0, 1, 0],
      ['bucket', 1037 - 5200, 1053 - 5200, 3, 0],
      ['bucket', 1041 - 5200, 1052 - 5200, 3, 1],
    ]),
  ]),
];

async function written(captures: readonly RankCapture[]) {
  const path = temp('trace.json');
  const info = await writeTraceFile(path, captures.map(encodeCapture).map(decodeCapture));
  return { info, trace: readTrace(await readFile(path, 'utf8')) };
}

const ofName = (spans: readonly CheckedSpan[], name: string, rank: number) =>
  spans.filter((span) => span.name === name && span.pid === rank);

describe('the Chrome trace', () => {
  it('keeps to the event format, with a named track for every span', async () => {
    const { trace, info } = await written(TWO_RANKS);
    expect([...trace.tracks.values()]).toEqual([
      'rank 0 (box0, pid 100): main',
      'rank 0 (box0, pid 100): comms',
      'rank 0 (box0, pid 100): comms: bucket',
      'rank 1 (box1, pid 101): main',
      'rank 1 (box1, pid 101): comms',
      'rank 1 (box1, pid 101): comms: bucket',
      'rank 1 (box1, pid 101): comms: bucket',
    ]);
    expect(crossingSpans(trace.spans)).toEqual([]);
    // 6 spans of rank 0 and 6 of rank 1, waits, names of 2 ranks and 7 tracks in two events each, and an arrow's two ends.
    const waits = ofName(trace.spans, 'wait', 0).length + ofName(trace.spans, 'wait', 1).length;
    expect(info.numEvents).toBe(6 + 6 + waits + 2 * (2 + 7) + 2);
  });

  it("puts all ranks on rank 0's clock, from the first span on", async () => {
    const { trace } = await written(TWO_RANKS);
    expect(ofName(trace.spans, 'step', 0)).toMatchObject([{ ts: 0, dur: 51_000, args: { step: 3, epoch: 0 } }]);
    expect(ofName(trace.spans, 'step', 1)).toMatchObject([{ ts: 0, dur: 52_000 }]);
    expect(ofName(trace.spans, 'copy', 0)).toMatchObject([{ ts: 21_000, args: { bucket: 1, elements: 500 } }]);
  });

  it('draws an arrow from a send to its receive, and none to a receive whose send was lost', async () => {
    const { trace } = await written(TWO_RANKS);
    expect(trace.arrows).toHaveLength(1);
    // Begins of the send and end of the receive, after 1009.
    expect(trace.arrows[0]).toMatchObject({ from: { pid: 0, ts: 31_000 }, to: { pid: 1, ts: 40_000 } });
  });

  it('shows as waiting what the comms thread leaves of the time during which buckets are under way', async () => {
    const { trace } = await written(TWO_RANKS);
    const waits = ofName(trace.spans, 'wait', 1).map(({ ts, dur, args }) => [ts, ts + dur, args.bucket]);
    // Under way 1037–1053; busy 1043–1049 and 1050–1051.
    expect(waits).toEqual([
      [28_000, 34_000, 0],
      [40_000, 41_000, 0],
      [42_000, 44_000, 0],
    ]);
  });

  it('tells how well the clocks are known, and what the rings had no room for', async () => {
    const lossy = [
      capture(0, CLOCKS[0], [thread('main', [['step', 0, 1]], 7)]),
      capture(1, { hostId: 'c', offsetMs: 0, roundTripMs: Number.POSITIVE_INFINITY }, [thread('main', [], 5)]),
    ];
    const { trace, info } = await written(lossy);
    expect(info.numLost).toBe(12);
    expect(trace.otherData).toEqual({
      'rank 0 clock': 'host a, -200.000 ms behind the coordinator, within 0.100 ms',
      'rank 1 clock': 'host c: the coordinator did not tell its time',
      'spans lost': '12',
    });
  });
});
