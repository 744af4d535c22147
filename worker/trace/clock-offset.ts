/** How far two hosts' monotonic clocks are apart, as NTP estimates it: from questions that another host answers with its time. */

/** One question and its answer. */
export interface ClockSample {
  /** When it was asked and when the answer came, ms of the asker's clock. */
  readonly askedMs: number;
  readonly answeredMs: number;
  /** What the other's clock showed in between. */
  readonly otherMs: number;
}

export interface ClockOffset {
  /** The other's clock minus one's own, ms. */
  readonly offsetMs: number;
  /** The offset is wrong by at most half of this: the shortest time that a question and its answer took. */
  readonly roundTripMs: number;
}

/**
 * Returns the estimate from the sample with the shortest round trip: the less time there was, the less of it can have been spent on
 * one way only. Without samples the clocks are taken for one, with an unlimited error.
 */
export function estimateOffset(samples: readonly ClockSample[]): ClockOffset {
  let best: ClockOffset = { offsetMs: 0, roundTripMs: Number.POSITIVE_INFINITY };
  for (const { askedMs, answeredMs, otherMs } of samples) {
    const roundTripMs = answeredMs - askedMs;
    if (roundTripMs < best.roundTripMs) best = { offsetMs: otherMs - (askedMs + answeredMs) / 2, roundTripMs };
  }
  return best;
}

/** A rank's host and how far that host's clock is from the coordinator's, as this rank saw it. */
export interface RankClock extends ClockOffset {
  readonly hostId: string;
}

/**
 * Returns by rank what to add to its times to get rank 0's clock. Ranks of one host share a clock, so the best estimate of any of
 * them counts for all, and on rank 0's host nothing is added.
 */
export function offsetsToRankZero(clocks: readonly RankClock[]): number[] {
  const byHost = new Map<string, RankClock>();
  for (const clock of clocks) {
    const best = byHost.get(clock.hostId);
    if (best === undefined || clock.roundTripMs < best.roundTripMs) byHost.set(clock.hostId, clock);
  }
  const own = byHost.get(clocks[0]?.hostId ?? '');
  return clocks.map(({ hostId }) => byHost.get(hostId)!.offsetMs - (own?.offsetMs ?? 0));
}
