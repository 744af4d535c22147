/** The five box losses on the shapes data set: trains what is missing, then writes the paper's table and a picture. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BoxLossName } from '../../configs/run-config.js';
import { ConfigError } from '../../proto/errors.js';
import { repoRoot } from '../../proto/paths.js';
import { writeChartsPng } from '../chart.js';
import { readFlags } from '../flags.js';
import { replaceFigures } from '../page-section.js';
import { convergenceCharts, type FinishedRun, LOSSES, lossTables } from './report.js';
import { isDone, type LossRun, type RunSettings, readFigures, train } from './runs.js';

const DEFAULT_EPOCHS = 25;
const DEFAULT_SEEDS = '0,1,2';

/** Runs the benchmark with its flags; a second start goes on where the first stopped. */
export async function benchLosses(args: readonly string[]): Promise<void> {
  const options = readFlags(args, {
    seeds: DEFAULT_SEEDS,
    losses: LOSSES.join(','),
    epochs: String(DEFAULT_EPOCHS),
    engine: 'auto',
    out: join(repoRoot, 'runs', 'losses'),
    'report-only': false,
    docs: undefined,
  });
  const settings: RunSettings = { out: resolve(options.out), epochs: Number(options.epochs), engine: options.engine };
  // Seed by seed, so that an unfinished table compares all losses on the seeds that it has.
  const runs = options.seeds
    .split(',')
    .flatMap((seed) => readLosses(options.losses).map((loss) => ({ loss, seed: Number(seed) })));
  if (!options['report-only']) await trainMissing(runs, settings);
  const done = runs.filter((run) => isDone(run, settings));
  if (done.length === 0) {
    throw new ConfigError('CONFIG_USAGE', `no finished run of ${settings.epochs} epochs in ${settings.out}`, {
      hint: 'leave --report-only out to train, or name the folder with --out',
    });
  }
  const finished: FinishedRun[] = await Promise.all(
    done.map(async (run) => ({ ...run, epochs: await readFigures(run, settings) })),
  );
  await report(finished, settings.out, options.docs === undefined ? undefined : resolve(options.docs));
}

function readLosses(list: string): BoxLossName[] {
  return list.split(',').map((name) => {
    const loss = LOSSES.find((candidate) => candidate === name);
    if (loss !== undefined) return loss;
    throw new ConfigError('CONFIG_USAGE', `--losses: no loss '${name}'`, { hint: `choose from ${LOSSES.join(', ')}` });
  });
}

async function trainMissing(runs: readonly LossRun[], settings: RunSettings): Promise<void> {
  for (const [i, run] of runs.entries()) {
    const label = `${i + 1}/${runs.length} ${run.loss} seed ${run.seed}`;
    if (isDone(run, settings)) {
      process.stdout.write(`${label}: done before\n`);
      continue;
    }
    const started = performance.now();
    await train(run, settings);
    const { map } = (await readFigures(run, settings)).at(-1)!;
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`${label}: mAP ${(map * 100).toFixed(1)} in ${seconds.toFixed(0)} s\n`);
  }
}

async function report(runs: readonly FinishedRun[], out: string, docs: string | undefined): Promise<void> {
  const tables = lossTables(runs);
  process.stdout.write(`\n${tables}\n`);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'losses.json'), `${JSON.stringify(runs, null, 1)}\n`);
  await writeFile(join(out, 'losses.md'), `${tables}\n`);
  await writeChartsPng(join(out, 'losses.png'), convergenceCharts(runs));
  process.stdout.write(`\nwritten: ${join(out, 'losses.md')}, losses.json, losses.png\n`);
  if (docs === undefined) return;
  await replaceFigures(join(docs, 'losses.md'), tables);
  await writeChartsPng(join(docs, 'losses.png'), convergenceCharts(runs));
}
