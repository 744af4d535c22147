/** COCO's run-length masks: alternating runs of outside and inside, down the columns from the left. */
import { emptyMask, type Mask } from '../augment/polygon-fill.js';

/** A mask as COCO writes it: runs as numbers, or as text that packs them. */
export interface RunLengthMask {
  readonly counts: readonly number[] | string;
  readonly size: readonly [height: number, width: number];
}

/** Characters carry six bits from here on: five of the value, lowest first, and one that says that more follow. */
const FIRST_CHARACTER = 48;
const VALUE_BITS = 5;
const MORE = 0x20;
const SIGN = 0x10;

/** The runs of a text; from the fourth on each is stored as its difference to the run before the last. */
export function unpackRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    let bits = MORE;
    while ((bits & MORE) !== 0 && at < text.length) {
      bits = text.charCodeAt(at++) - FIRST_CHARACTER;
      value |= (bits & (MORE - 1)) << shift;
      shift += VALUE_BITS;
    }
    if ((bits & SIGN) !== 0) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs.at(-2)! : value);
  }
  return runs;
}

/** The mask of runs; undefined unless they add up to its size. */
export function decodeRuns({ counts, size: [height, width] }: RunLengthMask): Mask | undefined {
  const runs = typeof counts === 'string' ? unpackRuns(counts) : counts;
  const total = runs.reduce((sum, run) => sum + run, 0);
  if (total !== height * width || runs.some((run) => !(Number.isInteger(run) && run >= 0))) return undefined;
  const mask = emptyMask(width, height);
  let at = 0;
  for (const [i, run] of runs.entries()) {
    if (i % 2 === 1) {
      for (let k = at; k < at + run; k++) mask.data[(k % height) * width + Math.floor(k / height)] = 1;
    }
    at += run;
  }
  return mask;
}
