/** Checks a trace against the Chrome trace event format (JSON object format) as Perfetto and chrome://tracing read it. */
import { z } from 'zod';

const microseconds = z.number().min(0);
const track = { pid: z.int().min(0), tid: z.int().min(0) };
const plainArgs = z.record(z.string(), z.union([z.number(), z.string()]));

const span = z.strictObject({
  ph: z.literal('X'),
  name: z.string().min(1),
  cat: z.string().min(1),
  ...track,
  ts: microseconds,
  dur: microseconds,
  args: plainArgs,
});
const nameOf = z.strictObject({
  ph: z.literal('M'),
  name: z.enum(['process_name', 'thread_name']),
  ...track,
  ts: microseconds,
  args: z.strictObject({ name: z.string().min(1) }),
});
const sortIndex = z.strictObject({
  ph: z.literal('M'),
  name: z.enum(['process_sort_index', 'thread_sort_index']),
  ...track,
  ts: microseconds,
  args: z.strictObject({ sort_index: z.int() }),
});
const arrow = { name: z.string().min(1), cat: z.string().min(1), id: z.int(), ...track, ts: microseconds };
const arrowBegin = z.strictObject({ ph: z.literal('s'), ...arrow });
const arrowEnd = z.strictObject({ ph: z.literal('f'), bp: z.literal('e'), ...arrow });

const event = z.union([span, nameOf, sortIndex, arrowBegin, arrowEnd]);
const traceFile = z.strictObject({
  displayTimeUnit: z.enum(['ms', 'ns']),
  traceEvents: z.array(event),
  otherData: z.record(z.string(), z.string()),
});

export type CheckedSpan = z.infer<typeof span>;

/** A trace that keeps to the format, by what tests ask of it. */
export interface CheckedTrace {
  readonly spans: readonly CheckedSpan[];
  /** Arrows as pairs. */
  readonly arrows: readonly { from: z.infer<typeof arrowBegin>; to: z.infer<typeof arrowEnd> }[];
  /** `rank name: track name` by `pid.tid`. */
  readonly tracks: ReadonlyMap<string, string>;
  readonly otherData: Readonly<Record<string, string>>;
}

/** Reads a trace file. Throws where it departs from the format: fields, types, tracks without a name, arrows without both ends. */
export function readTrace(text: string): CheckedTrace {
  const { traceEvents, otherData } = traceFile.parse(JSON.parse(text));
  const processes = new Map<number, string>();
  const tracks = new Map<string, string>();
  for (const one of traceEvents) {
    if (one.ph === 'M' && one.name === 'process_name') processes.set(one.pid, one.args.name);
  }
  for (const one of traceEvents) {
    if (one.ph === 'M' && one.name === 'thread_name')
      tracks.set(`${one.pid}.${one.tid}`, `${processes.get(one.pid)!}: ${one.args.name}`);
  }
  const spans = traceEvents.filter((one) => one.ph === 'X');
  for (const { pid, tid, name } of spans) {
    if (!tracks.has(`${pid}.${tid}`)) throw new Error(`span ${name} is on the unnamed track ${pid}.${tid}`);
  }
  const begins = new Map(traceEvents.filter((one) => one.ph === 's').map((one) => [one.id, one]));
  const ends = traceEvents.filter((one) => one.ph === 'f');
  if (begins.size !== ends.length) throw new Error(`${begins.size} arrows begin and ${ends.length} end`);
  const arrows = ends.map((to) => {
    const from = begins.get(to.id);
    if (from === undefined) throw new Error(`arrow ${to.id} ends without having begun`);
    return { from, to };
  });
  return { spans, arrows, tracks, otherData };
}

/** Begins and lengths are rounded to nanoseconds, and their sums are not exact. */
const ROUNDING_US = 0.002;

/** Pairs of spans of one track of which one begins inside the other and ends after it: viewers draw such spans wrongly. */
export function crossingSpans(spans: readonly CheckedSpan[]): [CheckedSpan, CheckedSpan][] {
  const crossing: [CheckedSpan, CheckedSpan][] = [];
  const byTrack = new Map<string, CheckedSpan[]>();
  for (const one of spans) {
    const track = `${one.pid}.${one.tid}`;
    const ofTrack = byTrack.get(track);
    if (ofTrack === undefined) byTrack.set(track, [one]);
    else ofTrack.push(one);
  }
  for (const ofTrack of byTrack.values()) {
    const open: CheckedSpan[] = [];
    for (const one of ofTrack.sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length > 0 && endOf(open.at(-1)!) <= one.ts + ROUNDING_US) open.pop();
      const around = open.at(-1);
      if (around !== undefined && endOf(one) > endOf(around) + ROUNDING_US) crossing.push([around, one]);
      open.push(one);
    }
  }
  return crossing;
}

/** When a span ends, in microseconds. */
export function endOf({ ts, dur }: CheckedSpan): number {
  return ts + dur;
}
