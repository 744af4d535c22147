/** Small trainings on drawn shapes, one per compression: what a codec leaves out must come back by error feedback, or the loss stays where it was. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, makePlayground, type Playground, weightsHash } from '../support/launch.js';

const EPOCHS = 3;

interface Ending {
  /** The sum of the training losses in the last epoch. */
  readonly loss: number;
  readonly weights: string;
}

let playground: Playground;
/** The last epoch's loss of a training without compression, and of one that learns nothing. */
let plain: Ending;
let frozen: Ending;

async function train(name: string, ...more: string[]): Promise<Ending> {
  const model = ['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'];
  const processes = ['--engine', 'wasm', '--device', 'cpu', '--nproc', '2', '--batch-size', '4', '--noval'];
  const run = await launch([
    ...[...model, ...processes, '--epochs', String(EPOCHS)],
    ...['--project', playground.folder, '--name', name, ...more],
  ]);
  expect(run.exitCode, run.stderr).toBe(0);
  const csv = await readFile(join(playground.folder, name, 'results.csv'), 'utf8');
  const [head, ...rows] = csv.trim().split('\n');
  const names = head!.split(',').map((cell) => cell.trim());
  const columns = ['train/box_loss', 'train/obj_loss', 'train/cls_loss'].map((column) => names.indexOf(column));
  expect(rows).toHaveLength(EPOCHS);
  const last = rows.at(-1)!.split(',');
  const loss = columns.reduce((sum, column) => sum + Number(last[column]), 0);
  return { loss, weights: weightsHash(run) };
}

beforeAll(async () => {
  playground = await makePlayground(32, 4);
  const hyp = await readFile('configs/hyps/scratch.yaml', 'utf8');
  const still = join(playground.folder, 'still.yaml');
  await writeFile(still, hyp.replace(/^(lr0|warmup_bias_lr):.*$/gm, '$1: 0.0000001'));
  plain = await train('plain');
  frozen = await train('frozen', '--hyp', still);
});
afterAll(() => playground[Symbol.asyncDispose]());

it('a training without compression learns, so that there is something to compare with', () => {
  expect(plain.loss / frozen.loss).toBeLessThan(0.95);
});

// bf16 is held to more in compression.test.ts.
it.each(['fp16', 'int8', 'powersgd', 'topk'])('a training with %s learns as one without it', async (method) => {
  const ending = await train(method, '--compression', method);
  expect(ending.weights).not.toBe(plain.weights);
  expect(Math.abs(ending.loss - plain.loss)).toBeLessThan(0.1 * (frozen.loss - plain.loss));
});
