/** `results.csv`: one row per epoch, in the reference's columns and number format, then ours. */
import { open, readFile } from 'node:fs/promises';
import { formatGeneral } from '../eval/number-format.js';
import { toWriteError, writeAtomically } from './atomic-file.js';

const WIDTH = 20;
const SIGNIFICANT_DIGITS = 5;

type Items = readonly [box: number, obj: number, cls: number];

/** What an epoch leaves behind. */
export interface ResultsRow {
  /** From 0. */
  readonly epoch: number;
  /** Running means over the epoch. */
  readonly trainLoss: Items;
  readonly precision: number;
  readonly recall: number;
  readonly map50: number;
  readonly map: number;
  readonly valLoss: Items;
  /** Learning rate of the three parameter groups at the end of the epoch, before the schedule moves on. */
  readonly lr: readonly [bnWeights: number, weights: number, biases: number];
  readonly ap65: number;
  readonly ap75: number;
  readonly ap80: number;
  readonly ap90: number;
}

const COLUMNS: readonly (readonly [name: string, value: (row: ResultsRow) => number])[] = [
  ['epoch', (row) => row.epoch],
  ['train/box_loss', (row) => row.trainLoss[0]],
  ['train/obj_loss', (row) => row.trainLoss[1]],
  ['train/cls_loss', (row) => row.trainLoss[2]],
  ['metrics/precision', (row) => row.precision],
  ['metrics/recall', (row) => row.recall],
  ['metrics/mAP_0.5', (row) => row.map50],
  ['metrics/mAP_0.5:0.95', (row) => row.map],
  ['val/box_loss', (row) => row.valLoss[0]],
  ['val/obj_loss', (row) => row.valLoss[1]],
  ['val/cls_loss', (row) => row.valLoss[2]],
  ['x/lr0', (row) => row.lr[0]],
  ['x/lr1', (row) => row.lr[1]],
  ['x/lr2', (row) => row.lr[2]],
  ['metrics/AP_0.65', (row) => row.ap65],
  ['metrics/AP_0.75', (row) => row.ap75],
  ['metrics/AP_0.8', (row) => row.ap80],
  ['metrics/AP_0.9', (row) => row.ap90],
];

/** The column names in order. */
export const RESULTS_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** Returns one line without its end: each field right-aligned in 20 characters, 5 significant digits. */
export function formatResultsRow(row: ResultsRow): string {
  return COLUMNS.map(([, value]) => formatGeneral(value(row), SIGNIFICANT_DIGITS).padStart(WIDTH)).join(',');
}

function formatHeader(): string {
  return RESULTS_COLUMNS.map((name) => name.padStart(WIDTH)).join(',');
}

/**
 * Adds a row, and the header before the first, in one write. What a killed writer left of a line is cut off first.
 * @returns false when the epoch has its row already: the validation after the last epoch adds none (Q33)
 * @throws CheckpointError `CHECKPOINT_NO_SPACE`, `CHECKPOINT_CANNOT_WRITE`
 */
export async function appendResultsRow(path: string, row: ResultsRow): Promise<boolean> {
  try {
    return await append(path, row);
  } catch (cause) {
    throw toWriteError(path, cause);
  }
}

async function append(path: string, row: ResultsRow): Promise<boolean> {
  const file = await open(path, 'a+');
  try {
    const text = await file.readFile('utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    const lines = whole.split('\n').slice(0, -1);
    if (lines.length > 1 && epochOf(lines.at(-1)!) >= row.epoch) return false;
    await file.write(`${lines.length === 0 ? `${formatHeader()}\n` : ''}${formatResultsRow(row)}\n`);
    return true;
  } finally {
    await file.close();
  }
}

/** Removes the rows of `epoch` and later, before a resumed run writes them again. A missing file stays missing. */
export async function truncateResults(path: string, epoch: number): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return;
  const [header, ...rows] = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  if (header === undefined) return;
  const kept = [header, ...rows.filter((line) => epochOf(line) < epoch)];
  await writeAtomically(path, (file) => file.writeFile(kept.map((line) => `${line}\n`).join('')));
}

function epochOf(line: string): number {
  return Number(line.slice(0, line.indexOf(',')));
}
