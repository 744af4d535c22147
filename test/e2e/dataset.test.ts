/** `launch dataset …` through the real command line, and training on what it packs. Runs on the wasm engine, which is everywhere. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { interruptAndResume } from '../support/interrupted-run.js';
import { type LaunchResult, launch, makePlayground, type Playground, weightsHash } from '../support/launch.js';

function args(playground: Playground, name: string, data: string): string[] {
  const model = [
    '--data',
    data,
    '--cfg',
    'yolov3-tiny',
    '--weights',
    '',
    '--img',
    '64',
    '--seed',
    '3',
    '--epochs',
    '2',
  ];
  const processes = [
    '--engine',
    'wasm',
    '--nproc',
    '2',
    '--device',
    'cpu',
    '--batch-size',
    '4',
    '--threads-per-worker',
    '1',
  ];
  return [...model, ...processes, '--project', playground.folder, '--name', name];
}

/** The ledger's line of each epoch that a run (or its parts) finished. */
function ledgers(...results: LaunchResult[]): string[] {
  return results.flatMap(
    ({ stdout, stderr }) => `${stdout}\n${stderr}`.match(/epoch \d+: .* ledger [0-9a-f]{16}/g) ?? [],
  );
}

/** Serves a folder with range requests. */
async function serve(folder: string): Promise<{ url: string; numRanges: () => number } & AsyncDisposable> {
  let numRanges = 0;
  const server = createServer((request, response) => {
    void readFile(join(folder, request.url ?? '')).then(
      (bytes) => {
        const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
        if (range === null) return response.writeHead(200).end(bytes);
        numRanges++;
        return response.writeHead(206).end(bytes.subarray(Number(range[1]), Number(range[2]) + 1));
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    numRanges: () => numRanges,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

it('a run on packed data behind HTTP, stopped and resumed by one worker, ends with the weights and ledgers of a run on the folder', async () => {
  await using playground = await makePlayground(12, 2);
  const whole = await launch(args(playground, 'whole', playground.data));
  expect(whole.exitCode, whole.stderr).toBe(0);
  expect(ledgers(whole)).toEqual([
    expect.stringMatching(/^epoch 0: 12 of 12 images once, ledger /),
    expect.stringMatching(/^epoch 1: 12 of 12 images once, ledger /),
  ]);

  const out = join(playground.folder, 'packed');
  const packed = await launch(['dataset', 'pack', '--data', playground.data, '--out', out]);
  expect(packed.exitCode, packed.stderr).toBe(0);
  await using store = await serve(out);
  const env = { LOCKSTEP_CACHE: join(playground.folder, 'cache') };

  const flags = ['--nproc', '1', '--threads-per-worker', '1'];
  const parts = join(playground.folder, 'parts');
  const { stopped, resumed } = await interruptAndResume(args(playground, 'parts', store.url), parts, { flags, env });
  expect(weightsHash(resumed)).toBe(weightsHash(whole));
  expect(ledgers(stopped, resumed)).toEqual(ledgers(whole));
  expect(store.numRanges()).toBeGreaterThanOrEqual(14);
}, 400_000);

it('a data set with labels of an unknown class is refused by its check with exit code 65, a report and pictures', async () => {
  await using playground = await makePlayground(8, 4);
  const out = join(playground.folder, 'out');
  const good = await launch(['dataset', 'check', '--data', playground.data, '--img', '64', '--out', out]);
  expect(good.exitCode, good.stderr).toBe(0);
  expect(good.stdout).toContain('the data set can be trained on');
  expect((await readdir(out)).sort()).toEqual([
    'dataset-report.json',
    'labels.jpg',
    'labels_correlogram.jpg',
    'train_batch0.jpg',
  ]);

  const packed = join(playground.folder, 'packed');
  await launch(['dataset', 'pack', '--data', playground.data, '--out', packed]);
  const narrow = join(packed, 'narrow.yaml');
  await writeFile(narrow, 'train: train.shards.json\nval: val.shards.json\nnc: 1\n');
  const bad = await launch(['dataset', 'check', '--data', narrow, '--img', '64', '--out', out, '--json']);
  expect(bad.exitCode, bad.stderr).toBe(65);
  const report = JSON.parse(bad.stdout) as { ok: boolean; problems: string[] };
  expect(report.ok).toBe(false);
  expect(report.problems[0]).toMatch(/^train: \d+ images with labels of unknown classes$/);
}, 120_000);
