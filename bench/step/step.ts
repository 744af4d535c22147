/** `npm run bench -- step`: training steps of Lockstep and PyTorch in turn, in the same shapes on the same cores. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findConfigFile } from '../../configs/find.js';
import { ConfigError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { findPython } from '../python.js';
import { rounded } from '../rounded.js';
import { formatTable } from '../table.js';
import { compareSteps, poolSamples, type StepFigures } from './result.js';
import type { StepSample } from './sample.js';
import { lockstepSide, type ShapeName, type StepSide, type StepWork, shapesOf, torchSide } from './sides.js';

const SHAPE_LABELS: Readonly<Record<ShapeName, string>> = {
  process: 'one process',
  workers: 'one worker per thread',
};

/** Runs the benchmark with its flags (README.md of this folder). */
export async function benchStep(args: readonly string[]): Promise<void> {
  const { values: options } = parseArgs({
    args: [...args],
    options: {
      cfg: { type: 'string', default: 'yolov3-tiny' },
      batch: { type: 'string', default: '8' },
      img: { type: 'string', default: '416' },
      nc: { type: 'string', default: '80' },
      steps: { type: 'string', default: '6' },
      threads: { type: 'string', default: '2' },
      shape: { type: 'string', default: 'both' },
      rounds: { type: 'string' },
      engine: { type: 'string', default: 'tensorflow' },
      'bucket-mb': { type: 'string' },
      python: { type: 'string' },
      'no-rival': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const bucketMb = options['bucket-mb'];
  const work: StepWork = {
    cfg: options.cfg,
    modelPath: findConfigFile('models', options.cfg, repoRoot),
    batch: Number(options.batch),
    img: Number(options.img),
    nc: Number(options.nc),
    numSteps: Number(options.steps),
    engine: options.engine,
    extraFlags: bucketMb === undefined ? {} : { 'bucket-mb': bucketMb },
  };
  const threads = Number(options.threads);
  const shapes = shapesOf(threads, readShape(options.shape));
  const sides: StepSide[] = shapes.map((shape) => lockstepSide(work, shape));
  if (!options['no-rival']) {
    const python = findPython(options.python);
    sides.push(...shapes.flatMap((shape) => [false, true].map((last) => torchSide(work, shape, python, last))));
  }
  const numRounds = Number(options.rounds ?? (options['no-rival'] ? 1 : 2));
  const rows = await measureInTurn(sides, work.batch, numRounds);
  const ratios = compareSteps(rows);
  if (options.json) {
    const first = rows[0]!;
    const line = {
      ...{ bench: 'step', cfg: work.cfg, batch: work.batch, img: work.img, threads, steps: work.numSteps },
      rounds: numRounds,
      engine: first.version,
      ...rounded(first),
      rows: rows.map(({ label, isOurs, shape, version, ...figures }) => ({
        ...{ label, isOurs, shape, version },
        ...rounded(figures),
      })),
      ratios: ratios && rounded(ratios),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const header = ['', 'shape', 'images/s', 's/step', 'peak MiB/worker'];
  const lines = rows.map((row) => [
    ...[row.label, SHAPE_LABELS[row.shape], row.imagesPerSecond.toFixed(2)],
    ...[row.secondsPerStep.toFixed(3), String(row.peakRssMb)],
  ]);
  process.stdout.write(`${work.cfg} ${work.batch}×${work.img}×${work.img}, ${threads} threads in all\n`);
  process.stdout.write(`${formatTable(header, lines)}\n`);
  for (const { shape, phases } of rows.filter((row) => row.phases !== undefined)) {
    const parts = Object.entries(phases ?? {}).map(([phase, s]) => `${phase} ${s.toFixed(3)}`);
    process.stdout.write(`Lockstep, ${SHAPE_LABELS[shape]}, seconds: ${parts.join(', ')}\n`);
  }
  if (ratios === undefined) return;
  for (const { name } of shapes) {
    const [speed, memory] = [ratios.speed[name] ?? 0, ratios.memory[name] ?? 0];
    const figures = `${speed.toFixed(2)} × PyTorch's images/s in ${(100 / memory).toFixed(0)}% of its memory`;
    process.stdout.write(`${SHAPE_LABELS[name]}: ${figures}\n`);
  }
  process.stdout.write(`best against best: ${ratios.bestSpeed.toFixed(2)} ×\n`);
}

/** Each contender once per round, so that a slow minute of the machine meets all of them. */
async function measureInTurn(sides: readonly StepSide[], batch: number, numRounds: number): Promise<StepFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-bench-step-'));
  try {
    const samples = new Map<StepSide, StepSample[]>(sides.map((side) => [side, []]));
    for (let done = 0; done < numRounds; done++) {
      for (const side of sides) {
        process.stderr.write(`round ${done + 1} of ${numRounds}: ${side.label}, ${SHAPE_LABELS[side.shape.name]}\n`);
        samples.get(side)!.push(await side.measure(folder));
      }
    }
    return sides.map((side) => poolSamples({ ...side, shape: side.shape.name }, batch, samples.get(side)!));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readShape(text: string): ShapeName | 'both' {
  if (text === 'both' || text === 'process' || text === 'workers') return text;
  throw new ConfigError('CONFIG_USAGE', `--shape ${text} is not one of process, workers, both`, {
    hint: 'process: one process with all threads; workers: one worker per thread',
  });
}
