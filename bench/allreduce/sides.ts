/** The two sides of the benchmark: a world of processes each, run to its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LaunchError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { writeFlags } from '../flags.js';
import { type AllReduceCase, type Lane, MAX_WARM_UP_ROUNDS, type RankJob, type RankResult } from './job.js';
import { BenchWorld } from './world.js';

/** Runs our ranks and returns what each has measured. @throws LaunchError LAUNCH_BENCH_PROCESS */
export async function runOurs(task: AllReduceCase & Lane & { readonly bucketBytes: number }): Promise<RankResult[]> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    await using world = await BenchWorld.open(task.ranks);
    return await runRanks(task.ranks, (rank) => {
      const job: RankJob = { ...task, rank, endpoint: world.endpoint, runtimeDir };
      return [process.execPath, [builtEntry('bench/allreduce/rank'), JSON.stringify(job)]];
    });
  } finally {
    await rm(runtimeDir, { recursive: true, force: true });
  }
}

/** Runs the rival's ranks and returns what each has measured. @throws LaunchError LAUNCH_BENCH_PROCESS */
export async function runGloo(python: string, task: AllReduceCase): Promise<RankResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    const flags = writeFlags({
      ranks: task.ranks,
      bytes: task.bytes,
      rounds: task.rounds,
      'warm-up': Math.min(task.rounds, MAX_WARM_UP_ROUNDS),
      store: join(folder, 'store'),
    });
    const script = join(repoRoot, 'bench', 'allreduce', 'gloo.py');
    return await runRanks(task.ranks, (rank) => [python, [script, '--rank', String(rank), ...flags]]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runRanks(
  ranks: number,
  commandOf: (rank: number) => [command: string, args: string[]],
): Promise<RankResult[]> {
  // Gloo finds its address by the host's name, which containers do not always know.
  const env = { ...process.env, GLOO_SOCKET_IFNAME: 'lo', OMP_NUM_THREADS: '1' };
  const children = Array.from({ length: ranks }, (_, rank) => {
    const [command, args] = commandOf(rank);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return { child, ended: once(child, 'close') as Promise<[number | null]>, output: () => output };
  });
  try {
    return await Promise.all(
      children.map(async ({ ended, output }, rank) => {
        const [code] = await ended;
        if (code === 0) return JSON.parse(output().trim().split('\n').at(-1) ?? '') as RankResult;
        throw new LaunchError('LAUNCH_BENCH_PROCESS', `rank ${rank} of ${ranks} ended with ${code ?? 'a signal'}`, {
          hint: 'What it printed stands above.',
        });
      }),
    );
  } finally {
    for (const { child } of children) child.kill('SIGKILL');
  }
}
