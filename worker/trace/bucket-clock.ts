/** When the buckets of a round were announced and when they were summed. */
export class BucketClock {
  readonly #now: () => number;
  readonly #readyMs: Float64Array;
  readonly #doneMs: Float64Array;

  /** @param now milliseconds of the host's monotonic clock */
  constructor(numBuckets: number, now: () => number) {
    this.#now = now;
    this.#readyMs = new Float64Array(numBuckets);
    this.#doneMs = new Float64Array(numBuckets);
  }

  /** This rank has announced a bucket. */
  ready(bucket: number): void {
    this.#readyMs[bucket] = this.#now();
  }

  /** One more segment of a bucket is summed; the last one counts. */
  segmentDone(bucket: number): void {
    this.#doneMs[bucket] = this.#now();
  }

  /** The round's times, by bucket. */
  times(): { bucketReadyMs: number[]; bucketDoneMs: number[] } {
    return { bucketReadyMs: [...this.#readyMs], bucketDoneMs: [...this.#doneMs] };
  }
}
