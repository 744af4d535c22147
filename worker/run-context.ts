/** What every part of a worker's run is lent: made once in `member.ts`, closed there. */
import type { RunConfig } from '../configs/run-config.js';
import type { Logger } from '../proto/telemetry/logger.js';
import type { Engine } from './engine/engine.js';
import type { Comms } from './threads/comms-client.js';

export interface RunContext {
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly comms: Comms;
  readonly rank: number;
  readonly localRank: number;
  readonly worldSize: number;
  readonly log: Logger;
}

/** What a worker says at its end. */
export interface RunOutcome {
  readonly weightsSha256: string;
  readonly stopReason: string;
  /** The run was drained: its checkpoint can be resumed. */
  readonly resumable: boolean;
  /** Rank 0's account for the user. */
  readonly summaryJson: string;
}

/** Resolves when all ranks have come here. */
export async function barrier({ comms }: RunContext): Promise<void> {
  const all = await comms.gather(new Uint8Array(0));
  await comms.broadcast(all === undefined ? undefined : new Uint8Array(1));
}

/** Runs `work` on the first worker of each host before the others, so that they find its caches. */
export async function localRankZeroFirst<T>(context: RunContext, work: () => Promise<T>): Promise<T> {
  if (context.localRank !== 0) await barrier(context);
  const result = await work();
  if (context.localRank === 0) await barrier(context);
  return result;
}
