/**
 * Label files of plain boxes straight from their bytes. What is not plain (outlines, signs, exponents, other letters, rows
 * out of range, duplicates) is left to the parser of `label-file.ts`, which also says what is wrong; the numbers are the same.
 */
import type { FloatList } from './float-list.js';

const NEW_LINE = 0x0a;
const DOT = 0x2e;
const ZERO = 0x30;
const COLUMNS = 5;
/** Integers of so many digits and powers of ten up to 22 are exact in float64, so one division rounds correctly. */
const MAX_EXACT_DIGITS = 15;
const POWERS = Array.from({ length: MAX_EXACT_DIGITS + 1 }, (_, k) => 10 ** k);
/** Rows are compared pair by pair. */
const MAX_ROWS = 256;

function isBlank(byte: number): boolean {
  // Tab and carriage return as well as the blank.
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function isDuplicate(rows: FloatList, first: number, last: number): boolean {
  for (let row = first; row < last; row += COLUMNS) {
    let k = 0;
    while (k < COLUMNS && rows.at(row + k) === rows.at(last + k)) k++;
    if (k === COLUMNS) return true;
  }
  return false;
}

/**
 * Appends the rows (class, cx, cy, w, h) of a label file to a list.
 * @param bytes the file's content is their first `length`
 * @returns the number of rows, or undefined, with the list as it was, where the file is not plain
 */
export function appendPlainBoxes(bytes: Buffer, length: number, rows: FloatList): number | undefined {
  const first = rows.length;
  let column = 0;
  let at = 0;
  while (at < length) {
    const byte = bytes[at]!;
    if (isBlank(byte)) {
      at++;
      continue;
    }
    if (byte === NEW_LINE) {
      if (column !== 0 && !endRow(rows, first, column)) return undo(rows, first);
      column = 0;
      at++;
      continue;
    }
    const start = at;
    let digits = 0;
    let mantissa = 0;
    let dot = -1;
    for (; at < length; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digits++;
      } else if (bytes[at] === DOT && dot < 0) dot = at;
      else break;
    }
    const isEnded = at === length || isBlank(bytes[at]!) || bytes[at] === NEW_LINE;
    if (digits === 0 || !isEnded || column === COLUMNS) return undo(rows, first);
    let value = mantissa;
    if (digits > MAX_EXACT_DIGITS) value = Number(bytes.toString('latin1', start, at));
    else if (dot >= 0) value /= POWERS[at - dot - 1]!;
    rows.push(value);
    column++;
  }
  if (column !== 0 && !endRow(rows, first, column)) return undo(rows, first);
  return (rows.length - first) / COLUMNS;
}

/** Whether the last row is whole, within range and new. */
function endRow(rows: FloatList, first: number, column: number): boolean {
  const last = rows.length - COLUMNS;
  if (column !== COLUMNS || last - first > MAX_ROWS * COLUMNS) return false;
  if (!Number.isInteger(rows.at(last))) return false;
  for (let k = 1; k < COLUMNS; k++) if (rows.at(last + k) > 1) return false;
  return !isDuplicate(rows, first, last);
}

function undo(rows: FloatList, first: number): undefined {
  rows.length = first;
  return undefined;
}
