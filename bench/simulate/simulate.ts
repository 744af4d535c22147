/** `npm run bench -- simulate`: measures a step and a link here, checks the model on 2 and 4 ranks, and predicts larger worlds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile } from '../../configs/find.js';
import { ConfigError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { FULL_PRECISION } from '../devices.js';
import { readFlags } from '../flags.js';
import { rounded } from '../rounded.js';
import type { StepWork } from '../step/sides.js';
import { formatTable } from '../table.js';
import { type MeasuredMachine, measureExchange, measureMachine, measureStep, measureWorld } from './measure.js';
import { ALGORITHMS, type Algorithm, exchangeCost, predictStep, type StepProfile } from './model.js';
import { compressions, NETWORKS } from './presets.js';

const CHECKED_RANKS = [2, 4];
/** The link is fitted to two ranks, 4 KiB and 36 MiB; these it has not seen. */
const CHECKED_EXCHANGES = [
  { numRanks: 2, numElements: 2 ** 18 },
  { numRanks: 2, numElements: 2 ** 21 },
  { numRanks: 4, numElements: 2 ** 21 },
  { numRanks: 4, numElements: 9 * 2 ** 20 },
];
const PREDICTED_RANKS = [8, 16, 32, 64, 128, 256, 512, 1024];

/** By algorithm. */
type MeasuredMachines = Readonly<Record<Algorithm, MeasuredMachine>>;

interface Check {
  readonly numRanks: number;
  readonly algorithm: Algorithm;
  readonly predictedSeconds: number;
  readonly measuredSeconds: number;
}

/** An all-reduce by itself. */
interface ExchangeCheck extends Check {
  readonly megabytes: number;
}

interface Prediction {
  readonly numRanks: number;
  readonly network: string;
  readonly compression: string;
  readonly algorithm: Algorithm;
  readonly stepSeconds: number;
  readonly efficiency: number;
}

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchSimulate(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    batch: '2',
    img: '224',
    nc: '80',
    steps: '8',
    'ranks-per-host': '8',
    'compute-ms': undefined,
    network: undefined,
    'no-check': false,
    json: false,
  });
  const work: StepWork = {
    cfg: options.cfg,
    modelPath: findConfigFile('models', options.cfg, repoRoot),
    batch: Number(options.batch),
    img: Number(options.img),
    nc: Number(options.nc),
    numSteps: Number(options.steps),
    engine: 'tensorflow',
    precision: FULL_PRECISION,
    extraFlags: {},
  };
  const networks = options.network === undefined ? Object.keys(NETWORKS) : [checkNetwork(options.network)];
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-simulate-'));
  try {
    const direct = await measureMachine(folder, 'direct');
    const measured: MeasuredMachines = { direct, ring: await measureMachine(folder, 'ring'), hierarchical: direct };
    const step = await measureStep(work, folder);
    const exchanges = options['no-check'] ? [] : await checkExchanges(measured, folder);
    const checks = options['no-check'] ? [] : await checkModel(work, step, measured, folder);
    const large = options['compute-ms'] === undefined ? step : accelerated(step, Number(options['compute-ms']) / 1000);
    const threadsPerRank = options['compute-ms'] === undefined ? 1 : 0;
    const predictions = predictAll(large, measured, networks, Number(options['ranks-per-host']), threadsPerRank);
    if (options.json) {
      process.stdout.write(
        `${JSON.stringify(rounded({ bench: 'simulate', measured, step, exchanges, checks, predictions }))}\n`,
      );
      return;
    }
    print(work, measured, step, exchanges, checks, predictions);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkNetwork(name: string): string {
  if (Object.hasOwn(NETWORKS, name)) return name;
  throw new ConfigError('CONFIG_USAGE', `--network ${name} is not one of ${Object.keys(NETWORKS).join(', ')}`, {
    hint: 'leave it out for all of them',
  });
}

/** All-reduces of other sizes, and between more ranks, than the links were fitted to. */
async function checkExchanges(measured: MeasuredMachines, folder: string): Promise<ExchangeCheck[]> {
  const checks: ExchangeCheck[] = [];
  for (const algorithm of ['direct', 'ring'] as const) {
    const { machine } = measured[algorithm];
    for (const { numRanks, numElements } of CHECKED_EXCHANGES) {
      const world = { numRanks, ranksPerHost: numRanks, threadsPerRank: 0 };
      const { seconds } = exchangeCost(algorithm, numElements * 4, world, machine);
      // Ranks that are more than the cores exchange in turns.
      const predictedSeconds = seconds * Math.max(1, numRanks / machine.coresPerHost);
      const measuredSeconds = await measureExchange(folder, algorithm, numElements, numRanks);
      checks.push({ numRanks, algorithm, megabytes: (numElements * 4) / 1e6, predictedSeconds, measuredSeconds });
    }
  }
  return checks;
}

function offBy({ predictedSeconds, measuredSeconds }: Pick<Check, 'predictedSeconds' | 'measuredSeconds'>): string {
  return `${((predictedSeconds / measuredSeconds - 1) * 100).toFixed(0)}%`;
}

async function checkModel(
  work: StepWork,
  step: StepProfile,
  measured: MeasuredMachines,
  folder: string,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const numRanks of CHECKED_RANKS) {
    const world = { numRanks, ranksPerHost: numRanks, threadsPerRank: 1 };
    for (const algorithm of ALGORITHMS) {
      // On one host the hierarchy has one level.
      if (algorithm === 'hierarchical') continue;
      const { stepSeconds } = predictStep(algorithm, step, world, measured[algorithm].machine);
      const measuredSeconds = await measureWorld(work, numRanks, algorithm, folder);
      checks.push({ numRanks, algorithm, predictedSeconds: stepSeconds, measuredSeconds });
    }
  }
  return checks;
}

