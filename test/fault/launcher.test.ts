import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, gone, isAlive, Launcher, runFacts, temporaryFolder } from '../support/launcher.js';

let folder: ReturnType<typeof temporaryFolder>;
let launchers: Launcher[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  launchers = [];
});
afterEach(async () => {
  for (const launcher of launchers) launcher.child.kill('SIGKILL');
  await Promise.all(launchers.map((launcher) => launcher.exited));
  folder.remove();
});

const ARGS = [
  '--data',
  'coco128',
  '--cfg',
  'yolov3-tiny',
  '--engine',
  'wasm',
  '--device',
  'cpu',
  '--batch-size',
  '4',
  '--project',
  '.',
  '--name',
  'a',
];

function start(fake: Readonly<Record<string, unknown>>, args: readonly string[] = ['--nproc', '2']): Launcher {
  const launcher = new Launcher([...ARGS, ...args], fake, folder.path);
  launchers.push(launcher);
  return launcher;
}

const saveDir = (): string => join(folder.path, 'a');
const TRAINING = /0\/299 .*img\/s/;
const TRAINING_STARTED = /2 worker\(s\) joined/;

function expectNothingLeft(): void {
  for (const pid of runFacts(saveDir()).workerPids) expect(isAlive(pid)).toBe(false);
  expect(readdirSync(folder.path).filter((name) => name.startsWith('lockstep-'))).toEqual([]);
}

describe('a run that goes well', () => {
  test('ends with 0, the table of results, one hash and the next command, and leaves its files', async () => {
    const launcher = start({ steps: 3 });
    expect(await launcher.exited).toEqual({ code: 0, signal: null });
    expect(launcher.stdout).toContain(`weights sha256 ${'a'.repeat(64)}`);
    expect(launcher.stdout).toMatch(/all .* 0\.625 +0\.25/);
    expect(launcher.stdout).toContain('next: ./launch val --weights /run/weights/last.safetensors');
    expect(readdirSync(saveDir()).sort()).toEqual([
      'config.json',
      'hyp.yaml',
      'logs',
      'opt.yaml',
      'run.json',
      'weights',
    ]);
    expect(readFileSync(join(saveDir(), 'logs', 'rank-1.log'), 'utf8')).toContain('plain line of rank 1\n');
    expect(runFacts(saveDir()).exitCode).toBe(0);
    expectNothingLeft();
  });

  test('never writes a carriage return where there is no terminal', async () => {
    const launcher = start({ steps: 3 });
    await launcher.exited;
    expect(launcher.stderr).not.toContain('\r');
    expect(launcher.stderr).toMatch(TRAINING);
  });

  test('is readable where there is no terminal, and JSON to the last line where JSON is asked for', async () => {
    const plain = start({ steps: 3 });
    await plain.exited;
    expect(plain.stderr).toMatch(/^\[rank 0\] \[[\d:]+\] INFO: fake worker starts$/m);
    expect(plain.stderr).not.toMatch(/^\{/m);
    const json = start({ steps: 3 }, ['--nproc', '2', '--log-format', 'json']);
    await json.exited;
    const lines = json.stderr.trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('{') || !line.endsWith('}'))).toEqual([]);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('fake worker starts');
  });

  test('serves metrics, health and readiness while it trains', async () => {
    const launcher = start({ steps: 0 });
    await launcher.waitFor(TRAINING_STARTED);
    const { metricsUrl } = runFacts(saveDir());
    expect((await fetch(`${metricsUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${metricsUrl}/readyz`)).status).toBe(200);
    const text = await (await fetch(`${metricsUrl}/metrics`)).text();
    expect(text).toContain('lockstep_world_size_ranks 2');
    launcher.child.kill('SIGTERM');
    expect((await launcher.exited).code).toBe(75);
  });

  test('two hosts form one world through the rendezvous, and both end with 0', async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    const shared = ['--nproc', '1', '--nnodes', '2', '--rdzv-endpoint', endpoint, '--rdzv-id', 'pair'];
    const second = start({ steps: 3 }, [...shared, '--node-rank', '1']);
    const first = start({ steps: 3 }, [...shared, '--node-rank', '0']);
    expect([(await first.exited).code, (await second.exited).code]).toEqual([0, 0]);
    expect(first.stderr).toContain('2 worker(s) joined');
    expect(readFileSync(join(saveDir(), 'logs', 'rank-1.log'), 'utf8')).toContain('plain line of rank 1');
  });
});

