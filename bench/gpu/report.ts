/** The figures of `bench gpu` as tables. Pure. */
import { ConfigError } from '../../proto/errors.js';
import { formatTable } from '../table.js';
import type { CopyFigures } from './copies.js';

/** One training step to measure. */
export interface Work {
  readonly cfg: string;
  readonly batch: number;
  readonly img: number;
}

/** Reads `CFG:BATCHxSIDE`. @throws ConfigError `CONFIG_USAGE` */
export function readWork(text: string): Work {
  const [, cfg = '', batch, img] = /^(.+):(\d+)x(\d+)$/.exec(text) ?? [];
  if (cfg !== '' && Number(batch) > 0 && Number(img) > 0) return { cfg, batch: Number(batch), img: Number(img) };
  throw new ConfigError('CONFIG_USAGE', `--work: '${text}' is not CFG:BATCHxSIDE`, {
    hint: 'for example --work yolov3-tiny:64x640,yolov3:32x640',
  });
}

/** The part of `bench step --json` that is reported here. */
export interface StepLine {
  readonly imagesPerSecond: number;
  readonly secondsPerStep: number;
  readonly phases?: Readonly<Record<string, number>> | undefined;
  readonly rows: readonly {
    readonly label: string;
    readonly isOurs: boolean;
    readonly imagesPerSecond: number;
    readonly deviceUsedMb?: number | undefined;
    readonly allocatedMb?: number | undefined;
    readonly skippedSteps: number;
  }[];
  readonly ratios?: { readonly bestSpeed: number } | undefined;
}

/** Everything that was measured so far. */
export interface GpuResults {
  readonly device: string;
  /** What each part said, by name; begins with `failed` where it did. */
  readonly parts: Record<string, string>;
  readonly steps: {
    readonly work: Work;
    /** amp/tf32. */
    readonly precision: string;
    readonly whole: StepLine;
    /** A step of a quarter of the images. */
    readonly quarter: StepLine | undefined;
  }[];
  readonly copies: ({ readonly cfg: string } & CopyFigures)[];
}

/**
 * The seconds of a step that do not grow with its images (dispatch, copies of weights and gradients, optimizer): where the line through
 * both times meets no images at all.
 */
export function fixedSeconds(wholeSeconds: number, quarterSeconds: number): number {
  return Math.min(wholeSeconds, Math.max(0, (4 * quarterSeconds - wholeSeconds) / 3));
}

/** A page of Markdown. */
export function reportOf({ device, parts, steps, copies }: GpuResults): string {
  const said = Object.entries(parts).map(([name, text]) => `- ${name}: ${text.replaceAll('\n', '\n  ')}`);
  const stepRows = steps.map(({ work, precision, whole, quarter }) => {
    const [ours, rivals] = [whole.rows.find(({ isOurs }) => isOurs), whole.rows.filter(({ isOurs }) => !isOurs)];
    const rival = rivals.sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)[0];
    const fixed = quarter && fixedSeconds(whole.secondsPerStep, quarter.secondsPerStep);
    return [
      ...[`${work.cfg} ${work.batch}×${work.img}`, precision, whole.imagesPerSecond.toFixed(1)],
      ...[rival?.imagesPerSecond.toFixed(1) ?? '', whole.ratios?.bestSpeed.toFixed(2) ?? ''],
      ...[String(ours?.deviceUsedMb ?? ''), String(rival?.deviceUsedMb ?? ''), String(rival?.allocatedMb ?? '')],
      fixed === undefined ? '' : `${((100 * fixed) / whole.secondsPerStep).toFixed(0)}`,
      String(ours?.skippedSteps ?? ''),
    ];
  });
  const phaseRows = steps.flatMap(({ work, precision, whole }) =>
    Object.entries(whole.phases ?? {}).map(([phase, seconds]) => [
      `${work.cfg} ${work.batch}×${work.img} ${precision}`,
      phase,
      (1000 * seconds).toFixed(1),
    ]),
  );
  const copyRows = copies.map(({ cfg, bytes, toHostSeconds, toDeviceSeconds }) => [
    ...[cfg, (bytes / 1e6).toFixed(1)],
    ...[toHostSeconds, toDeviceSeconds].map((seconds) => (1000 * seconds).toFixed(1)),
  ]);
  const tables = [
    [
      ['step', 'amp/tf32', 'images/s', 'PyTorch', 'ratio', 'MiB', 'PyTorch MiB', 'of tensors', 'fixed %', 'skipped'],
      stepRows,
    ],
    [['step', 'phase', 'ms'], phaseRows],
    [['gradients of', 'MB', 'ms to the host', 'ms to the device'], copyRows],
  ] as const;
  const shown = tables.filter(([, rows]) => rows.length > 0).map(([header, rows]) => formatTable(header, rows));
  return [device, said.join('\n'), ...shown.map((table) => `\`\`\`\n${table}\n\`\`\``)].join('\n\n').concat('\n');
}
