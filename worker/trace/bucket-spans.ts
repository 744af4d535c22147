/** What a finished round of the all-reduce says about time: how much of it was hidden, and a span per bucket for the trace. */
import type { Interval } from './intervals.js';
import { type Overlap, overlapOf } from './overlap.js';
import { threadTrace } from './thread-trace.js';

/** A round as the all-reduce measured it, on the host's monotonic clock. */
export interface RoundTimes {
  readonly round: number;
  /** By bucket: when this rank announced it. */
  readonly bucketReadyMs: readonly number[];
  /** By bucket: when its sum was complete on this rank. */
  readonly bucketDoneMs: readonly number[];
}

/**
 * Notes the round's buckets in the trace, if there is one, and returns the overlap.
 * @param waited when the main thread waited for the round
 */
export function noteRound({ round, bucketReadyMs, bucketDoneMs }: RoundTimes, waited: Interval): Overlap {
  if (threadTrace.isOn) {
    for (const [bucket, beginMs] of bucketReadyMs.entries()) {
      threadTrace.add('bucket', { beginMs, endMs: bucketDoneMs[bucket]! }, round, bucket);
    }
  }
  return overlapOf(bucketReadyMs, bucketDoneMs, waited);
}
