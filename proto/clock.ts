/** One clock for all threads and processes of a host: CLOCK_MONOTONIC, which `performance.now()` counts from another origin in each thread. */

/** Between two readings the scheduler may step in; of so many tries the closest pair counts. */
const NUM_TRIES = 16;

/** Milliseconds to add to this thread's `performance.now()` to get the host's monotonic clock. */
export const MONOTONIC_ORIGIN_MS = measureOrigin();

/** Milliseconds of the host's monotonic clock: the same in every thread and process of a host. */
export function monotonicMs(): number {
  return performance.now() + MONOTONIC_ORIGIN_MS;
}

function measureOrigin(): number {
  let originMs = 0;
  let closestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < NUM_TRIES; i++) {
    const beforeMs = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const afterMs = performance.now();
    if (afterMs - beforeMs >= closestMs) continue;
    closestMs = afterMs - beforeMs;
    originMs = seconds * 1000 + nanoseconds / 1e6 - (beforeMs + afterMs) / 2;
  }
  return originMs;
}
