/** Measures what the simulator starts from, and what its predictions are checked against. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { builtEntry } from '../../proto/paths.js';
import { median } from '../median.js';
import { quietLaunch } from '../quiet-launch.js';
import { stepSeconds } from '../scaling/efficiency.js';
import { lockstepSide, type StepWork } from '../step/sides.js';
import { type CodecSpeeds, type LinkSample, linkTaskEnvironment } from './link-sample.js';
import { type Algorithm, fitLocalLink, type Machine, type StepProfile } from './model.js';

const SMALL_ELEMENTS = 1024;
const LARGE_ELEMENTS = 9 * 2 ** 20;
/** Linux hands a small message to the network stack in about this time; there is no second host to measure it on. */
const MESSAGE_SECONDS = 10e-6;

/** Ranks of one host that have nothing else to do. */
async function measureLink(
  folder: string,
  collective: Algorithm,
  numElements: number,
  numRounds: number,
  numRanks = 2,
): Promise<LinkSample> {
  const saveDir = await quietLaunch({
    flags: {
      ...{ data: 'shapes', cfg: 'yolov3-tiny', weights: '', engine: 'wasm', 'batch-size': String(numRanks) },
      ...{ nproc: String(numRanks), 'threads-per-worker': '1', project: folder, name: 'link', collective },
    },
    workerEntry: builtEntry('bench/simulate/link-worker'),
    env: linkTaskEnvironment({ numElements, numRounds }),
  });
  return JSON.parse(await readFile(join(saveDir, 'rank-0.json'), 'utf8')) as LinkSample;
}

/** A machine, and what its codecs do. */
export interface MeasuredMachine {
  readonly machine: Machine;
  readonly codecs: CodecSpeeds;
  /** One all-reduce of 4 KiB and one of 36 MiB between two ranks. */
  readonly smallSeconds: number;
  readonly largeSeconds: number;
}

/**
 * Measures this machine with one of the algorithms, which have lanes of their own within a host; between two ranks ring and direct
 * exchange send the same parts. Its network is its own memory until a preset replaces it.
 */
export async function measureMachine(folder: string, collective: Algorithm): Promise<MeasuredMachine> {
  const small = await measureLink(folder, collective, SMALL_ELEMENTS, 100);
  const large = await measureLink(folder, collective, LARGE_ELEMENTS, 12);
  const local = fitLocalLink(
    { bytes: SMALL_ELEMENTS * 4, seconds: small.seconds },
    { bytes: LARGE_ELEMENTS * 4, seconds: large.seconds },
    large.addBytesPerSecond,
  );
  return {
    machine: {
      local,
      network: local,
      addBytesPerSecond: large.addBytesPerSecond,
      messageSeconds: MESSAGE_SECONDS,
      coresPerHost: availableParallelism(),
    },
    codecs: large.codecs,
    smallSeconds: small.seconds,
    largeSeconds: large.seconds,
  };
}

/** Seconds of an all-reduce of `numElements` between ranks of this host: what the fitted link has not seen checks it. */
export async function measureExchange(
  folder: string,
  collective: Algorithm,
  numElements: number,
  numRanks: number,
): Promise<number> {
  return (await measureLink(folder, collective, numElements, 20, numRanks)).seconds;
}

/** One rank with one thread while every other core of the host runs another: its computing, and when its buckets are ready. */
export async function measureStep(work: StepWork, folder: string): Promise<StepProfile> {
  const side = lockstepSide(work, { name: 'process', numProcesses: 1, threadsEach: 1, gpus: [] });
  const folders = Array.from({ length: availableParallelism() }, (_, i) => join(folder, `step-${i}`));
  const samples = await Promise.all(folders.map((one) => side.measure(one)));
  const buckets = (samples[0]!.buckets ?? []).map(({ bytes }, bucket) => ({
    bytes,
    readySeconds: median(samples.map((sample) => sample.buckets![bucket]!.readySeconds)),
  }));
  const computeSeconds = Math.max(...buckets.map(({ readySeconds }) => readySeconds));
  return { computeSeconds, afterSeconds: Math.max(0, stepSeconds(samples) - computeSeconds), buckets };
}

/** Seconds per step of that many workers with one thread each, every one with the work of {@link measureStep}. */
export async function measureWorld(
  work: StepWork,
  numRanks: number,
  algorithm: Algorithm,
  folder: string,
): Promise<number> {
  const side = lockstepSide(
    { ...work, batch: work.batch * numRanks, extraFlags: { ...work.extraFlags, collective: algorithm } },
    { name: 'workers', numProcesses: numRanks, threadsEach: 1, gpus: [] },
  );
  return stepSeconds([await side.measure(folder)]);
}
