/** Who takes part in the step benchmark, and how each is started. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { deviceUsedMb, type Precision, rivalEnvironment } from '../devices.js';
import { writeFlags } from '../flags.js';
import { quietLaunch } from '../quiet-launch.js';
import { runProcess } from '../run-process.js';
import { type StepSample, stepTaskEnvironment } from './sample.js';

/** The step that is measured. */
export interface StepWork {
  /** Name or path of the model YAML. */
  readonly cfg: string;
  readonly modelPath: string;
  /** Images per step over all workers. */
  readonly batch: number;
  readonly img: number;
  readonly nc: number;
  readonly numSteps: number;
  readonly engine: string;
  readonly precision: Precision;
  /** For our launcher only, such as `bucket-mb`. */
  readonly extraFlags: Readonly<Record<string, string>>;
}

/** How the machine is used: one process with all threads, or one per core or GPU with the all-reduce between them. */
export type ShapeName = 'process' | 'workers';

/** Processes and threads of each. */
export interface Shape {
  readonly name: ShapeName;
  readonly numProcesses: number;
  readonly threadsEach: number;
  /** One GPU per process; empty on the CPU. */
  readonly gpus: readonly string[];
}

/** The shapes that use this many threads, and of the GPUs the first one or all. */
export function shapesOf(threads: number, wanted: ShapeName | 'both', gpus: readonly string[] = []): Shape[] {
  const all: Shape[] = [{ name: 'process', numProcesses: 1, threadsEach: threads, gpus: gpus.slice(0, 1) }];
  const numWorkers = gpus.length === 0 ? threads : gpus.length;
  const threadsEach = Math.max(1, Math.floor(threads / numWorkers));
  if (numWorkers > 1) all.push({ name: 'workers', numProcesses: numWorkers, threadsEach, gpus });
  return all.filter(({ name }) => wanted === 'both' || wanted === name);
}

/** One contender: starts fresh processes, measures, and ends them. */
export interface StepSide {
  readonly label: string;
  readonly isOurs: boolean;
  readonly shape: Shape;
  measure(folder: string): Promise<StepSample>;
}

/** Lockstep: the real launcher and workers, fed with noise. */
export function lockstepSide(work: StepWork, shape: Shape): StepSide {
  return {
    label: 'Lockstep',
    isOurs: true,
    shape,
    async measure(folder) {
      const usedBefore = await usedMb(shape);
      const saveDir = await quietLaunch({
        flags: {
          data: 'shapes',
          cfg: work.cfg,
          weights: '',
          'batch-size': String(work.batch),
          imgsz: String(work.img),
          engine: work.engine,
          nproc: String(shape.numProcesses),
          'threads-per-worker': String(shape.threadsEach),
          device: shape.gpus.length === 0 ? 'cpu' : shape.gpus.join(),
          ...work.precision,
          project: folder,
          name: 'lockstep',
          ...work.extraFlags,
        },
        workerEntry: builtEntry('bench/step/worker'),
        env: stepTaskEnvironment({ numSteps: work.numSteps, nc: work.nc }),
      });
      const ranks = Array.from({ length: shape.numProcesses }, (_, rank) => rank);
      const samples = await Promise.all(ranks.map((rank) => readSample(join(saveDir, `rank-${rank}.json`))));
      const sample = { ...samples[0]!, peakRssMb: Math.max(...samples.map(({ peakRssMb }) => peakRssMb)) };
      return withoutOthers(sample, usedBefore);
    },
  };
}

/**
 * PyTorch; several processes run DistributedDataParallel, over Gloo or, on GPUs, NCCL.
 * @param start the folder that `writeStart` has filled
 */
export function torchSide(
  work: StepWork,
  shape: Shape,
  options: { readonly python: string; readonly start: string; readonly channelsLast: boolean },
): StepSide {
  const { python, start, channelsLast } = options;
  return {
    label: channelsLast ? 'PyTorch, channels last' : 'PyTorch',
    isOurs: false,
    shape,
    async measure(folder) {
      await mkdir(folder, { recursive: true });
      const usedBefore = await usedMb(shape);
      const out = join(folder, `torch-${shape.name}${channelsLast ? '-channels-last' : ''}.json`);
      const script = join(repoRoot, 'bench', 'step', 'torch_step.py');
      const flags = {
        batch: work.batch,
        img: work.img,
        nc: work.nc,
        steps: work.numSteps,
        threads: shape.threadsEach,
        processes: shape.numProcesses,
        device: shape.gpus.length === 0 ? 'cpu' : 'cuda',
        ...work.precision,
      };
      const args = writeFlags(flags);
      await runProcess(
        python,
        [script, work.modelPath, start, out, ...args, ...(channelsLast ? ['--channels-last'] : [])],
        { OMP_NUM_THREADS: String(shape.threadsEach), PYTHONDONTWRITEBYTECODE: '1', ...rivalEnvironment(shape.gpus) },
        `${out}.log`,
      );
      return withoutOthers(await readSample(out), usedBefore);
    },
  };
}

async function readSample(path: string): Promise<StepSample> {
  return JSON.parse(await readFile(path, 'utf8')) as StepSample;
}

function usedMb({ gpus: [first] }: Shape): Promise<number | undefined> {
  return first === undefined ? Promise.resolve(undefined) : deviceUsedMb(first);
}

/** Takes off what other processes held of the GPU before. */
function withoutOthers(sample: StepSample, usedBefore: number | undefined): StepSample {
  if (sample.deviceUsedMb === undefined || usedBefore === undefined) return sample;
  return { ...sample, deviceUsedMb: sample.deviceUsedMb - usedBefore };
}
