/** An all-reduce that notes when each bucket was ready. */
import type { AllReduce } from '../../worker/threads/comms-client.js';

/** Milliseconds of the last round by bucket, on `performance.now()`'s clock. */
export type ReadyTimes = Float64Array;

/** Returns an all-reduce that does what the given one does and notes times in `readyMs`, one element per bucket. */
export function recordReadyTimes(allReduce: AllReduce, readyMs: ReadyTimes): AllReduce {
  return new Proxy(allReduce, {
    get(target, property) {
      if (property === 'bucketReady') {
        return (virtualRank: number, bucket: number): void => {
          target.bucketReady(virtualRank, bucket);
          readyMs[bucket] = performance.now();
        };
      }
      const value: unknown = Reflect.get(target, property, target);
      // Private fields belong to the target itself.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
