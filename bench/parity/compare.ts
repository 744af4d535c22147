/** Differences of two trajectories. Pure. */
import type { IterationLosses, StateArrays } from './trajectory.js';

/** The sum of the three terms, as far as the optimizer sees it without the batch factor. */
export function totalLoss({ box, obj, cls }: IterationLosses): number {
  return box + obj + cls;
}

/** |a − b| / |b|. */
export function relativeDifference(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.abs(b);
}

/** Relative difference of the total loss, by iteration. */
export function lossDifferences(ours: readonly IterationLosses[], theirs: readonly IterationLosses[]): number[] {
  return ours.map((losses, i) => relativeDifference(totalLoss(losses), totalLoss(theirs[i]!)));
}

/** The first iteration whose weights have `steps` optimizer steps behind them; undefined if training ends before. */
export function iterationAfter(iterations: readonly IterationLosses[], steps: number): number | undefined {
  let done = 0;
  for (const [i, { stepped }] of iterations.entries()) {
    if (done === steps) return i;
    if (stepped) done++;
  }
  return undefined;
}

/** ‖a − b‖ / ‖b‖ over all tensors together; every one of b's must be in a. */
export function stateDifference(ours: StateArrays, theirs: StateArrays): number {
  let difference = 0;
  let size = 0;
  for (const [name, b] of theirs) {
    const a = ours.get(name);
    for (let i = 0; i < b.length; i++) {
      difference += ((a?.[i] ?? Number.NaN) - b[i]!) ** 2;
      size += b[i]! ** 2;
    }
  }
  return Math.sqrt(difference / size);
}
