/** The figures of a data set as lines for people. Pure. */
import type { CheckReport } from './check.js';
import { type FindingKind, SIDE_LIMITS_PX, type SplitFigures } from './split-figures.js';

const EXAMPLES_PER_KIND = 3;
const MAX_CLASSES_LISTED = 20;
const BAR_LENGTH = 30;

function row(cells: readonly (string | number)[], widths: readonly number[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]!) : String(cell).padStart(widths[i]!)))
    .join(' ');
}

function bar(count: number, most: number): string {
  return '#'.repeat(Math.ceil((BAR_LENGTH * count) / Math.max(most, 1)));
}

/** One line per split. */
export function splitTable(splits: readonly SplitFigures[]): string[] {
  const header = [
    'split',
    'images',
    'usable',
    'left out',
    'no label',
    'empty',
    'labels',
    'tiny',
    'small',
    'medium',
    'large',
  ];
  const widths = header.map((name, i) => (i === 0 ? 6 : Math.max(name.length, 7)));
  const rows = splits.map((s) =>
    row(
      [s.split, s.total, s.usable, s.leftOut, s.missing, s.empty, s.labels, s.tiny, ...Object.values(s.areas)],
      widths,
    ),
  );
  return [row(header, widths), ...rows];
}

/** Labels and images per class, the most frequent first. */
export function classTable(figures: SplitFigures): string[] {
  const listed = figures.classes.toSorted((a, b) => b.labels - a.labels || a.id - b.id);
  const most = listed[0]?.labels ?? 0;
  const lines = listed
    .slice(0, MAX_CLASSES_LISTED)
    .map(
      ({ id, name, labels, images }) => `${row([`  ${id} ${name}`, labels, images], [24, 8, 8])}  ${bar(labels, most)}`,
    );
  const rest = listed.slice(MAX_CLASSES_LISTED);
  const never = figures.classes.filter(({ labels }) => labels === 0);
  if (rest.length > 0) lines.push(`  and ${rest.length} more classes with ${rest[0]!.labels} labels or fewer`);
  if (never.length > 0) {
    const some = never.slice(0, 5).map(({ name }) => name);
    lines.push(`  without any label: ${never.length} (${some.join(', ')}${never.length > 5 ? ', …' : ''})`);
  }
  return [row([`${figures.split}: classes`, 'labels', 'images'], [24, 8, 8]), ...lines];
}

/** Boxes by their size at the training size. */
export function sizeTable(figures: SplitFigures, imgsz: number): string[] {
  const most = Math.max(...figures.sides);
  const lines = figures.sides.map((count, i) => {
    const label = i < SIDE_LIMITS_PX.length ? `below ${SIDE_LIMITS_PX[i]} px` : `${SIDE_LIMITS_PX.at(-1)} px or more`;
    return `${row([`  ${label}`, count], [24, 8])}  ${bar(count, most)}`;
  });
  return [row([`${figures.split}: box sides at ${imgsz}`, 'labels'], [24, 8]), ...lines];
}

/** Findings of a split by kind, with examples. */
export function findingLines({ split, findings }: SplitFigures): string[] {
  const kinds = [...new Set(findings.map(({ kind }) => kind))];
  const linesOf = (kind: FindingKind): string[] => {
    const all = findings.filter((finding) => finding.kind === kind);
    const examples = all.slice(0, EXAMPLES_PER_KIND).map(({ message }) => `  ${message}`);
    const more = all.length > EXAMPLES_PER_KIND ? [`  and ${all.length - EXAMPLES_PER_KIND} more in the report`] : [];
    return [`${split}: ${kind}, ${all.length} ${all[0]!.leftOut ? 'left out' : 'noted'}`, ...examples, ...more];
  };
  return kinds.flatMap(linesOf);
}

/** The whole report. */
export function reportLines(report: CheckReport): string[] {
  const { splits, duplicates, anchors, imgsz } = report;
  const across = duplicates.filter(({ acrossSplits }) => acrossSplits).length;
  const duplicateLines = [
    `duplicate images: ${duplicates.length} groups, ${across} across splits`,
    ...duplicates.slice(0, EXAMPLES_PER_KIND).map(({ images }) => `  ${images.join(' = ')}`),
  ];
  const fit =
    anchors === undefined
      ? []
      : [
          `anchors of ${anchors.model} at ${imgsz}: best possible recall ${anchors.bestPossibleRecall.toFixed(4)}, ${anchors.anchorsAboveThreshold.toFixed(2)} anchors per label (threshold ${anchors.threshold})`,
        ];
  return [
    ...splitTable(splits),
    '',
    ...splits.flatMap(findingLines),
    ...duplicateLines,
    '',
    // The other splits' tables are what `launch dataset stats` prints.
    ...splits.slice(0, 1).flatMap((figures) => [...classTable(figures), '', ...sizeTable(figures, imgsz), '']),
    ...fit,
    report.ok ? 'the data set can be trained on' : `the data set cannot be trained on: ${report.problems.join('; ')}`,
  ];
}
