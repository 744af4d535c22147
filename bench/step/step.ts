/** `npm run bench -- step`: training steps of Lockstep and PyTorch in turn, in the same shapes on the same cores. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile } from '../../configs/find.js';
import { ConfigError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { benchDevices, readPrecision } from '../devices.js';
import { readFlags } from '../flags.js';
import { findPython } from '../python.js';
import { rounded } from '../rounded.js';
import { formatTable } from '../table.js';
import { compareSteps, poolSamples, type StepFigures } from './result.js';
import type { StepSample } from './sample.js';
import { lockstepSide, type ShapeName, type StepSide, type StepWork, shapesOf, torchSide } from './sides.js';
import { writeStart } from './start.js';

function labelOf(shape: ShapeName, gpus: readonly string[]): string {
  if (shape === 'process') return 'one process';
  return gpus.length === 0 ? 'one worker per thread' : 'one worker per GPU';
}

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchStep(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    cfg: 'yolov3-tiny',
    batch: '8',
    img: '416',
    nc: '80',
    steps: '6',
    threads: '2',
    shape: 'both',
    rounds: undefined,
    device: 'cpu',
    amp: 'off',
    tf32: 'on',
    engine: 'tensorflow',
    'bucket-mb': undefined,
    python: undefined,
    'no-rival': false,
    json: false,
  });
  const bucketMb = options['bucket-mb'];
  const precision = readPrecision(options.amp, options.tf32);
  const { gpus, description } = await benchDevices(options.device);
  const threads = Number(options.threads);
  const shapes = shapesOf(threads, readShape(options.shape), gpus);
  const python = options['no-rival'] ? undefined : findPython(options.python);
  const numRounds = Number(options.rounds ?? (python === undefined ? 1 : 2));
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-step-'));
  const work: StepWork = {
    cfg: options.cfg,
    modelPath: findConfigFile('models', options.cfg, repoRoot),
    batch: Number(options.batch),
    img: Number(options.img),
    nc: Number(options.nc),
    numSteps: Number(options.steps),
    engine: options.engine,
    precision,
    extraFlags: bucketMb === undefined ? {} : { 'bucket-mb': bucketMb },
  };
  const sides: StepSide[] = shapes.map((shape) => lockstepSide(work, shape));
  let rows: StepFigures[];
  try {
    if (python !== undefined) {
      for (const shape of shapes) {
        for (const channelsLast of [false, true]) {
          sides.push(torchSide(work, shape, { python, start: folder, channelsLast }));
        }
      }
      await writeStart(folder, work);
    }
    rows = await measureInTurn(sides, folder, work.batch, numRounds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const ratios = compareSteps(rows);
  if (options.json) {
    const first = rows[0]!;
    const line = {
      ...{ bench: 'step', cfg: work.cfg, batch: work.batch, img: work.img, threads, steps: work.numSteps },
      ...{ device: description, ...precision },
      rounds: numRounds,
      engine: first.version,
      ...rounded(first),
      losses: first.losses,
      rows: rows.map(({ label, isOurs, shape, version, ...figures }) => ({
        ...{ label, isOurs, shape, version },
        ...rounded(figures),
        losses: figures.losses,
      })),
      ratios: ratios && rounded(ratios),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const size = `${work.cfg} ${work.batch}×${work.img}×${work.img}, ${threads} threads in all`;
  const types = `amp ${precision.amp}${gpus.length > 0 ? `, TF32 ${precision.tf32}` : ''}`;
  process.stdout.write(`${size}, ${types}\non ${description}\n${stepTable(rows, gpus)}\n`);
  for (const { shape, phases } of rows.filter((row) => row.phases !== undefined)) {
    const parts = Object.entries(phases ?? {}).map(([phase, s]) => `${phase} ${s.toFixed(3)}`);
    process.stdout.write(`Lockstep, ${labelOf(shape, gpus)}, seconds: ${parts.join(', ')}\n`);
  }
  if (ratios === undefined) return;
  for (const { name } of shapes) {
    const [speed, memory] = [ratios.speed[name] ?? 0, ratios.memory[name] ?? 0];
    const figures = `${speed.toFixed(2)} × PyTorch's images/s in ${(100 / memory).toFixed(0)}% of its memory`;
    process.stdout.write(`${labelOf(name, gpus)}: ${figures}\n`);
  }
  process.stdout.write(`best against best: ${ratios.bestSpeed.toFixed(2)} ×\n`);
}

/** A line per contender. The first step's losses show that all compute the same. */
function stepTable(rows: readonly StepFigures[], gpus: readonly string[]): string {
  const onGpu = gpus.length > 0 ? ['device MiB', 'of tensors', 'skipped'] : [];
  const header = ['', 'shape', 'images/s', 's/step', 'peak MiB/worker', ...onGpu, 'first losses'];
  const lines = rows.map((row) => [
    ...[row.label, labelOf(row.shape, gpus), row.imagesPerSecond.toFixed(2)],
    ...[row.secondsPerStep.toFixed(3), String(row.peakRssMb)],
    ...onGpu.map((_, i) => String([row.deviceUsedMb, row.allocatedMb, row.skippedSteps][i] ?? '')),
    row.losses.map((loss) => loss.toFixed(4)).join(' '),
  ]);
  return formatTable(header, lines);
}

/** Each contender once per round, so that a slow minute of the machine meets all of them. */
async function measureInTurn(
  sides: readonly StepSide[],
  folder: string,
  batch: number,
  numRounds: number,
): Promise<StepFigures[]> {
  const samples = new Map<StepSide, StepSample[]>(sides.map((side) => [side, []]));
  for (let done = 0; done < numRounds; done++) {
    for (const side of sides) {
      const where = labelOf(side.shape.name, side.shape.gpus);
      process.stderr.write(`round ${done + 1} of ${numRounds}: ${side.label}, ${where}\n`);
      samples.get(side)!.push(await side.measure(folder));
    }
  }
  return sides.map((side) => poolSamples({ ...side, shape: side.shape.name }, batch, samples.get(side)!));
}

function readShape(text: string): ShapeName | 'both' {
  if (text === 'both' || text === 'process' || text === 'workers') return text;
  throw new ConfigError('CONFIG_USAGE', `--shape ${text} is not one of process, workers, both`, {
    hint: 'process: one process with all threads; workers: one worker per thread or GPU',
  });
}
