/** The whole trajectory: the same training in PyTorch and here, from the same weights on the same images in the same order. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { writeChartsPng } from '../chart.js';
import { readFlags } from '../flags.js';
import { markdownTable, replaceFigures } from '../page-section.js';
import { findPython } from '../python.js';
import { compareSides, curveTable, differenceTable, parityCharts, readSide, type TrainedSide } from './report.js';
import { isTrained, listSides, REFERENCE_KEY } from './sides.js';
import { MARKS, type ParityTask, readTask, writeTask } from './task.js';

const FLOAT64_KEY = 'torch-float64';

/** Runs the benchmark with its flags. */
export async function benchParity(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    python: undefined,
    engine: 'both',
    cfg: join(repoRoot, 'configs', 'models', 'yolov3-tiny.yaml'),
    width: '0.25',
    img: '128',
    batch: '8',
    'nominal-batch-size': '16',
    images: '196',
    epochs: '10',
    seed: '0',
    'box-loss': 'sca',
    out: join(repoRoot, 'runs', 'parity'),
    'report-only': false,
    docs: undefined,
  });
  const out = resolve(options.out);
  const taskFolder = join(out, 'task');
  const sides = listSides(options['report-only'] ? '' : findPython(options.python), readEngines(options.engine));
  if (!options['report-only']) {
    // Results of another task must not be taken for this one's.
    for (const name of ['task', ...sides.map(({ key }) => key)]) {
      await rm(join(out, name), { recursive: true, force: true });
    }
    await mkdir(out, { recursive: true });
    const task = await writeTask(taskFolder, resolve(options.cfg), {
      width: Number(options.width),
      imgsz: Number(options.img),
      batchSize: Number(options.batch),
      nominalBatchSize: Number(options['nominal-batch-size']),
      numImages: Number(options.images),
      epochs: Number(options.epochs),
      seed: Number(options.seed),
      boxLoss: options['box-loss'],
    });
    process.stdout.write(`${describe(task)}\n`);
    for (const { key, title, run } of sides) {
      await run(taskFolder, join(out, key), join(out, `${key}.log`));
      process.stdout.write(`${title}: trained\n`);
      // All sides step after the same iterations: too few of them show with the first.
      requireMarks(await readSide(key, title, join(out, key)), out);
    }
  }
  const trained: TrainedSide[] = [];
  for (const { key, title } of sides) {
    if (isTrained(join(out, key))) trained.push(await readSide(key, title, join(out, key)));
  }
  await report(await readTask(taskFolder), trained, out, options.docs);
}

function readEngines(name: string): ('tensorflow' | 'wasm')[] {
  if (name === 'both') return ['tensorflow', 'wasm'];
  if (name === 'tensorflow' || name === 'wasm') return [name];
  throw new ConfigError('CONFIG_USAGE', `--engine: no engine '${name}'`, { hint: 'tensorflow, wasm or both' });
}

function describe(task: ParityTask): string {
  return (
    `${task.labels.length} images of ${task.imgsz} px, ${task.nc} classes, ${task.boxLoss.toUpperCase()} loss, batches of ` +
    `${task.batchSize} accumulated to ${task.nominalBatchSize}, ${task.batches.length} iterations in ${task.epochs} epochs`
  );
}

/** Returns a side's optimizer steps. @throws ConfigError CONFIG_USAGE unless they reach beyond the last mark */
function requireMarks({ trajectory }: TrainedSide, out: string): number {
  const numSteps = trajectory.iterations.filter(({ stepped }) => stepped).length;
  const last = Math.max(...MARKS);
  if (numSteps > last) return numSteps;
  throw new ConfigError('CONFIG_USAGE', `${out} holds a training of ${numSteps} optimizer steps`, {
    hint: `more than ${last} are compared: train for more --epochs (7 at least with the default flags), and without --report-only`,
  });
}

async function report(task: ParityTask, sides: TrainedSide[], out: string, docs: string | undefined): Promise<void> {
  const base = sides.find(({ key }) => key === REFERENCE_KEY);
  const exact = sides.find(({ key }) => key === FLOAT64_KEY);
  if (base === undefined || exact === undefined) {
    throw new ConfigError('CONFIG_USAGE', `${out} holds no training by PyTorch`, { hint: 'leave out --report-only' });
  }
  const numSteps = requireMarks(base, out);
  const sameSteps = sides.every(({ trajectory }) =>
    trajectory.iterations.every(({ stepped }, i) => stepped === base.trajectory.iterations[i]!.stepped),
  );
  const toBase = await Promise.all(sides.filter((side) => side !== base).map((side) => compareSides(side, base)));
  const toExact = await Promise.all(sides.filter((side) => side !== exact).map((side) => compareSides(side, exact)));
  const programs = sides.map(({ title, trajectory }) => [title, trajectory.version]);
  const text = [
    `${describe(task)}; ${numSteps} optimizer steps, ${sameSteps ? 'after the same iterations on all sides' : 'NOT AFTER THE SAME ITERATIONS'}.`,
    'Against PyTorch in float32 on one thread:',
    differenceTable(toBase),
    'Against PyTorch in float64, which is as good as exact:',
    differenceTable(toExact),
    'The curves:',
    curveTable(sides),
    markdownTable(['side', 'program'], programs),
  ].join('\n\n');
  process.stdout.write(`\n${text}\n`);
  await writeFile(join(out, 'parity.json'), `${JSON.stringify({ toBase, toExact, sides })}\n`);
  await writeFile(join(out, 'parity.md'), `${text}\n`);
  await writeChartsPng(join(out, 'parity.png'), parityCharts(sides, toBase));
  process.stdout.write(`\nwritten: ${join(out, 'parity.md')}, parity.json, parity.png\n`);
  if (docs === undefined) return;
  await replaceFigures(join(docs, 'parity.md'), text);
  await writeChartsPng(join(docs, 'parity.png'), parityCharts(sides, toBase));
}
