/** When recording begins and ends: pure. */
import type { TraceSetting } from '../../configs/trace-window.js';

/** The first steps compile and fill caches; they would dwarf the others. */
const WARM_UP_STEPS = 2;

/** Steps from `first` to `last`, counted from 1. */
export interface TraceWindow {
  readonly first: number;
  readonly last: number;
}

/**
 * Returns the steps to trace. Without a given first step the window begins after the warm-up, or earlier where the run would be over
 * before the window is.
 *
 * @param doneSteps steps before this process began (a resumed run)
 * @param totalSteps steps of the whole run
 */
export function traceWindow(setting: TraceSetting, doneSteps: number, totalSteps: number): TraceWindow {
  const { first, numSteps } = setting;
  if (first !== undefined) return { first, last: first + numSteps - 1 };
  const latest = totalSteps - numSteps + 1;
  const begin = Math.max(doneSteps + 1, Math.min(doneSteps + 1 + WARM_UP_STEPS, latest));
  return { first: begin, last: begin + numSteps - 1 };
}
