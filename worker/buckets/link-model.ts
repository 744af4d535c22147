/** What sending costs, as a line through measurements: a fixed time per bucket and a time per byte. Pure. */

export interface LinkModel {
  /** Fixed cost of a bucket: announcements, wake-ups, the way of the first segment. */
  readonly latencyMs: number;
  readonly msPerByte: number;
}

/** How long one bucket took once nothing was ahead of it. */
export interface TransferSample {
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Returns the line of least squares with neither part negative: where the best line has a negative part, that part is 0 and the other
 * one is fitted alone.
 * @param samples at least one
 */
export function fitLink(samples: readonly TransferSample[]): LinkModel {
  const mean = (of: (sample: TransferSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const meanBytes = mean(({ bytes }) => bytes);
  const meanMs = mean(({ ms }) => ms);
  const covariance = mean(({ bytes, ms }) => (bytes - meanBytes) * (ms - meanMs));
  const variance = mean(({ bytes }) => (bytes - meanBytes) ** 2);
  const slope = variance > 0 ? covariance / variance : 0;
  if (slope <= 0) return { latencyMs: meanMs, msPerByte: 0 };
  const latencyMs = meanMs - slope * meanBytes;
  if (latencyMs >= 0) return { latencyMs, msPerByte: slope };
  return { latencyMs: 0, msPerByte: mean(({ bytes, ms }) => bytes * ms) / mean(({ bytes }) => bytes * bytes) };
}

/** Returns how long a bucket takes. */
export function transferMs({ latencyMs, msPerByte }: LinkModel, bytes: number): number {
  return latencyMs + msPerByte * bytes;
}
