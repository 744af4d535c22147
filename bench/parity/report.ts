/** What the parity bench prints, draws and puts into docs/parity.md. */
import { type ChartOptions, PALETTE } from '../chart.js';
import { markdownTable } from '../page-section.js';
import { iterationAfter, lossDifferences, stateDifference, totalLoss } from './compare.js';
import { REFERENCE_KEY } from './sides.js';
import { MARKS } from './task.js';
import { readState, readTrajectory, type Trajectory } from './trajectory.js';

/** A side that has trained. */
export interface TrainedSide {
  readonly key: string;
  readonly title: string;
  readonly folder: string;
  readonly trajectory: Trajectory;
}

/** Relative differences of one side to another. */
export interface Comparison {
  readonly key: string;
  readonly title: string;
  /** Of the total loss, by iteration. */
  readonly losses: readonly number[];
  /** Of the total loss at the first iteration after 1, 10, 100 optimizer steps. */
  readonly lossAfter: readonly number[];
  readonly lossLargest: number;
  /** ‖a − b‖ / ‖b‖ after 1, 10, 100 optimizer steps and at the end. */
  readonly weights: readonly number[];
  readonly ema: readonly number[];
}

const MOMENTS = [...MARKS, 'final'] as const;
/** Rows of the printed curves. */
const CURVE_ROWS = 24;

export async function readSide(key: string, title: string, folder: string): Promise<TrainedSide> {
  return { key, title, folder, trajectory: await readTrajectory(folder) };
}

/** Compares one side with another of the same task. */
export async function compareSides(side: TrainedSide, base: TrainedSide): Promise<Comparison> {
  const losses = lossDifferences(side.trajectory.iterations, base.trajectory.iterations);
  const states = async (kind: 'weights' | 'ema'): Promise<number[]> => {
    const found: number[] = [];
    for (const moment of MOMENTS) {
      found.push(
        stateDifference(await readState(side.folder, moment, kind), await readState(base.folder, moment, kind)),
      );
    }
    return found;
  };
  return {
    key: side.key,
    title: side.title,
    losses,
    lossAfter: MARKS.map((steps) => losses[iterationAfter(base.trajectory.iterations, steps)!]!),
    lossLargest: Math.max(...losses),
    weights: await states('weights'),
    ema: await states('ema'),
  };
}

function scientific(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

/** One table: loss, weights and average of each side against the base. */
export function differenceTable(comparisons: readonly Comparison[]): string {
  const steps = MARKS.map((mark) => `${mark}`);
  const header = [
    'relative difference after … optimizer steps',
    ...[...steps, 'largest'].map((title) => `loss ${title}`),
    ...[...steps, 'end'].map((title) => `weights ${title}`),
    'EMA end',
  ];
  const rows = comparisons.map(({ title, lossAfter, lossLargest, weights, ema }) => [
    title,
    ...[...lossAfter, lossLargest, ...weights, ema.at(-1)!].map(scientific),
  ]);
  return markdownTable(header, rows);
}

/** The loss curves side by side, thinned out, with the differences to the first side. */
export function curveTable(sides: readonly TrainedSide[]): string {
  const base = sides.find(({ key }) => key === REFERENCE_KEY)!;
  const { iterations } = base.trajectory;
  const others = sides.filter((side) => side !== base);
  const every = Math.max(1, Math.floor(iterations.length / CURVE_ROWS));
  let steps = 0;
  const rows: string[][] = [];
  for (const [i, losses] of iterations.entries()) {
    if (i % every === 0 || i + 1 === iterations.length) {
      const total = totalLoss(losses);
      const cells = others.map(({ trajectory }) => {
        const other = totalLoss(trajectory.iterations[i]!);
        return `${other.toFixed(6)} (${scientific(Math.abs(other - total) / total)})`;
      });
      rows.push([String(i), String(steps), total.toFixed(6), ...cells]);
    }
    if (losses.stepped) steps++;
  }
  return markdownTable(['iteration', 'steps before', base.title, ...others.map(({ title }) => title)], rows);
}

/** Loss curves, and the differences to PyTorch on a logarithmic scale. */
export function parityCharts(sides: readonly TrainedSide[], comparisons: readonly Comparison[]): ChartOptions[] {
  const colorOf = (key: string): string => PALETTE[sides.findIndex((side) => side.key === key) % PALETTE.length]!;
  return [
    {
      title: 'Loss by iteration (box + objectness + class)',
      xLabel: 'iteration',
      yLabel: 'loss',
      series: sides.map(({ key, title, trajectory }, i) => ({
        name: title,
        color: colorOf(key),
        // The curves lie on each other; dashes of growing length let the lower ones show.
        dash: i === 0 ? undefined : `${4 + 2 * i} ${4 * i}`,
        points: trajectory.iterations.map((losses, x) => [x, totalLoss(losses)] as const),
      })),
    },
    {
      title: 'Relative difference of the loss to PyTorch',
      xLabel: 'iteration',
      yLabel: '|a − b| / b',
      logY: true,
      series: comparisons.map(({ key, title, losses }) => ({
        name: title,
        color: colorOf(key),
        points: losses.map((value, x) => [x, value] as const),
      })),
    },
  ];
}
