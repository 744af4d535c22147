/** Writes the trace of all ranks into the run folder, event by event, so that no string grows with it. */
import { writeAtomically } from '../checkpoint/atomic-file.js';
import type { RankCapture } from './capture.js';
import { chromeTrace } from './chrome-trace.js';

/** Name of the file in the run folder. */
export const TRACE_FILE = 'trace.json';

/** Events are written in pieces of about so many characters. */
const PIECE_LENGTH = 1 << 18;

export interface TraceFileInfo {
  readonly numEvents: number;
  /** Spans that the ring buffers had no room for, over all ranks and threads. */
  readonly numLost: number;
}

/**
 * Writes `path` whole or not at all.
 * @throws CheckpointError CHECKPOINT_NO_SPACE, CHECKPOINT_CANNOT_WRITE
 */
export async function writeTraceFile(path: string, captures: readonly RankCapture[]): Promise<TraceFileInfo> {
  let numEvents = 0;
  const numLost = captures.flatMap(({ threads }) => threads).reduce((sum, thread) => sum + thread.numLost, 0);
  await writeAtomically(path, async (file) => {
    let piece = '{"displayTimeUnit":"ms","traceEvents":[\n';
    for (const event of chromeTrace(captures)) {
      piece += `${numEvents++ === 0 ? '' : ',\n'}${JSON.stringify(event)}`;
      if (piece.length < PIECE_LENGTH) continue;
      await file.write(piece);
      piece = '';
    }
    await file.write(`${piece}\n],"otherData":${JSON.stringify(otherData(captures, numLost))}}\n`);
  });
  return { numEvents, numLost };
}

/** What a reader may want to know: strings, as the format has them. */
function otherData(captures: readonly RankCapture[], numLost: number): Record<string, string> {
  const clocks = captures.map(({ rank, clock }) => [
    `rank ${rank} clock`,
    clock.roundTripMs === Number.MAX_VALUE
      ? `host ${clock.hostId}: the coordinator did not tell its time`
      : `host ${clock.hostId}, ${clock.offsetMs.toFixed(3)} ms behind the coordinator, within ${(clock.roundTripMs / 2).toFixed(3)} ms`,
  ]);
  return { ...Object.fromEntries(clocks), 'spans lost': String(numLost) };
}
