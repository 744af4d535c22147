/** A run that is interrupted and resumed, as a user would. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { type LaunchResult, launch, startLaunch } from './launch.js';

/** Matches what a launch says once a step of training has been reported. */
export const STEP_SEEN = /\n\s+0\/\d+\s+\S+\s+\d/;

export interface ResumeOptions {
  /** Flags of the resumed run. @defaultValue two workers */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Starts a run, interrupts it (Ctrl-C) after its first steps, and resumes it from its last checkpoint to its end. Expects exit code 75,
 * then 0.
 * @param args of a run whose folder is `saveDir`
 */
export async function interruptAndResume(
  args: readonly string[],
  saveDir: string,
  { flags = ['--nproc', '2'], env = {} }: ResumeOptions = {},
): Promise<{ stopped: LaunchResult; resumed: LaunchResult }> {
  const interrupted = startLaunch(args, env);
  await interrupted.waitFor(STEP_SEEN);
  interrupted.process.kill('SIGINT');
  const stopped = await interrupted.result;
  expect(stopped.exitCode, stopped.stderr).toBe(75);
  const last = join(saveDir, 'weights', 'last.safetensors');
  const resumed = await launch(['--resume', last, '--device', 'cpu', ...flags], env);
  expect(resumed.exitCode, resumed.stderr).toBe(0);
  return { stopped, resumed };
}
