/** Runs the microbatches of a step side by side, so that their batch norms share one set of statistics. */
import type { VirtualExchange } from '../virtual-exchange.js';
import { emptyRow, mergeMoments, mergeSums } from './merge.js';
import type { SyncPoint } from './rewrite.js';
import type { SegmentedRun } from './segmented-executable.js';

/**
 * Runs to the end and disposes of the runs. Outputs come segment by segment, within a segment by virtual rank.
 *
 * @param runs by local virtual rank, ascending; undefined for one without images, which waits with the others and adds nothing
 * @param points those of the program; their number and channels are the same for every microbatch shape
 * @param timeSegment wraps the part of each round in which the engine computes; the rest is waiting @defaultValue just runs it
 * @throws EngineError as `Executable.run`; as `VirtualExchange.combine`
 */
export async function runInLockstep(
  runs: readonly (SegmentedRun | undefined)[],
  points: readonly SyncPoint[],
  exchange: VirtualExchange,
  timeSegment: <T>(work: () => T) => T = (work) => work(),
): Promise<void> {
  try {
    for (const { kind, channels } of points) {
      const rows = timeSegment(() => runs.map((run) => run?.runSegment() ?? emptyRow(channels)));
      const merged = await exchange.combine(rows, kind === 'moments' ? mergeMoments : mergeSums);
      for (const run of runs) run?.resume(merged);
    }
    timeSegment(() => {
      for (const run of runs) run?.runSegment();
    });
  } finally {
    for (const run of runs) run?.dispose();
  }
}
