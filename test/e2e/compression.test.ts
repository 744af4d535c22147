/** Other algorithms and compression over real sockets, and a real run with them. Runs on the wasm engine, which is everywhere. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NO_COMPRESSION } from '../../configs/collective.js';
import type { CollectiveName } from '../../worker/collective/exchange.js';
import { openComms } from '../../worker/threads/comms-client.js';
import { bytes, treeSum } from '../support/exchange-world.js';
import { interruptAndResume, STEP_SEEN } from '../support/interrupted-run.js';
import { launch, makePlayground, type Playground, processesOf, startLaunch, weightsHash } from '../support/launch.js';
import { wildFloats } from '../support/random.js';
import { RUN, StubCoordinator } from '../support/stub-coordinator.js';

const LENGTH = 300_000;
const EXACT = 100;
const LAYOUT = {
  length: LENGTH,
  buckets: [
    { offset: 0, length: 150_000 },
    { offset: 150_000, length: 150_000 },
  ],
  virtualRanks: 4,
  exactFrom: LENGTH - EXACT,
};
const ENGINE = { name: 'none', version: '0', device: 'cpu', numThreads: 1 };

/** Rounds of an all-reduce over real sockets; by round the result of each rank. */
async function rounds(
  hostIds: readonly string[],
  collective: CollectiveName,
  method: 'none' | 'bf16' | 'int8' | 'topk',
): Promise<Buffer[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-compression-'));
  await using coordinator = await StubCoordinator.open(hostIds.length);
  const ranks = hostIds.map((hostId, rank) =>
    openComms({
      ...RUN,
      endpoint: coordinator.endpoint,
      ...{ rank, worldSize: hostIds.length, localRank: rank, nodeRank: 0, host: 'test', hostId },
      runtimeDir: folder,
      remote: { bindHost: '127.0.0.1' },
      coordinatorSilenceMs: 0,
      killProcess: false,
      logLevel: 'silent',
    }),
  );
  try {
    await Promise.all(ranks.map((comms) => comms.join({ engine: ENGINE }, { timeoutMs: 20_000 })));
    const found = await Promise.all(
      ranks.map(async (comms) => {
        const config = { ...NO_COMPRESSION, rounding: 'stochastic' } as const;
        const allReduce = comms.openAllReduce(LAYOUT, {
          collective,
          ...(method !== 'none' && { compression: { config: { ...config, method }, seed: 1, stepsBefore: 0 } }),
        });
        const results: Buffer[] = [];
        for (let round = 1; round <= 4; round++) {
          // Buckets may change between rounds; what was left out stays.
          if (round === 3) {
            allReduce.relayout([{ offset: 0, length: LENGTH }]);
            await comms.broadcast((await comms.gather(new Uint8Array(0))) && new Uint8Array(1));
          }
          const numBuckets = round < 3 ? 2 : 1;
          for (let v = allReduce.virtualRange.begin; v < allReduce.virtualRange.end; v++) {
            allReduce.add(v, 0, wildFloats(LENGTH, v));
            for (let bucket = 0; bucket < numBuckets; bucket++) allReduce.bucketReady(v, bucket);
          }
          const stats = await allReduce.wait({ timeoutMs: 20_000 });
          expect(stats.numDropped).toEqual({});
          expect(stats.compression === undefined).toBe(method === 'none');
          results.push(Buffer.from(bytes(allReduce.result)));
        }
        return results;
      }),
    );
    return found[0]!.map((_, round) => found.map((results) => results[round]!));
  } finally {
    await Promise.all(ranks.map((comms) => comms.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

const expected = bytes(treeSum([0, 1, 2, 3].map((v) => wildFloats(LENGTH, v))));

it.each([
  [['a', 'a', 'b'], 'auto'],
  [['a', 'b', 'a', 'b'], 'hierarchical'],
] as const)('hosts %j with --collective %s give the bytes of the fixed tree', async (hosts, collective) => {
  for (const round of await rounds(hosts, collective, 'none')) {
    for (const result of round) expect(result.equals(expected)).toBe(true);
  }
});

it.each([
  [['a', 'a'], 'direct', 'bf16'],
  [['a', 'b', 'c'], 'ring', 'bf16'],
  [['a', 'a', 'b'], 'hierarchical', 'int8'],
  [['a', 'a', 'a'], 'ring', 'topk'],
] as const)(
  'on hosts %j %s with %s leaves all ranks with the same bytes, and counts exact',
  async (hosts, collective, method) => {
    for (const round of await rounds(hosts, collective, method)) {
      for (const result of round) expect(result.equals(round[0]!)).toBe(true);
      const [sum] = round;
      expect(sum!.equals(expected)).toBe(false);
      // The ring adds in another order.
      const tail = (of: Buffer) => new Float32Array(of.buffer, of.byteOffset + 4 * (LENGTH - EXACT), EXACT);
      for (const [i, value] of tail(sum!).entries()) expect(value / tail(expected)[i]!).toBeCloseTo(1, 4);
    }
  },
);

function args(playground: Playground, name: string, ...more: string[]): string[] {
  const model = ['--data', playground.data, '--cfg', 'yolov3-tiny', '--weights', '', '--img', '64', '--seed', '3'];
  const processes = ['--engine', 'wasm', '--device', 'cpu'];
  return [...model, ...processes, '--project', playground.folder, '--name', name, ...more];
}

it('training with bf16 loses as training without it, tells the error, and resumes to the same bits', async () => {
  await using playground = await makePlayground(24, 4);
  const size = ['--nproc', '2', '--batch-size', '4', '--epochs', '2'];
  const compressed = [...size, '--grad-dtype', 'bf16', '--compression-rounding', 'stochastic'];
  const lossOf = async (name: string): Promise<number> => {
    const rows = (await readFile(join(playground.folder, name, 'results.csv'), 'utf8')).trim().split('\n');
    const names = rows[0]!.split(',').map((cell) => cell.trim());
    const last = rows.at(-1)!.split(',').map(Number);
    return ['train/box_loss', 'train/obj_loss', 'train/cls_loss'].reduce(
      (sum, column) => sum + last[names.indexOf(column)]!,
      0,
    );
  };
  const plain = await launch(args(playground, 'plain', ...size));
  expect(plain.exitCode, plain.stderr).toBe(0);
  const whole = await launch(args(playground, 'whole', ...compressed));
  expect(whole.exitCode, whole.stderr).toBe(0);
  expect(weightsHash(whole)).not.toBe(weightsHash(plain));
  expect(Math.abs((await lossOf('whole')) / (await lossOf('plain')) - 1)).toBeLessThan(0.01);
  // Rounding to eight bits errs by 2⁻⁹ to 2⁻⁸ of each number.
  const error = Number(`${whole.stdout}\n${whole.stderr}`.match(/compression left out (\d+(\.\d+)?)%/)?.[1]);
  expect(error).toBeGreaterThan(0.05);
  expect(error).toBeLessThan(0.8);

  const { resumed } = await interruptAndResume(
    args(playground, 'parts', ...compressed),
    join(playground.folder, 'parts'),
  );
  expect(weightsHash(resumed)).toBe(weightsHash(whole));
}, 240_000);

it('a killed neighbour ends a ring with PowerSGD, named first with its signal, and leaves no process', async () => {
  await using playground = await makePlayground(64, 4);
  const marker = `lockstep-e2e-ring-${process.pid}`;
  const options = [
    '--nproc',
    '3',
    '--batch-size',
    '6',
    '--epochs',
    '50',
    '--collective',
    'ring',
    '--compression',
    'powersgd',
  ];
  const run = startLaunch(args(playground, 'a', ...options), { LOCKSTEP_E2E_MARKER: marker });
  await run.waitFor(STEP_SEEN);
  const { workerPids } = JSON.parse(await readFile(join(playground.folder, 'a', 'run.json'), 'utf8')) as {
    workerPids: number[];
  };
  process.kill(workerPids[1]!, 'SIGKILL');
  const result = await run.result;
  expect(result.exitCode).toBeGreaterThan(0);
  const firstLoss = result.stderr.split('\n').find((line) => /killed|stopped|ended|lost/.test(line));
  expect(firstLoss).toMatch(/rank 1\b.*SIGKILL/);
  expect(await processesOf(marker)).toEqual([]);
}, 120_000);
