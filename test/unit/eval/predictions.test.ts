import { mkdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatGeneral, roundHalfEven } from '../../../worker/eval/number-format.js';
import { type CocoResult, writeCocoResults, writeLabelFile } from '../../../worker/eval/predictions.js';
import { useTempFolder } from '../../support/temp-folder.js';

const inFolder = useTempFolder();

describe('numbers as C and Python write them', () => {
  // Each as printed by printf("%g"): 13/128 and 15/128 end in an exact 5 behind the sixth digit; the even digit wins.
  it.each([
    [13 / 128, '0.101562'],
    [15 / 128, '0.117188'],
    [0.5, '0.5'],
    [100000, '100000'],
    [1e6, '1e+06'],
    [999999.5, '1e+06'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [1e-100, '1e-100'],
    [-2.5, '-2.5'],
    [0, '0'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('%d is %s', (value, text) => {
    expect(formatGeneral(value)).toBe(text);
  });

  // Python: round(0.0625, 3) = 0.062 and round(0.1875, 3) = 0.188 are exact ties; 2.6755 is below its decimal.
  it.each([
    [0.0625, 0.062],
    [0.1875, 0.188],
    [-0.0625, -0.062],
    [2.6755, 2.675],
    [61.8354, 61.835],
  ])('%d rounds to %d', (value, rounded) => {
    expect(roundHalfEven(value, 3)).toBe(rounded);
  });
});

it('a results file of many records is one JSON list', async () => {
  const records = Array.from({ length: 30_000 }, (_, i): CocoResult => {
    return { image_id: i, category_id: 1, bbox: [1, 2, 3.5, 4], score: 0.5 };
  });
  const path = inFolder('predictions.json');
  await writeCocoResults(path, records);
  const text = readFileSync(path, 'utf8');
  // A plain comparison: the matcher would prepare a difference of two megabytes.
  expect(JSON.stringify(JSON.parse(text)) === JSON.stringify(records)).toBe(true);
  await writeCocoResults(path, []);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([]);
});

it('Q47: a label file is written anew, not appended to', async () => {
  mkdirSync(inFolder('labels'));
  const path = inFolder('labels', 'a.txt');
  await writeLabelFile(path, ['0 0.5 0.5 1 1', '1 0.5 0.5 1 1']);
  await writeLabelFile(path, ['2 0.5 0.5 1 1']);
  expect(readFileSync(path, 'utf8')).toBe('2 0.5 0.5 1 1\n');
});
