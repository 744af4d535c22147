/** Other programs that a benchmark runs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { LaunchError } from '../proto/errors.js';
import { repoRoot } from '../proto/paths.js';

/**
 * Runs a program in the checkout's root until it ends well.
 * @param env in addition to ours
 * @param logPath takes what it prints; without one that goes to our own output
 * @throws LaunchError `LAUNCH_BENCH_PROCESS` with the exit code and where to read on
 */
export async function runProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  logPath?: string,
): Promise<void> {
  const child = spawn(command, args, {
    cwd: repoRoot,
    env: { ...process.env, ...env },
    stdio: ['ignore', logPath === undefined ? 'inherit' : 'pipe', logPath === undefined ? 'inherit' : 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  if (logPath !== undefined) {
    const log = createWriteStream(logPath);
    const drain = async (stream: NodeJS.ReadableStream | null): Promise<void> => {
      if (stream !== null) await pipeline(stream, log, { end: false });
    };
    await Promise.all([drain(child.stdout), drain(child.stderr), ended.catch(() => {})]);
    log.end();
  }
  const [code, signal] = await ended;
  if (code === 0) return;
  throw new LaunchError('LAUNCH_BENCH_PROCESS', `${command} ended with ${signal ?? `exit code ${code}`}`, {
    hint: logPath === undefined ? 'what it printed stands above' : `what it printed is in ${logPath}`,
    details: { args },
  });
}
