/** The Chrome trace of a run (JSON object format): what chrome://tracing and ui.perfetto.dev open. Pure. */
import type { RankCapture } from './capture.js';
import { offsetsToRankZero } from './clock-offset.js';
import { union, without } from './intervals.js';
import { laneOf } from './lanes.js';
import { linkMessages } from './message-links.js';
import type { ThreadSpans } from './process-trace.js';
import { ROW, ROW_LENGTH } from './span-ring.js';
import { SPAN_NAMES, type SpanName, spanKind } from './spans.js';

/** One event of the format. Times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** X: a span; M: a name for a process or thread; s and f: an arrow's begin and end. */
  readonly ph: 'X' | 'M' | 's' | 'f';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, number | string>>;
  readonly id?: number;
  /** Arrows end in the span around them, not in the next one. */
  readonly bp?: 'e';
}

/** A span on rank 0's clock. */
export interface Span {
  readonly name: SpanName;
  readonly beginMs: number;
  readonly endMs: number;
  /** Named by {@link spanKind}. */
  readonly args: readonly number[];
}

/** Tracks of a thread have ids of their own hundred, so that they stay together. */
const TIDS_PER_THREAD = 100;

/** All events, names first. Processes are ranks, with tracks per thread and kind. */
export function* chromeTrace(captures: readonly RankCapture[]): Generator<TraceEvent> {
  const offsets = offsetsToRankZero(captures.map(({ clock }) => clock));
  const ranks = captures.map((capture, i) => ({
    capture,
    threads: withBucketsOfComms(
      capture.threads.map((thread) => ({ thread: thread.thread, spans: spansOf(thread, offsets[i]!) })),
    ),
  }));
  let originMs = Number.POSITIVE_INFINITY;
  for (const { threads } of ranks) {
    for (const { spans } of threads) for (const { beginMs } of spans) originMs = Math.min(originMs, beginMs);
  }
  const placed: PlacedSpan[] = [];
  for (const { capture, threads } of ranks) {
    const { rank, host, pid } = capture;
    yield metadata('process_name', rank, 0, { name: `rank ${rank} (${host}, pid ${pid})` });
    yield metadata('process_sort_index', rank, 0, { sort_index: rank });
    for (const [index, { thread, spans }] of threads.entries()) {
      yield* tracksOf(rank, index * TIDS_PER_THREAD, thread, spans, placed);
    }
  }
  const microseconds = (ms: number): number => Math.round((ms - originMs) * 1e6) / 1e3;
  for (const { span, pid, tid } of placed) {
    const { category, args } = spanKind(span.name);
    const ts = microseconds(span.beginMs);
    yield {
      name: span.name,
      cat: category,
      ph: 'X',
      pid,
      tid,
      ts,
      dur: Math.max(0, Math.round((microseconds(span.endMs) - ts) * 1e3) / 1e3),
      args: Object.fromEntries(args.map((name, i) => [name, span.args[i] ?? 0])),
    };
  }
  for (const [id, { from, to }] of linkMessages(placed).entries()) {
    const arrow = { name: 'message', cat: 'comms', id };
    yield { ...arrow, ph: 's', pid: from.pid, tid: from.tid, ts: microseconds(from.span.beginMs) };
    yield { ...arrow, ph: 'f', bp: 'e', pid: to.pid, tid: to.tid, ts: microseconds(to.span.endMs) };
  }
}

/** A span and its track. `pid` is the rank. */
export interface PlacedSpan {
  readonly span: Span;
  readonly pid: number;
  readonly tid: number;
}

/** A thread's spans, ascending by begin, outer ones first. */
function spansOf({ rows }: ThreadSpans, offsetMs: number): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at < rows.length; at += ROW_LENGTH) {
    spans.push({
      name: SPAN_NAMES[rows[at + ROW.kind]!]!,
      beginMs: rows[at + ROW.beginMs]! + offsetMs,
      endMs: rows[at + ROW.endMs]! + offsetMs,
      args: [...rows.subarray(at + ROW.args, at + ROW_LENGTH)],
    });
  }
  return spans.sort(byBegin);
}

function byBegin(a: Span, b: Span): number {
  return a.beginMs - b.beginMs || b.endMs - a.endMs;
}

interface ThreadTrack {
  readonly thread: string;
  readonly spans: readonly Span[];
}

/** Whichever thread noted when buckets were under way: they are shown with the comms thread. */
function withBucketsOfComms(threads: readonly ThreadTrack[]): ThreadTrack[] {
  const buckets = threads.flatMap(({ spans }) => spans.filter(({ name }) => name === 'bucket'));
  return threads.map(({ thread, spans }) => {
    const others = spans.filter(({ name }) => name !== 'bucket');
    return { thread, spans: thread === 'comms' ? [...others, ...buckets].sort(byBegin) : others };
  });
}

/** Names the tracks of a thread and puts its spans on them: one for what runs in it, and lanes for what it only keeps under way. */
function* tracksOf(
  pid: number,
  firstTid: number,
  thread: string,
  spans: readonly Span[],
  placed: PlacedSpan[],
): Generator<TraceEvent> {
  const running = spans.filter(({ name }) => spanKind(name).overlaps !== true);
  const waits = thread === 'comms' ? idleSpans(spans, running) : [];
  yield* nameTrack(pid, firstTid, thread);
  for (const span of [...running, ...waits]) placed.push({ span, pid, tid: firstTid });
  let tid = firstTid + 1;
  for (const kind of SPAN_NAMES.filter((name) => spanKind(name).overlaps === true)) {
    const ofKind = spans.filter(({ name }) => name === kind);
    const lanes = laneOf(ofKind);
    const numLanes = lanes.reduce((most, lane) => Math.max(most, lane + 1), 0);
    for (let lane = 0; lane < numLanes; lane++) yield* nameTrack(pid, tid + lane, `${thread}: ${kind}`);
    for (const [i, span] of ofKind.entries()) placed.push({ span, pid, tid: tid + lanes[i]! });
    tid += numLanes;
  }
}

/** While buckets are under way and the comms thread does nothing, it waits: for peers, or for the next bucket's turn. */
function idleSpans(spans: readonly Span[], running: readonly Span[]): Span[] {
  const buckets = spans.filter(({ name }) => name === 'bucket');
  return without(union(buckets), union(running)).map(({ beginMs, endMs }) => {
    // The bucket that has been under way the longest is the one that is waited for.
    const oldest = buckets.find((bucket) => bucket.beginMs <= beginMs && bucket.endMs > beginMs);
    return { name: 'wait', beginMs, endMs, args: oldest?.args ?? [] };
  });
}

function* nameTrack(pid: number, tid: number, name: string): Generator<TraceEvent> {
  yield metadata('thread_name', pid, tid, { name });
  yield metadata('thread_sort_index', pid, tid, { sort_index: tid });
}

function metadata(name: string, pid: number, tid: number, args: Record<string, number | string>): TraceEvent {
  return { name, ph: 'M', pid, tid, ts: 0, args };
}