/** The same step on an accelerator that computes it in `seconds`; the update shrinks with it. */
function accelerated(step: StepProfile, seconds: number): StepProfile {
  const scale = seconds / step.computeSeconds;
  return {
    computeSeconds: seconds,
    afterSeconds: step.afterSeconds * scale,
    buckets: step.buckets.map(({ bytes, readySeconds }) => ({ bytes, readySeconds: readySeconds * scale })),
  };
}

function predictAll(
  step: StepProfile,
  measured: MeasuredMachines,
  networks: readonly string[],
  ranksPerHost: number,
  threadsPerRank: number,
): Prediction[] {
  const coresPerHost = Math.max(measured.direct.machine.coresPerHost, 2 * ranksPerHost);
  return PREDICTED_RANKS.flatMap((numRanks) =>
    networks.flatMap((network) =>
      compressions(measured.direct.codecs).flatMap((compression) =>
        ALGORITHMS.map((algorithm) => {
          const there = { ...measured[algorithm].machine, network: NETWORKS[network]!, coresPerHost };
          const world = { numRanks, ranksPerHost: Math.min(ranksPerHost, numRanks), threadsPerRank };
          const { stepSeconds, efficiency } = predictStep(algorithm, step, world, there, compression);
          return { numRanks, network, compression: compression.name, algorithm, stepSeconds, efficiency };
        }),
      ),
    ),
  );
}

function print(
  work: StepWork,
  measured: MeasuredMachines,
  step: StepProfile,
  exchanges: readonly ExchangeCheck[],
  checks: readonly Check[],
  predictions: readonly Prediction[],
): void {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const gigabytes = (bytesPerSecond: number): string => (bytesPerSecond / 1e9).toFixed(2);
  const megabytes = step.buckets.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  say(`measured: ${work.cfg} ${work.batch}×${work.img}×${work.img} per rank, one thread`);
  say(`  forward and backward ${step.computeSeconds.toFixed(3)} s, update ${step.afterSeconds.toFixed(3)} s`);
  say(`  ${step.buckets.length} buckets, ${megabytes.toFixed(1)} MB, ready after`);
  say(`  ${step.buckets.map(({ readySeconds }) => readySeconds.toFixed(3)).join(' ')} s`);
  for (const algorithm of ['direct', 'ring'] as const) {
    const { machine, smallSeconds, largeSeconds } = measured[algorithm];
    const { latencySeconds, bytesPerSecond } = machine.local;
    say(
      `  ${algorithm}, two ranks: 4 KiB ${(smallSeconds * 1e3).toFixed(3)} ms, 36 MiB ${(largeSeconds * 1e3).toFixed(1)} ms`,
    );
    say(`    so latency ${(latencySeconds * 1e6).toFixed(0)} µs, ${gigabytes(bytesPerSecond)} GB/s`);
  }
  const { machine, codecs } = measured.direct;
  const speeds = Object.entries(codecs).map(([name, bytesPerSecond]) => `${name} ${gigabytes(bytesPerSecond)} GB/s`);
  say(`  adding ${gigabytes(machine.addBytesPerSecond)} GB/s, ${speeds.join(', ')}`);
  if (exchanges.length > 0) {
    const rows = exchanges.map(({ numRanks, algorithm, megabytes, predictedSeconds, measuredSeconds }) => [
      ...[String(numRanks), algorithm, megabytes.toFixed(1)],
      ...[(1e3 * predictedSeconds).toFixed(2), (1e3 * measuredSeconds).toFixed(2)],
      offBy({ predictedSeconds, measuredSeconds }),
    ]);
    say('\nall-reduces that the links were not fitted to');
    say(formatTable(['ranks', 'algorithm', 'MB', 'predicted ms', 'measured ms', 'off by'], rows));
  }
  if (checks.length > 0) {
    const rows = checks.map(({ numRanks, algorithm, predictedSeconds, measuredSeconds }) => [
      ...[String(numRanks), algorithm, predictedSeconds.toFixed(3), measuredSeconds.toFixed(3)],
      offBy({ predictedSeconds, measuredSeconds }),
    ]);
    say(`\nsteps on this host (${machine.coresPerHost} cores)`);
    say(formatTable(['ranks', 'algorithm', 'predicted s', 'measured s', 'off by'], rows));
  }
  say('\npredicted efficiency: speed of N ranks over N times one rank');
  const groups = new Map<string, Prediction[]>();
  for (const one of predictions) {
    const key = [one.network, one.compression, one.algorithm].join('|');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = [...groups].map(([key, group]) => [
    ...key.split('|'),
    ...group.map(({ efficiency }) => efficiency.toFixed(2)),
  ]);
  say(formatTable(['network', 'gradients', 'algorithm', ...PREDICTED_RANKS.map(String)], rows));
}
