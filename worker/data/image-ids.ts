/** What images are known by in results and ledgers: numbers where that is possible, else text. */
import { buildStrings, type StringTable, stringAt } from './string-table.js';

/** Ids by image, in shared memory. */
export interface ImageIds {
  /** NaN: the id is text. */
  readonly numbers: Float64Array;
  /** Empty where the id is a number. */
  readonly texts: StringTable;
}

/** Packs ids. */
export function buildIds(ids: readonly (number | string)[]): ImageIds {
  const numbers = new Float64Array(new SharedArrayBuffer(ids.length * 8));
  for (const [i, id] of ids.entries()) numbers[i] = typeof id === 'number' ? id : Number.NaN;
  return { numbers, texts: buildStrings(ids.map((id) => (typeof id === 'string' ? id : ''))) };
}

/** The id of an image. */
export function idAt({ numbers, texts }: ImageIds, index: number): number | string {
  const number = numbers[index]!;
  return Number.isNaN(number) ? stringAt(texts, index) : number;
}

/** A file's stem as a number where it consists of digits, else as text. */
export function idFromPath(path: string): number | string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  return /^\d+$/.test(stem) ? Number(stem) : stem;
}
