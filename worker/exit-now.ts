/** The end of a process that cannot wait for its threads. */
import { openForeign } from '../proto/foreign.js';

/**
 * Ends the process with this code, at once: what was written to pipes and files is out, what sockets still hold is lost. For a process
 * whose comms thread is stuck: `process.exit` would tear the comms thread down around its sockets, whose finalisers throw where nobody can catch if one still waits
 * for a message: SIGABRT instead of the exit code. Where libraries cannot be called the process ends by SIGKILL.
 */
export function exitNow(code: number): never {
  openForeign()?.load(null).func('void _exit(int code)')(code);
  process.kill(process.pid, 'SIGKILL');
  // A signal to oneself may take a moment.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
