/** What one rank of the all-reduce benchmark is told, and what it measures; the same for both sides. */
import type { CollectiveName } from '../../worker/collective/exchange.js';
import type { PayloadChoice } from '../../worker/threads/comms-input.js';

export interface AllReduceCase {
  readonly ranks: number;
  /** Of the float32 vector. */
  readonly bytes: number;
  /** Measured rounds in a turn; as many are run before to warm up, up to {@link MAX_WARM_UP_ROUNDS}. */
  readonly rounds: number;
}

/** What our payload may be rounded to; these keep the benchmark's small whole numbers exact, so that its sums can be checked. */
export const GRAD_DTYPES = ['none', 'bf16', 'fp16', 'int8'] as const;

/** How our payload travels. */
export interface Lane {
  readonly payload: PayloadChoice;
  readonly transport: 'ipc' | 'tcp';
  readonly gradDtype: (typeof GRAD_DTYPES)[number];
  readonly collective: CollectiveName;
  /** Hosts that the ranks seem to be on, one after the other; with several they exchange by TCP. */
  readonly hosts: number;
}

export interface RankJob extends AllReduceCase, Lane {
  readonly rank: number;
  readonly endpoint: string;
  readonly runtimeDir: string;
  readonly bucketBytes: number;
}

export interface RankResult {
  readonly rank: number;
  /** Of each round, from the moment in which this rank had its part in place to the one in which it had the sum. */
  readonly seconds: readonly number[];
  /** All threads, over all measured rounds. */
  readonly cpuSeconds: number;
  /** Ours: what it took besides to copy the rank's vector in, per round. */
  readonly copySeconds?: number | undefined;
}

export const RUN = { runId: 'bench-allreduce', token: 'bench-allreduce' } as const;
export const MAX_WARM_UP_ROUNDS = 20;

/** The host that a rank of a lane seems to be on. */
export function hostOf(
  rank: number,
  { hosts, ranks, transport }: Pick<RankJob, 'hosts' | 'ranks' | 'transport'>,
): number {
  if (hosts > 1) return Math.floor((rank * hosts) / ranks);
  // By TCP means: each on a host of its own.
  return transport === 'tcp' ? rank : 0;
}

/** Rounds that take a second or two. */
export function defaultRounds(bytes: number): number {
  return Math.max(5, Math.min(1_000, Math.round(500e6 / (bytes + 5e5))));
}
