/** How well several workers use their cores. Pure. */
import { median } from '../median.js';
import type { StepSample } from '../step/sample.js';

/** Seconds per step of the same work. */
export interface ScalingTimes {
  /** One worker with one thread. */
  readonly alone: number;
  /** Several workers with one thread each, the all-reduce included. */
  readonly together: number;
  /** As many workers at the same time that do not know of each other, each with its share of the work. */
  readonly apart: number;
}

export interface Scaling extends ScalingTimes {
  /** Speed of the workers together over their number times the speed of one. */
  readonly efficiency: number;
  /** The same without any exchange: what the machine's memory, caches and clock leave. */
  readonly ceiling: number;
}

/** Relates the times; all of them are of `numWorkers` shares of work. */
export function relate(times: ScalingTimes, numWorkers: number): Scaling {
  return {
    ...times,
    efficiency: times.alone / (numWorkers * times.together),
    ceiling: times.alone / (numWorkers * times.apart),
  };
}

/** The median over the steps of all samples. */
export function stepSeconds(samples: readonly StepSample[]): number {
  return median(samples.flatMap(({ seconds }) => seconds));
}

/** Mean seconds by phase over samples. */
export function meanPhases(samples: readonly StepSample[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { phases } of samples) {
    for (const [phase, s] of Object.entries(phases ?? {})) sums.set(phase, (sums.get(phase) ?? 0) + s / samples.length);
  }
  return Object.fromEntries(sums);
}
