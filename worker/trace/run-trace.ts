/** The trace of a run (`--trace`), as the training loop sees it: told of each step, it records a window of them and has rank 0 write the file. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunConfig } from '../../configs/run-config.js';
import { LockstepError } from '../../proto/errors.js';
import type { Logger } from '../../proto/telemetry/logger.js';
import { hostId } from '../host-id.js';
import type { Comms } from '../threads/comms-client.js';
import { decodeCapture, encodeCapture } from './capture.js';
import { processTrace } from './process-trace.js';
import { TRACE_FILE, writeTraceFile } from './trace-file.js';
import { type TraceWindow, traceWindow } from './trace-window.js';

/** What a trace works with; all of it is lent. */
export interface RunTraceParts {
  readonly config: RunConfig;
  readonly comms: Pick<Comms, 'gather' | 'measureClock' | 'traceOver'>;
  readonly rank: number;
  readonly log: Logger;
  /** Steps before this process began. */
  readonly doneSteps: number;
  readonly totalSteps: number;
}

/** Prepares all threads of this worker for recording, if the run is traced. Call it before the loader opens. */
export function openTrace({ config, comms }: { config: RunConfig; comms: Pick<Comms, 'trace' | 'traceThread'> }): void {
  if (config.trace === undefined) return;
  processTrace.open((thread, ring) => comms.traceThread(thread, ring));
  comms.trace(processTrace.tap('comms'), config.saveDir);
}

export class RunTrace {
  readonly #parts: RunTraceParts;
  readonly #window: TraceWindow;
  #state: 'before' | 'recording' | 'written' = 'before';

  /** Undefined when the run is not traced. */
  static open(parts: RunTraceParts): RunTrace | undefined {
    return parts.config.trace === undefined ? undefined : new RunTrace(parts, parts.config.trace);
  }

  private constructor(parts: RunTraceParts, setting: NonNullable<RunConfig['trace']>) {
    this.#parts = parts;
    this.#window = traceWindow(setting, parts.doneSteps, parts.totalSteps);
  }

  /** Says that the next step, counted from 1, is about to begin. */
  before(step: number): void {
    const { first, last } = this.#window;
    if (this.#state !== 'before' || step < first || step > Math.min(last, this.#parts.totalSteps)) return;
    this.#state = 'recording';
    processTrace.recording = true;
  }

  /** Says that a step is done. After the window's last one all ranks meet here and rank 0 writes the file. */
  async after(step: number): Promise<void> {
    if (step >= this.#window.last) await this.finish();
  }

  /** Writes what was recorded, if the window began and did not end. Every rank calls it at the same time. */
  async finish(): Promise<void> {
    if (this.#state !== 'recording') return;
    this.#state = 'written';
    processTrace.recording = false;
    const { comms, config, rank, log } = this.#parts;
    const clock = { hostId: hostId(), ...(await comms.measureClock()) };
    const threads = processTrace.take();
    const blobs = await comms.gather(encodeCapture({ rank, pid: process.pid, host: hostname(), clock, threads }));
    comms.traceOver();
    if (blobs === undefined) return;
    const path = join(config.saveDir, TRACE_FILE);
    try {
      const { numEvents, numLost } = await writeTraceFile(path, blobs.map(decodeCapture));
      log.info({ path, numEvents, numLost }, 'trace written: open it at ui.perfetto.dev or chrome://tracing');
    } catch (error) {
      // A full disk must not end a run that is well.
      if (!(error instanceof LockstepError)) throw error;
      log.warn({ err: error }, 'trace not written');
    }
  }
}
