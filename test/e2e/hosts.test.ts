/** A world of two hosts whose ranks share memory: two launchers on this machine with different host ids. On the wasm engine. */
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTrace } from '../support/chrome-trace.js';
import {
  type LaunchResult,
  launch,
  makePlayground,
  type Playground,
  processesOf,
  type RunningLaunch,
  startLaunch,
  weightsHash,
} from '../support/launch.js';
import { freePort } from '../support/launcher.js';

function args(playground: Playground, name: string, ...more: string[]): string[] {
  return [
    ...['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'],
    ...['--engine', 'wasm', '--device', 'cpu', '--threads-per-worker', '1', '--loader-threads', '1'],
    ...['--virtual-ranks', '4', '--batch-size', '4', '--project', playground.folder, '--name', name, ...more],
  ];
}

/** Starts a launcher for each host, as two machines would. @param nproc workers of a host */
async function startHosts(
  playground: Playground,
  name: string,
  more: string[],
  env: Record<string, string> | ((node: number) => Record<string, string>) = {},
  nproc = 2,
) {
  const world = ['--nproc', String(nproc), '--nnodes', '2', '--rdzv-endpoint', `127.0.0.1:${await freePort()}`];
  return [0, 1].map((node) =>
    startLaunch(args(playground, name, ...world, '--node-rank', String(node), ...more), {
      ...(typeof env === 'function' ? env(node) : env),
      LOCKSTEP_HOST_ID: `host-${node}`,
    }),
  );
}

/** Folders for sockets that these launchers have left. */
async function socketFolders(hosts: readonly RunningLaunch[]): Promise<string[]> {
  const names = await readdir(tmpdir());
  return names.filter((name) => hosts.some(({ process: { pid } }) => name.startsWith(`lockstep-${pid}-`)));
}

/** The process of a rank, on whichever host. */
async function pidOfRank(marker: string, rank: number): Promise<number> {
  for (const pid of await processesOf(marker)) {
    if ((await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').includes(`RANK=${rank}`)) return pid;
  }
  throw new Error(`no process of rank ${rank} among those of ${marker}`);
}

let oneWorker: Promise<string> | undefined;

/** The weights of one worker on the ten images that the worlds below are trained on; trained once. */
function hashOfOneWorker(playground: Playground): Promise<string> {
  oneWorker ??= launch(args(playground, 'one', '--nproc', '1', '--epochs', '1')).then((whole) => {
    expect(whole.exitCode, whole.stderr).toBe(0);
    return weightsHash(whole);
  });
  return oneWorker;
}

it('two hosts of two end with the weights of one worker that has the same virtual ranks', async () => {
  await using playground = await makePlayground(10, 2);
  const expected = await hashOfOneWorker(playground);
  const hosts = await startHosts(playground, 'two', ['--epochs', '1', '--payload', 'shm', '--trace', '1:1']);
  const [leading, following] = (await Promise.all(hosts.map(({ result }) => result))) as [LaunchResult, LaunchResult];
  expect([leading.exitCode, following.exitCode], leading.stderr + following.stderr).toEqual([0, 0]);
  expect(weightsHash(leading)).toBe(expected);
  expect(leading.stdout + leading.stderr).toMatch(/4 workers on 2 hosts/);
  const { spans } = readTrace(await readFile(join(playground.folder, 'two', 'trace.json'), 'utf8'));
  // Every rank owns a quarter of each large bucket and leads another one that belongs to the other host.
  for (const rank of [0, 1, 2, 3]) {
    const names = new Set(spans.filter(({ pid }) => pid === rank).map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining(['bucket', 'reduce_host', 'reduce', 'copy_result', 'send', 'receive']),
    );
  }
}, 180_000);

it('two hosts of which one cannot call libraries directly also end with those weights, by ordinary sockets', async () => {
  await using playground = await makePlayground(10, 2);
  const expected = await hashOfOneWorker(playground);
  // Only one of the two has direct sockets, so there is nobody to connect them with.
  const hosts = await startHosts(
    playground,
    'mixed',
    ['--epochs', '1'],
    (node) => ({ LOCKSTEP_NO_FFI: node === 1 ? '1' : '0' }),
    1,
  );
  const [leading, following] = (await Promise.all(hosts.map(({ result }) => result))) as [LaunchResult, LaunchResult];
  expect([leading.exitCode, following.exitCode], leading.stderr + following.stderr).toEqual([0, 0]);
  expect(weightsHash(leading)).toBe(expected);
}, 120_000);

it.each([
  ['that leads on the other host', 2],
  ['that shares memory with the coordinator’s rank', 1],
])(
  'a rank %s, killed with -9, is named first on both hosts, which end without leaving a process',
  async (_, victim) => {
    await using playground = await makePlayground(64, 4);
    const marker = `lockstep-e2e-hosts-${victim}-${process.pid}`;
    const hosts = await startHosts(playground, 'a', ['--epochs', '50'], { LOCKSTEP_E2E_MARKER: marker });
    await hosts[0]!.waitFor(/\n\s+0\/\d+\s+\S+\s+\d/);
    process.kill(await pidOfRank(marker, victim), 'SIGKILL');
    for (const { exitCode, stderr } of await Promise.all(hosts.map((host) => host.result))) {
      expect(exitCode).toBe(1);
      const loss = stderr.split('\n').find((line) => /was killed|has ended|lost/.test(line));
      expect(loss).toMatch(new RegExp(`rank ${victim}\\b.*SIGKILL`));
    }
    // Memory that was shared has no name: with the processes it is gone.
    expect(await processesOf(marker)).toEqual([]);
    expect(await socketFolders(hosts)).toEqual([]);
  },
  120_000,
);
