import { expect, test } from 'vitest';
import { compileRun } from '../../../configs/compile.js';

/** Two workers on 8 cores, 16 images a step. */
async function loaderThreads(flags: Record<string, string>): Promise<number | undefined> {
  const { config } = await compileRun({
    command: 'train',
    flags: new Map(Object.entries({ cfg: 'yolov3-tiny', nproc: '2', device: 'cpu', 'batch-size': '16', ...flags })),
    env: {},
    cwd: process.cwd(),
    argv: [],
    host: { numCores: 8, gpus: [] },
    readDataset: async (yaml) => ({ yaml, train: ['/t'], val: ['/v'], test: [], nc: 1, names: ['a'] }),
  });
  return config?.loaderThreads;
}

// Eight cores give each of two workers four; more than the images of a worker's step would be idle.
test.each([
  [{}, 4],
  [{ 'loader-threads': '3' }, 3],
  [{ 'loader-threads': '64' }, 4],
  [{ 'loader-threads': '1' }, 1],
  [{ 'loader-threads': '0' }, 0],
  [{ 'batch-size': '4' }, 2],
])('%j gives each worker at most %i loader threads', async (flags, expected) => {
  expect(await loaderThreads({ data: 'coco128', ...flags })).toBe(expected);
});
