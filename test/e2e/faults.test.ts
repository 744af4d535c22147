/** What happens to a real run when something is killed, stopped or asked for its metrics. Runs on the wasm engine, which is everywhere. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { interruptAndResume, STEP_SEEN } from '../support/interrupted-run.js';
import { launch, makePlayground, type Playground, processesOf, startLaunch, weightsHash } from '../support/launch.js';

function args(playground: Playground, name: string, ...more: string[]): string[] {
  const model = ['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'];
  const processes = ['--engine', 'wasm', '--nproc', '2', '--device', 'cpu', '--batch-size', '4'];
  return [...model, ...processes, '--project', playground.folder, '--name', name, ...more];
}

/** Marks the processes of one launch in their environment, so that a test can look for what is left of it. */
function marked(name: string): { marker: string; env: Record<string, string> } {
  const marker = `lockstep-e2e-${name}-${process.pid}`;
  return { marker, env: { LOCKSTEP_E2E_MARKER: marker } };
}

async function pidOfRank(playground: Playground, name: string, rank: number): Promise<number> {
  const run = JSON.parse(await readFile(join(playground.folder, name, 'run.json'), 'utf8')) as {
    workerPids: number[];
  };
  return run.workerPids[rank]!;
}

it('a worker killed with -9 ends the run, named first with its signal, and leaves no process', async () => {
  await using playground = await makePlayground(64, 4);
  const { marker, env } = marked('kill');
  const run = startLaunch(args(playground, 'a', '--epochs', '50'), env);
  await run.waitFor(STEP_SEEN);
  process.kill(await pidOfRank(playground, 'a', 1), 'SIGKILL');
  const result = await run.result;
  expect(result.exitCode).toBeGreaterThan(0);
  const firstLoss = result.stderr.split('\n').find((line) => /killed|stopped|ended|lost/.test(line));
  expect(firstLoss).toMatch(/rank 1\b.*SIGKILL/);
  expect(await processesOf(marker)).toEqual([]);
}, 120_000);

it('an interrupted run stops on one step, resumes, and ends with the bits of an uninterrupted one', async () => {
  await using playground = await makePlayground(24, 4);
  const whole = await launch(args(playground, 'whole', '--epochs', '3'));
  expect(whole.exitCode, whole.stderr).toBe(0);

  const { resumed } = await interruptAndResume(
    args(playground, 'parts', '--epochs', '3'),
    join(playground.folder, 'parts'),
  );
  expect(weightsHash(resumed)).toBe(weightsHash(whole));
}, 240_000);

it('workers end by themselves when their launcher is killed with -9', async () => {
  await using playground = await makePlayground(64, 4);
  const { marker, env } = marked('orphan');
  const run = startLaunch(args(playground, 'a', '--epochs', '50'), env);
  await run.waitFor(STEP_SEEN);
  expect((await processesOf(marker)).length).toBeGreaterThan(2);
  run.process.kill('SIGKILL');
  await run.result;
  const deadlineMs = Date.now() + 10_000;
  while ((await processesOf(marker)).length > 0 && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await processesOf(marker)).toEqual([]);
}, 120_000);

it('metrics and health answer while the run goes on', async () => {
  await using playground = await makePlayground(64, 4);
  const run = startLaunch(args(playground, 'a', '--epochs', '50'));
  const [, address] = await run.waitFor(/metrics at (http:\/\/\S+)\/metrics/);
  await run.waitFor(STEP_SEEN);
  const metrics = await (await fetch(`${address}/metrics`)).text();
  expect(metrics).toMatch(/^lockstep_steps_total\{.*\} [1-9]/m);
  expect(metrics).toMatch(/^lockstep_loss\{.*component="box".*\} 0\.\d+/m);
  expect(metrics).toMatch(/^lockstep_workers\{.*\} 2$/m);
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
  run.process.kill('SIGTERM');
  expect((await run.result).exitCode).toBe(75);
}, 120_000);
