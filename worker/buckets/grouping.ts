/** Which consecutive stages of the backward pass are best sent together. Pure. */
import { type LinkModel, transferMs } from './link-model.js';

/** One piece of the backward pass. */
export interface Stage {
  /** When its gradients are there, in ms after some origin. Ascending over stages. */
  readonly readyMs: number;
  readonly bytes: number;
}

export interface Grouping {
  /** How many stages make each bucket, in order. */
  readonly numStages: readonly number[];
  /** When the last bucket is summed, on the clock of {@link Stage.readyMs}. */
  readonly doneMs: number;
}

/** More buckets than this have never been better, and bound the work here. */
const MAX_BUCKETS = 64;

/**
 * Returns when the last of these buckets is summed. A bucket leaves when its last stage is ready and the link is free.
 */
export function predictDoneMs(stages: readonly Stage[], numStages: readonly number[], link: LinkModel): number {
  let doneMs = 0;
  let next = 0;
  for (const count of numStages) {
    const members = stages.slice(next, next + count);
    next += count;
    const bytes = members.reduce((sum, stage) => sum + stage.bytes, 0);
    doneMs = Math.max(doneMs, members.at(-1)!.readyMs) + transferMs(link, bytes);
  }
  return doneMs;
}

/**
 * Returns the best of all groupings: the one that is done first, where each bucket counts once more with its fixed cost, because that
 * cost is work for cores that could compute. Between equals the one with fewer buckets.
 *
 * By dynamic programming: the first j stages in k buckets are done first when the first i of them were done first in k − 1.
 */
export function bestGrouping(stages: readonly Stage[], link: LinkModel): Grouping {
  const n = stages.length;
  const maxBuckets = Math.min(n, MAX_BUCKETS);
  const bytesBefore = [0];
  for (const { bytes } of stages) bytesBefore.push(bytesBefore.at(-1)! + bytes);
  // By number of buckets, then by number of stages: when they are done, and where the last bucket begins.
  let done = Array.from({ length: n + 1 }, (_, j) => (j === 0 ? 0 : Number.POSITIVE_INFINITY));
  const begins: Int32Array[] = [];
  let best = { cost: Number.POSITIVE_INFINITY, numBuckets: 0, doneMs: 0 };
  for (let k = 1; k <= maxBuckets; k++) {
    const next = new Array<number>(n + 1).fill(Number.POSITIVE_INFINITY);
    const begin = new Int32Array(n + 1);
    for (let j = k; j <= n; j++) {
      for (let i = k - 1; i < j; i++) {
        const ms = Math.max(done[i]!, stages[j - 1]!.readyMs) + transferMs(link, bytesBefore[j]! - bytesBefore[i]!);
        if (ms >= next[j]!) continue;
        next[j] = ms;
        begin[j] = i;
      }
    }
    begins.push(begin);
    done = next;
    const cost = done[n]! + k * link.latencyMs;
    if (cost < best.cost) best = { cost, numBuckets: k, doneMs: done[n]! };
  }
  const numStages: number[] = [];
  for (let k = best.numBuckets, j = n; k > 0; k--) {
    const i = begins[k - 1]![j]!;
    numStages.unshift(j - i);
    j = i;
  }
  return { numStages, doneMs: best.doneMs };
}
