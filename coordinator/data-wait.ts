/** How much of an epoch's step time its ranks spent waiting for data: the sign of a loader that is too slow. */
import type { wire } from '../proto/messages.js';

/** The waiting of an epoch. */
export interface EpochDataWait {
  /** Over all ranks together. */
  readonly share: number;
  /** By rank. */
  readonly byRank: ReadonlyMap<number, number>;
}

interface Sums {
  stepSeconds: number;
  waitSeconds: number;
}

export class DataWait {
  #epoch: number | undefined;
  #byRank = new Map<number, Sums>();

  /** Takes in a step of any rank. */
  add({ rank, epoch, stepSeconds, phases }: wire.control.StepReport.$Properties): void {
    if (this.#epoch !== (epoch ?? 0)) this.#byRank = new Map();
    this.#epoch = epoch ?? 0;
    const sums = this.#byRank.get(rank ?? 0) ?? { stepSeconds: 0, waitSeconds: 0 };
    sums.stepSeconds += stepSeconds ?? 0;
    for (const { phase, seconds } of phases ?? []) if (phase === 'data_wait') sums.waitSeconds += seconds ?? 0;
    this.#byRank.set(rank ?? 0, sums);
  }

  /** The shares of an epoch so far; undefined if none of its steps took any time. */
  of(epoch: number): EpochDataWait | undefined {
    const all = [...this.#byRank].filter(([, { stepSeconds }]) => stepSeconds > 0);
    if (this.#epoch !== epoch || all.length === 0) return undefined;
    const sum = (pick: (sums: Sums) => number): number => all.reduce((total, [, sums]) => total + pick(sums), 0);
    return {
      share: sum(({ waitSeconds }) => waitSeconds) / sum(({ stepSeconds }) => stepSeconds),
      byRank: new Map(all.map(([rank, { waitSeconds, stepSeconds }]) => [rank, waitSeconds / stepSeconds])),
    };
  }
}

/** `epoch 3: waited for data 0.4% of the step time (rank 1: 0.9%)`; the rank that waited most where there are several. */
export function dataWaitLine(epoch: number, { share, byRank }: EpochDataWait): string {
  const percent = (value: number): string => `${(100 * value).toFixed(1)}%`;
  const [worst] = [...byRank].sort(([, a], [, b]) => b - a);
  const who = byRank.size > 1 && worst !== undefined ? ` (rank ${worst[0]}: ${percent(worst[1])})` : '';
  return `epoch ${epoch}: waited for data ${percent(share)} of the step time${who}`;
}
