/** What one rank measured of its buckets over some rounds. */
import type { Stage } from './grouping.js';
import type { TransferSample } from './link-model.js';

/** One round; times are of one clock of this rank, by bucket. */
export interface BucketTimes {
  readonly bucketReadyMs: ArrayLike<number>;
  readonly bucketDoneMs: ArrayLike<number>;
}

/** Medians over rounds, by bucket. */
export interface RankProfile {
  /** After the first bucket of the round. */
  readonly readyMs: readonly number[];
  /** From when the bucket could leave (it was ready, and those before it were done) to its sum. */
  readonly transferMs: readonly number[];
}

/** Returns the medians; `rounds` has at least one. */
export function profileOf(rounds: readonly BucketTimes[]): RankProfile {
  const numBuckets = rounds[0]!.bucketReadyMs.length;
  const byBucket = (of: (round: BucketTimes, bucket: number) => number): number[] =>
    Array.from({ length: numBuckets }, (_, bucket) => median(rounds.map((round) => of(round, bucket))));
  return {
    readyMs: byBucket(({ bucketReadyMs }, bucket) => bucketReadyMs[bucket]! - bucketReadyMs[0]!),
    transferMs: byBucket(({ bucketReadyMs, bucketDoneMs }, bucket) => {
      const linkFreeMs = bucket === 0 ? 0 : bucketDoneMs[bucket - 1]!;
      return Math.max(0, bucketDoneMs[bucket]! - Math.max(bucketReadyMs[bucket]!, linkFreeMs));
    }),
  };
}

/**
 * Returns the stages and transfers of the whole world. A stage is ready when the slowest rank has it; of a transfer, the rank that was
 * ready last saw the part that is not waiting for others, so the shortest time counts.
 *
 * @param profiles by rank
 * @param bytes by bucket
 */
export function mergeProfiles(
  profiles: readonly RankProfile[],
  bytes: readonly number[],
): { stages: Stage[]; transfers: TransferSample[] } {
  const stages: Stage[] = [];
  let latestMs = 0;
  for (const [bucket, size] of bytes.entries()) {
    latestMs = Math.max(latestMs, ...profiles.map(({ readyMs }) => readyMs[bucket]!));
    stages.push({ readyMs: latestMs, bytes: size });
  }
  const transfers = bytes.map((size, bucket) => ({
    bytes: size,
    ms: Math.min(...profiles.map(({ transferMs }) => transferMs[bucket]!)),
  }));
  return { stages, transfers };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
