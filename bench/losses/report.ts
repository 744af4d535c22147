/** The table and the picture of the losses. */
import type { BoxLossName } from '../../configs/run-config.js';
import { type ChartOptions, PALETTE } from '../chart.js';
import { markdownTable } from '../page-section.js';
import type { EpochFigures, LossRun } from './runs.js';
import { mean, sampleDeviation } from './statistics.js';

/** A training and its figures by epoch. */
export interface FinishedRun extends LossRun {
  readonly epochs: readonly EpochFigures[];
}

/** In the order of the paper's table. */
export const LOSSES: readonly BoxLossName[] = ['iou', 'giou', 'diou', 'ciou', 'sca'];
/** As the papers write them. */
const TITLES: Readonly<Record<BoxLossName, string>> = {
  iou: 'IoU',
  giou: 'GIoU',
  diou: 'DIoU',
  ciou: 'CIoU',
  sca: 'SCA',
};
/** What the others are compared with, as in the paper. */
const BASELINE: BoxLossName = 'iou';

const COLUMNS: readonly (readonly [title: string, key: keyof EpochFigures])[] = [
  ['mAP .5:.95', 'map'],
  ['AP .5', 'ap50'],
  ['AP .65', 'ap65'],
  ['AP .75', 'ap75'],
  ['AP .8', 'ap80'],
  ['AP .9', 'ap90'],
];

function runsOf(runs: readonly FinishedRun[], loss: BoxLossName): FinishedRun[] {
  return runs.filter((run) => run.loss === loss).sort((a, b) => a.seed - b.seed);
}

function percent(values: readonly number[]): string {
  const scaled = values.map((value) => value * 100);
  return `${mean(scaled).toFixed(1)} ± ${sampleDeviation(scaled).toFixed(1)}`;
}

/** Differences to the baseline of the same seed, in points. */
function pairedDifferences(runs: readonly FinishedRun[], loss: BoxLossName, key: keyof EpochFigures): number[] {
  const baseline = new Map(runsOf(runs, BASELINE).map((run) => [run.seed, run.epochs.at(-1)![key]]));
  return runsOf(runs, loss).flatMap((run) => {
    const other = baseline.get(run.seed);
    return other === undefined ? [] : [(run.epochs.at(-1)![key] - other) * 100];
  });
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(1)}`;
}

/** Three tables in Markdown: the figures of the last epoch, their differences to IoU seed by seed, and every run's mAP. */
export function lossTables(runs: readonly FinishedRun[]): string {
  const present = LOSSES.filter((loss) => runsOf(runs, loss).length > 0);
  const titles = COLUMNS.map(([title]) => title);
  const figures = present.map((loss) => {
    const own = runsOf(runs, loss);
    const cells = COLUMNS.map(([, key]) => percent(own.map(({ epochs }) => epochs.at(-1)![key])));
    return [TITLES[loss], String(own.length), ...cells];
  });
  const differences = present
    .filter((loss) => loss !== BASELINE)
    .map((loss) => {
      const cells = COLUMNS.map(([, key]) => {
        const points = pairedDifferences(runs, loss, key);
        return points.length === 0 ? '' : `${signed(mean(points))} ± ${sampleDeviation(points).toFixed(1)}`;
      });
      return [TITLES[loss], ...cells];
    });
  const seeds = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const single = present.map((loss) => [
    TITLES[loss],
    ...seeds.map((seed) => {
      const run = runs.find((candidate) => candidate.loss === loss && candidate.seed === seed);
      return run === undefined ? '' : (run.epochs.at(-1)!.map * 100).toFixed(1);
    }),
  ]);
  return [
    `Last epoch of ${runs[0]?.epochs.length ?? 0}, in percent: mean ± sample standard deviation over the seeds.`,
    markdownTable(['box loss', 'seeds', ...titles], figures),
    'Difference to IoU in points, seed by seed: mean ± sample standard deviation.',
    markdownTable(['box loss', ...titles], differences),
    'mAP .5:.95 of every run, in percent.',
    markdownTable(['box loss', ...seeds.map((seed) => `seed ${seed}`)], single),
  ].join('\n\n');
}

/** mAP and AP .75 by epoch, means over the seeds with the range that the seeds span. */
export function convergenceCharts(runs: readonly FinishedRun[]): ChartOptions[] {
  const present = LOSSES.filter((loss) => runsOf(runs, loss).length > 0);
  const chart = (title: string, key: keyof EpochFigures): ChartOptions => ({
    title,
    xLabel: 'epoch',
    yLabel: '%',
    series: present.map((loss) => {
      const own = runsOf(runs, loss);
      const numEpochs = Math.min(...own.map(({ epochs }) => epochs.length));
      const byEpoch = Array.from({ length: numEpochs }, (_, e) => own.map(({ epochs }) => epochs[e]![key] * 100));
      return {
        name: TITLES[loss],
        color: PALETTE[(LOSSES.indexOf(loss) + 1) % LOSSES.length]!,
        points: byEpoch.map((values, e) => [e + 1, mean(values)] as const),
        band: byEpoch.map((values) => [Math.min(...values), Math.max(...values)] as const),
      };
    }),
  });
  return [
    chart('mAP .5:.95 by epoch: mean and range over the seeds', 'map'),
    chart('AP .75 by epoch: mean and range over the seeds', 'ap75'),
  ];
}
