/** Medians, bandwidths and ratios of the all-reduce benchmark. Pure. */
import { median } from '../median.js';
import type { AllReduceCase, RankResult } from './job.js';

export interface SideFigures {
  /** The median round of the slowest rank. */
  readonly seconds: number;
  /** Vector bytes per second: what a training step sees. */
  readonly bytesPerSecond: number;
  /** All ranks and threads, per round. */
  readonly cpuSeconds: number;
}

export interface CaseFigures {
  readonly ranks: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly ours: SideFigures;
  /** Copying a rank's vector in, which is no part of a round. */
  readonly copySeconds: number;
  /** With several hosts: the hierarchy with messages within hosts too. */
  readonly byMessages?: SideFigures | undefined;
  readonly gloo?: SideFigures | undefined;
  /** Our bandwidth over Gloo's. */
  readonly ratio?: number | undefined;
}

/** Pools all turns of one side; each turn is what its ranks measured. */
export function sideFigures(task: AllReduceCase, turns: readonly (readonly RankResult[])[]): SideFigures {
  const byRank = Array.from({ length: task.ranks }, (_, rank) =>
    median(turns.flatMap((ranks) => ranks.filter((result) => result.rank === rank).flatMap(({ seconds }) => seconds))),
  );
  const seconds = Math.max(...byRank);
  const cpu = turns.map((ranks) => ranks.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / task.rounds);
  return { seconds, bytesPerSecond: task.bytes / seconds, cpuSeconds: median(cpu) };
}

/** Compares the two sides of a case. */
export function caseFigures(
  task: AllReduceCase,
  ours: readonly (readonly RankResult[])[],
  gloo: readonly (readonly RankResult[])[],
  byMessages: readonly (readonly RankResult[])[] = [],
): CaseFigures {
  const own = sideFigures(task, ours);
  const copySeconds = median(ours.flat().map((result) => result.copySeconds ?? 0));
  const { bytes, ranks, rounds } = task;
  const figures = {
    ...{ ranks, bytes, rounds, ours: own, copySeconds },
    ...(byMessages.length > 0 && { byMessages: sideFigures(task, byMessages) }),
  };
  if (gloo.length === 0) return figures;
  const rival = sideFigures(task, gloo);
  return { ...figures, gloo: rival, ratio: own.bytesPerSecond / rival.bytesPerSecond };
}
