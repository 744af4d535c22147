/** The trace of a run that did not come to the end of its traced steps: put together from what its ranks left behind. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunConfig } from '../configs/run-config.js';
import { builtEntry } from '../proto/paths.js';
import type { Terminal } from './terminal.js';

/** A trace of many ranks with full rings takes seconds; what takes longer hangs. */
const TIMEOUT_MS = 60_000;

/** Has the ranks' spans joined and says where the trace is. Does nothing when the run was not traced, or had its trace already. */
export async function joinTrace(config: RunConfig, terminal: Terminal): Promise<void> {
  if (config.trace === undefined) return;
  try {
    const { stdout: path } = await promisify(execFile)(
      process.execPath,
      [builtEntry('worker/trace/join-entry'), config.saveDir],
      { timeout: TIMEOUT_MS },
    );
    if (path !== '') terminal.say(`trace up to the end of the run: ${path}`, 'info', { path });
  } catch (error) {
    // The run has ended anyway; its own cause matters more.
    terminal.say(`no trace: ${(error as { stderr?: string }).stderr || (error as Error).message}`, 'warn');
  }
}
