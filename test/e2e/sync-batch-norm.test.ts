/** Shared batch norm and normalisers through the real command line, processes and sockets. The numbers are in test/parity/ddp*.test.ts. */
import { expect, it } from 'vitest';
import { launch, makePlayground, weightsHash } from '../support/launch.js';

it('one and two workers with --sync-bn and --loss-norm global end with the same weights, bit for bit', async () => {
  await using playground = await makePlayground(7, 2);
  const hashes: string[] = [];
  for (const nproc of ['1', '2']) {
    const data = ['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'];
    const run = ['--project', playground.folder, '--name', `n${nproc}`, '--engine', 'wasm', '--device', 'cpu'];
    // Batches of 4 over 4 virtual ranks: the last step has 3 images, so one virtual rank waits with the others and adds nothing.
    const ranks = ['--nproc', nproc, '--virtual-ranks', '4', '--batch-size', '4', '--epochs', '1'];
    const result = await launch([...data, ...run, ...ranks, '--sync-bn', '--loss-norm', 'global']);
    expect(result.exitCode, result.stderr).toBe(0);
    hashes.push(weightsHash(result));
  }
  expect(hashes[1]).toBe(hashes[0]);
}, 240_000);
