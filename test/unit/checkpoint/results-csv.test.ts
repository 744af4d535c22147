import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  appendResultsRow,
  formatResultsRow,
  RESULTS_COLUMNS,
  type ResultsRow,
  truncateResults,
} from '../../../worker/checkpoint/results-csv.js';
import { useTempFolder } from '../../support/temp-folder.js';

const inFolder = useTempFolder();

function row(epoch: number): ResultsRow {
  return {
    ...{ epoch, precision: 1, recall: 0, map50: 0.5, map: 0.25, ap65: 0.4, ap75: 0.3, ap80: 0.2, ap90: 0.1 },
    trainLoss: [0.123456789, 1e-7, 123456],
    valLoss: [0.1, 0.2, 0.3],
    lr: [0.01, 0.01, 0.0654321],
  };
}

const epochs = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[0]));

it('fields are right-aligned in 20 characters with 5 significant digits', () => {
  const fields = formatResultsRow(row(7)).split(',');
  expect(fields.every((field) => field.length === 20)).toBe(true);
  // 0.123456789 → 5 digits .12346; 1e-7 below 1e-4 and 123456 from 1e5 on take the exponent form.
  expect(fields.slice(0, 4).map((field) => field.trim())).toEqual(['7', '0.12346', '1e-07', '1.2346e+05']);
  expect(fields.length).toBe(RESULTS_COLUMNS.length);
});

it('the header stands once, the reference’s columns first, then ours', async () => {
  const path = inFolder('results.csv');
  for (const epoch of [0, 1, 2]) expect(await appendResultsRow(path, row(epoch))).toBe(true);
  const header = readFileSync(path, 'utf8').split('\n')[0]!;
  expect(header.split(',').map((name) => name.trim())).toEqual([
    ...['epoch', 'train/box_loss', 'train/obj_loss', 'train/cls_loss', 'metrics/precision', 'metrics/recall'],
    ...['metrics/mAP_0.5', 'metrics/mAP_0.5:0.95', 'val/box_loss', 'val/obj_loss', 'val/cls_loss'],
    ...['x/lr0', 'x/lr1', 'x/lr2', 'metrics/AP_0.65', 'metrics/AP_0.75', 'metrics/AP_0.8', 'metrics/AP_0.9'],
  ]);
  expect(epochs(path)).toEqual([0, 1, 2]);
});

it('Q33: the last epoch gets no second row', async () => {
  const path = inFolder('last.csv');
  await appendResultsRow(path, row(0));
  expect(await appendResultsRow(path, row(0))).toBe(false);
  expect(epochs(path)).toEqual([0]);
});

it('resuming drops the rows at and past the resumed epoch', async () => {
  const path = inFolder('resume.csv');
  for (const epoch of [0, 1, 2, 3]) await appendResultsRow(path, row(epoch));
  await truncateResults(path, 2);
  expect(epochs(path)).toEqual([0, 1]);
  await appendResultsRow(path, row(2));
  expect(epochs(path)).toEqual([0, 1, 2]);
  await truncateResults(inFolder('missing.csv'), 2);
  expect(existsSync(inFolder('missing.csv'))).toBe(false);
});

it('half a line that a killed writer left is replaced by the whole one', async () => {
  const path = inFolder('torn.csv');
  await appendResultsRow(path, row(0));
  appendFileSync(path, formatResultsRow(row(1)).slice(0, 50));
  await appendResultsRow(path, row(1));
  expect(epochs(path)).toEqual([0, 1]);
  expect(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)).toBe(formatResultsRow(row(1)));
});
