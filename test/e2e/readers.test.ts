/** Output that nobody reads any more, as behind `| head`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { builtEntry } from '../../proto/paths.js';
import { makePlayground } from '../support/launch.js';

/** Starts a program whose output goes to pipes that are closed before it can write. Resolves to its exit and to what the open one has. */
async function withoutReader(entry: string, args: readonly string[], closed: readonly ('stdout' | 'stderr')[]) {
  const child = spawn(process.execPath, [builtEntry(entry), ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const name of ['stdout', 'stderr'] as const) {
    if (closed.includes(name)) child[name].destroy();
    else {
      child[name].on('data', (chunk) => {
        output += chunk;
      });
    }
  }
  const [exitCode, signal] = await once(child, 'close');
  return { exitCode, signal, output };
}

const quiet = { exitCode: 0, signal: null, output: '' };

it.each([
  ['launch --help', ['--help']],
  ['launch dataset --help', ['dataset', '--help']],
  ['launch dataset stats', ['dataset', 'stats', '--data', 'DATA']],
  ['launch --print-config', ['--print-config', '--data', 'DATA', '--cfg', 'yolov3-tiny', '--weights', '']],
  ['launch version', ['version']],
])('%s ends quietly when nobody reads what it prints', async (_, args) => {
  await using playground = await makePlayground(4, 2);
  const command = args.map((word) => (word === 'DATA' ? playground.data : word));
  const { output, ...exit } = await withoutReader('coordinator/cli/index', command, ['stdout']);
  // That pictures are drawn for the data set is said to standard error.
  expect({ ...exit, output: output.replace(/^drew \d+ pictures\n/gm, '') }).toEqual(quiet);
});

it('launch doctor ends without a stack when nobody reads it', async () => {
  const { output } = await withoutReader('coordinator/cli/index', ['doctor'], ['stdout']);
  expect(output).toBe('');
});

it('a list of benchmarks that nobody reads is no error', async () => {
  expect(await withoutReader('bench/main', ['--help'], ['stdout', 'stderr'])).toEqual(quiet);
});

it('a training goes on to its end when nobody reads what it prints', async () => {
  await using playground = await makePlayground(4, 2);
  const args = [
    ...['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--batch-size', '4'],
    ...['--engine', 'wasm', '--device', 'cpu', '--nproc', '1', '--epochs', '2', '--noautoanchor'],
    ...['--project', playground.folder, '--name', 'run'],
  ];
  expect(await withoutReader('coordinator/cli/index', args, ['stdout', 'stderr'])).toEqual(quiet);
  const rows = (await readFile(join(playground.folder, 'run', 'results.csv'), 'utf8')).trim().split('\n');
  expect(rows).toHaveLength(1 + 2);
}, 60_000);
