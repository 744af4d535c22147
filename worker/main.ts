/** The worker process. Started by `launch`, one per device; the environment says everything (see environment.ts). */
import { serializeError } from '../proto/errors.js';
import { milestone } from '../proto/telemetry/milestones.js';
import { readEnvironment } from './environment.js';
import { runMember } from './member.js';

milestone('modules');

// The launcher decides when to stop: a terminal's Ctrl-C reaches the whole group, and a worker that obeyed it by itself
// would stop at another step than its peers.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

try {
  process.exitCode = await runMember(readEnvironment());
  // After a failure something may still run that nobody waits for; the comms thread has ended.
  if (process.exitCode !== 0) process.exit();
} catch (error) {
  const { code, message, hint } = serializeError(error);
  process.stderr.write(`error: ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}  code: ${code}\n`);
  process.exitCode = 1;
}
