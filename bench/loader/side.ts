/** A program that makes samples, one round at a time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LaunchError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import type { Round } from './settings.js';

export interface Side extends AsyncDisposable {
  readonly title: string;
  /** Waits until the program has made a round. */
  runRound(): Promise<Round>;
}

/**
 * Starts a program on some cores.
 * @param cores how many of the first ones it may use; 0: all
 */
export function startSide(title: string, command: readonly string[], cores: number): Side {
  const pinned = cores === 0 ? command : ['taskset', '-c', `0-${cores - 1}`, ...command];
  const [program = '', ...args] = pinned;
  const child = spawn(program, args, { cwd: repoRoot, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'close').catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    title,
    async runRound() {
      child.stdin.write('round\n');
      const { value, done } = await lines.next();
      if (done !== true) return JSON.parse(value) as Round;
      throw new LaunchError('LAUNCH_BENCH_PROCESS', `${title} ended before it had made its samples`, {
        hint: 'what it printed stands above',
        details: { command: pinned.slice(0, 3).join(' ') },
      });
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
