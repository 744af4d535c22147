/** The trainings behind the table of losses: one folder each, made by the launcher, and found again when it is done. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoxLossName } from '../../configs/run-config.js';
import { DataError } from '../../proto/errors.js';
import { builtEntry, repoRoot } from '../../proto/paths.js';
import { runProcess } from '../run-process.js';

/** What distinguishes the trainings of one table. */
export interface LossRun {
  readonly loss: BoxLossName;
  readonly seed: number;
}

/** What they have in common. */
export interface RunSettings {
  /** Folder of the runs, absolute. */
  readonly out: string;
  readonly epochs: number;
  readonly engine: string;
}

/** One epoch's figures, all in 0–1. */
export interface EpochFigures {
  readonly map: number;
  readonly ap50: number;
  readonly ap65: number;
  readonly ap75: number;
  readonly ap80: number;
  readonly ap90: number;
}

const FIGURE_COLUMNS: Readonly<Record<keyof EpochFigures, string>> = {
  map: 'metrics/mAP_0.5:0.95',
  ap50: 'metrics/mAP_0.5',
  ap65: 'metrics/AP_0.65',
  ap75: 'metrics/AP_0.75',
  ap80: 'metrics/AP_0.8',
  ap90: 'metrics/AP_0.9',
};

/** Flags of every training; what differs from the defaults is explained in README.md. */
const FLAGS: readonly string[] = [
  ...['--data', join(repoRoot, 'bench', 'losses', 'shapes.yaml')],
  ...['--cfg', join(repoRoot, 'bench', 'losses', 'yolov3-tiny-narrow.yaml')],
  ...['--weights', '', '--imgsz', '128', '--batch-size', '16', '--nominal-batch-size', '16'],
  ...['--set-hyp', 'warmup_min_iterations=100,mosaic=0', '--noautoanchor'],
  ...['--nproc', '1', '--device', 'cpu', '--threads-per-worker', '1', '--loader-threads', '1'],
  ...['--progress', 'plain', '--log-level', 'warn'],
];

function folderName({ loss, seed }: LossRun, { epochs }: RunSettings): string {
  return `${loss}-seed${seed}-epochs${epochs}`;
}

/** Whether the training is there, whole. */
export function isDone(run: LossRun, settings: RunSettings): boolean {
  return existsSync(join(settings.out, folderName(run, settings)));
}

/**
 * Trains through the command line; the folder gets its name when the training is over.
 * @throws LaunchError `LAUNCH_BENCH_PROCESS`
 */
export async function train(run: LossRun, settings: RunSettings): Promise<void> {
  const name = folderName(run, settings);
  const unfinished = `${name}.unfinished`;
  await mkdir(settings.out, { recursive: true });
  await rm(join(settings.out, unfinished), { recursive: true, force: true });
  await runProcess(
    process.execPath,
    [
      builtEntry('coordinator/cli/index'),
      'train',
      ...FLAGS,
      ...['--box-loss', run.loss, '--seed', String(run.seed), '--epochs', String(settings.epochs)],
      ...['--engine', settings.engine, '--project', settings.out, '--name', unfinished],
    ],
    {},
    join(settings.out, `${name}.log`),
  );
  await rename(join(settings.out, unfinished), join(settings.out, name));
}

/**
 * Returns the figures of every epoch.
 * @throws DataError `DATA_NOT_FOUND` if results.csv lacks rows or columns
 */
export async function readFigures(run: LossRun, settings: RunSettings): Promise<EpochFigures[]> {
  const path = join(settings.out, folderName(run, settings), 'results.csv');
  const [header = '', ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const columns = header.split(',').map((name) => name.trim());
  const missing = Object.values(FIGURE_COLUMNS).filter((name) => !columns.includes(name));
  if (rows.length !== settings.epochs || missing.length > 0) {
    throw new DataError(
      'DATA_NOT_FOUND',
      `${path} has ${rows.length} rows and lacks the columns [${missing.join(', ')}]`,
      {
        hint: `remove the folder to train this run again; it should have ${settings.epochs} rows`,
      },
    );
  }
  return rows.map((row) => {
    const cells = row.split(',').map(Number);
    const figure = (name: keyof EpochFigures): number => cells[columns.indexOf(FIGURE_COLUMNS[name])]!;
    return {
      map: figure('map'),
      ap50: figure('ap50'),
      ap65: figure('ap65'),
      ap75: figure('ap75'),
      ap80: figure('ap80'),
      ap90: figure('ap90'),
    };
  });
}
