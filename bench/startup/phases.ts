/** The phases of a start, from the marks of its processes. Pure. */
import type { Milestones } from '../../proto/telemetry/milestones.js';

/** What the processes of one start have marked. */
export interface StartMarks {
  /** When the command was started, in milliseconds since 1970. */
  readonly startedMs: number;
  readonly launcher: Milestones;
  /** By rank. */
  readonly workers: readonly Milestones[];
}

/** The way from one mark to the next. */
export interface StartPhase {
  readonly process: 'launcher' | 'worker';
  /** The mark that ends it. */
  readonly name: string;
  readonly seconds: number;
  /** Since the command was started. */
  readonly untilSeconds: number;
}

/**
 * Returns the phases in order: the launcher's, then those of the worker whose first step was finished last. The worker's
 * first phase begins where the launcher's last one ends.
 */
export function startPhases({ startedMs, launcher, workers }: StartMarks): StartPhase[] {
  const end = (worker: Milestones): number => worker.marks.at(-1)?.atMs ?? 0;
  const last = workers.toSorted((a, b) => end(b) - end(a))[0];
  const marks = [
    ...launcher.marks.map(({ name, atMs }) => ({ process: 'launcher' as const, name, atMs })),
    ...(last === undefined ? [] : [{ process: 'worker' as const, name: 'process', atMs: last.startedMs }]),
    ...(last?.marks ?? []).map(({ name, atMs }) => ({ process: 'worker' as const, name, atMs })),
  ];
  return marks.map(({ process, name, atMs }, i) => ({
    ...{ process, name },
    seconds: (atMs - (marks[i - 1]?.atMs ?? startedMs)) / 1000,
    untilSeconds: (atMs - startedMs) / 1000,
  }));
}
