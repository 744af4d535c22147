/** How an error ends the command line: one block on standard error, and an exit code. */
import { EXIT, LockstepError } from '../../proto/errors.js';

/** Lines that tell the user about an error; the stack only when `debug` is on or the error is not one of ours. */
export function formatError(error: unknown, debug: boolean): string[] {
  if (error instanceof LockstepError) {
    const lines = [`error: ${error.message}`];
    if (error.hint) lines.push(`  hint: ${error.hint}`);
    lines.push(`  code: ${error.code}`);
    if (debug && error.stack) lines.push(error.stack);
    return lines;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    `error: unexpected: ${error instanceof Error ? error.message : String(error)}`,
    '  hint: this is a defect; please report it with the lines below',
    '  code: LAUNCH_UNEXPECTED',
    stack,
  ];
}

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof LockstepError ? error.exitCode : EXIT.failed;
}
