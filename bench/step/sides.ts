/** Who takes part in the step benchmark, and how each is started. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { BOXES_PER_IMAGE } from '../noise-batch.js';
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
  /** For our launcher only, such as `bucket-mb`. */
  readonly extraFlags: Readonly<Record<string, string>>;
}

/** How the cores are used: one process with all threads, or one process per core with the all-reduce between them. */
export type ShapeName = 'process' | 'workers';

/** Processes and threads of each. */
export interface Shape {
  readonly name: ShapeName;
  readonly numProcesses: number;
  readonly threadsEach: number;
}

/** The shapes that use this many threads. */
export function shapesOf(threads: number, wanted: ShapeName | 'both'): Shape[] {
  const all: Shape[] = [{ name: 'process', numProcesses: 1, threadsEach: threads }];
  if (threads > 1) all.push({ name: 'workers', numProcesses: threads, threadsEach: 1 });
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
          project: folder,
          name: 'lockstep',
          ...work.extraFlags,
        },
        workerEntry: builtEntry('bench/step/worker'),
        env: stepTaskEnvironment({ numSteps: work.numSteps, nc: work.nc }),
      });
      const ranks = Array.from({ length: shape.numProcesses }, (_, rank) => rank);
      const samples = await Promise.all(ranks.map((rank) => readSample(join(saveDir, `rank-${rank}.json`))));
      return { ...samples[0]!, peakRssMb: Math.max(...samples.map(({ peakRssMb }) => peakRssMb)) };
    },
  };
}

/** PyTorch; several processes run DistributedDataParallel over Gloo. */
export function torchSide(work: StepWork, shape: Shape, python: string, channelsLast: boolean): StepSide {
  return {
    label: channelsLast ? 'PyTorch, channels last' : 'PyTorch',
    isOurs: false,
    shape,
    async measure(folder) {
      await mkdir(folder, { recursive: true });
      const out = join(folder, `torch-${shape.name}${channelsLast ? '-channels-last' : ''}.json`);
      const script = join(repoRoot, 'bench', 'step', 'torch_step.py');
      const flags = {
        batch: work.batch,
        img: work.img,
        nc: work.nc,
        boxes: BOXES_PER_IMAGE,
        steps: work.numSteps,
        threads: shape.threadsEach,
        processes: shape.numProcesses,
      };
      const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
      await runProcess(
        python,
        [script, work.modelPath, out, ...args, ...(channelsLast ? ['--channels-last'] : [])],
        { OMP_NUM_THREADS: String(shape.threadsEach), PYTHONDONTWRITEBYTECODE: '1' },
        `${out}.log`,
      );
      return readSample(out);
    },
  };
}

async function readSample(path: string): Promise<StepSample> {
  return JSON.parse(await readFile(path, 'utf8')) as StepSample;
}
