/** Starts `launch` as a user would, waits until every worker has finished a step, and stops it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, watch } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LaunchError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import type { Milestones } from '../../proto/telemetry/milestones.js';
import { writeFlags } from '../flags.js';
import type { StartMarks } from './phases.js';

export interface StartOptions {
  readonly numWorkers: number;
  /** Takes the run folders and the marks. */
  readonly folder: string;
  readonly flags: Readonly<Record<string, string>>;
}

/**
 * Measures one start.
 * @throws LaunchError `LAUNCH_BENCH_PROCESS` when the launcher ends before the first step
 */
export async function measureStart({ numWorkers, folder, flags }: StartOptions): Promise<StartMarks> {
  const marks = await mkdtemp(join(folder, 'marks-'));
  const args = writeFlags({ ...flags, project: folder });
  using watcher = closing(watch(marks));
  const startedMs = performance.timeOrigin + performance.now();
  const child = spawn(join(repoRoot, 'launch'), ['train', ...args], {
    env: { ...process.env, LOCKSTEP_MILESTONES: marks },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const ended = once(child, 'close');
  const finished = new Promise<'finished'>((resolve) => {
    watcher.value.on('change', () => {
      const files = readdirSync(marks).filter((name) => /^rank-\d+\.json$/.test(name));
      if (files.length === numWorkers) resolve('finished');
    });
  });
  const first = await Promise.race([finished, ended.then(() => 'ended' as const)]);
  // The second signal stops at once, without saving; two of a kind could be taken for one.
  child.kill('SIGINT');
  child.kill('SIGTERM');
  await ended;
  if (first === 'ended') {
    throw new LaunchError('LAUNCH_BENCH_PROCESS', 'launch ended before its first step', {
      hint: said.join('').split('\n').slice(-12).join('\n'),
    });
  }
  const read = async (role: string): Promise<Milestones> =>
    JSON.parse(await readFile(join(marks, `${role}.json`), 'utf8')) as Milestones;
  const ranks = Array.from({ length: numWorkers }, (_, rank) => rank);
  return {
    startedMs,
    launcher: await read('launcher'),
    workers: await Promise.all(ranks.map((rank) => read(`rank-${rank}`))),
  };
}

function closing<T extends { close(): void }>(value: T): { readonly value: T } & Disposable {
  return { value, [Symbol.dispose]: () => value.close() };
}