describe('a worker that goes', () => {
  test('killed by -9 ends the run with its rank and signal named first, and no process left', async () => {
    const launcher = start({ steps: 0 });
    await launcher.waitFor(TRAINING_STARTED);
    const victim = runFacts(saveDir()).workerPids[1] ?? 0;
    process.kill(victim, 'SIGKILL');
    expect((await launcher.exited).code).toBe(1);
    const cause = new RegExp(`rank 1 \\(pid ${victim}, host [^)]+\\) was killed by SIGKILL during \\w+`);
    expect(launcher.stderr).toMatch(cause);
    expect(launcher.stderr).toContain('LAUNCH_WORKER_KILLED');
    expect(launcher.stderr).not.toMatch(/rank 0 \(pid/);
    expectNothingLeft();
  });

  test('takes peers with it that ignore both Abort and SIGTERM', async () => {
    const launcher = start({ steps: 0, deaf: true });
    await launcher.waitFor(TRAINING_STARTED);
    process.kill(runFacts(saveDir()).workerPids[0] ?? 0, 'SIGKILL');
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toMatch(/rank 0 \(pid \d+, host [^)]+\) was killed by SIGKILL/);
    expectNothingLeft();
  });

  test('before it has joined is named with that phase', async () => {
    const launcher = start({ silent: true });
    await launcher.waitFor(/plain line of rank 1/);
    process.kill(runFacts(saveDir()).workerPids[1] ?? 0, 'SIGKILL');
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toMatch(/rank 1 .* was killed by SIGKILL during start/);
    expectNothingLeft();
  });

  test('with a failure of its own is quoted, and its exit code is that of the failure', async () => {
    const launcher = start({ steps: 0, failRank: 1 });
    // DATA errors end with 65 (sysexits: bad data).
    expect((await launcher.exited).code).toBe(65);
    expect(launcher.stderr).toContain('no image could be read');
    expect(launcher.stderr).toContain('DATA_ALL_UNREADABLE');
    expectNothingLeft();
  });

  test('with an exit code and no word is named with that code and its last lines', async () => {
    const launcher = start({ steps: 0, exitRank: 0 });
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toMatch(/rank 0 .* ended with exit code 7 during forward at step 1/);
    expect(launcher.stderr).toMatch(/last lines:[\s\S]*plain line of rank 0/);
    expectNothingLeft();
  });

  test('with other weights than its peers is an error that names the ranks', async () => {
    const launcher = start({ steps: 2, differ: 1 });
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toContain('COLLECTIVE_REPLICAS_DIFFER');
    expect(launcher.stderr).toMatch(/bbbbbbbbbbbb on rank 1/);
  });

  test('on one of two hosts ends the other host too', async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    const shared = ['--nproc', '1', '--nnodes', '2', '--rdzv-endpoint', endpoint];
    const first = start({ steps: 0 }, [...shared, '--node-rank', '0']);
    const second = start({ steps: 0 }, [...shared, '--node-rank', 'auto']);
    await first.waitFor(TRAINING_STARTED);
    process.kill(runFacts(saveDir()).workerPids[0] ?? 0, 'SIGKILL');
    expect([(await first.exited).code, (await second.exited).code]).toEqual([1, 1]);
    expect(second.stderr).toMatch(/rank 0 .* was killed by SIGKILL/);
  });
});

describe('signals', () => {
  test('the first asks all ranks to save and ends with 75', async () => {
    const launcher = start({ steps: 0 });
    await launcher.waitFor(TRAINING_STARTED);
    launcher.child.kill('SIGINT');
    expect((await launcher.exited).code).toBe(75);
    expect(launcher.stdout).toContain('next: ./launch --resume /run/weights/last.safetensors');
    expectNothingLeft();
  });

  test('the second stops deaf workers at once and ends with 130', async () => {
    const launcher = start({ steps: 0, silent: false, deaf: true });
    await launcher.waitFor(TRAINING_STARTED);
    // Stopped processes neither drain nor leave.
    const pids = runFacts(saveDir()).workerPids;
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    launcher.child.kill('SIGINT');
    await launcher.waitFor(/once more stops at once/);
    launcher.child.kill('SIGINT');
    expect((await launcher.exited).code).toBe(130);
    expectNothingLeft();
  });

  test('a drain that does not end is cut off by the deadline, with the ranks named', async () => {
    const launcher = start({ steps: 0 }, ['--nproc', '2', '--drain-timeout', '1']);
    await launcher.waitFor(TRAINING_STARTED);
    const stuck = runFacts(saveDir()).workerPids[1] ?? 0;
    process.kill(stuck, 'SIGSTOP');
    launcher.child.kill('SIGTERM');
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toMatch(/rank 1 had not stopped 1 s after being asked to/);
    expectNothingLeft();
  });

  test('a launcher killed by -9 leaves no worker, because the lifeline closes', async () => {
    const launcher = start({ steps: 0 });
    await launcher.waitFor(TRAINING_STARTED);
    const pids = runFacts(saveDir()).workerPids;
    expect(pids.every(isAlive)).toBe(true);
    launcher.child.kill('SIGKILL');
    await Promise.all(pids.map(gone));
    expect((await launcher.exited).signal).toBe('SIGKILL');
  });
});

describe('what is in the way', () => {
  test('a metrics port in use is one error, before anything is started or made', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const launcher = start({}, ['--nproc', '2', '--metrics-port', String(port)]);
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toBe(
      `error: --metrics-port: 127.0.0.1:${port} is already in use\n  hint: choose another port, or 0 for any free one; another run may still be using it\n  code: TRANSPORT_ADDRESS_IN_USE\n`,
    );
    expect(existsSync(saveDir())).toBe(false);
    blocker.close();
  });

  test('a host that waits in vain for the coordinator ends with the reason', async () => {
    const args = [
      '--nproc',
      '1',
      '--nnodes',
      '2',
      '--node-rank',
      '1',
      '--rdzv-endpoint',
      `127.0.0.1:${await freePort()}`,
      '--join-timeout',
      '1',
    ];
    const launcher = start({}, args);
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toContain('MEMBERSHIP_JOIN_TIMEOUT');
  });

  test('a coordinator that waits in vain for the other host ends with the reason', async () => {
    const args = [
      '--nproc',
      '1',
      '--nnodes',
      '2',
      '--rdzv-endpoint',
      `127.0.0.1:${await freePort()}`,
      '--join-timeout',
      '1',
    ];
    const launcher = start({}, args);
    expect((await launcher.exited).code).toBe(1);
    expect(launcher.stderr).toContain('1 of 2 hosts are there');
  });
});
