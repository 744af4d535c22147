/** Many strings as one block of UTF-8 in shared memory: threads and cache files get a hundred thousand paths at once. */

/** Strings by number. */
export interface StringTable {
  readonly bytes: Uint8Array;
  /** [n + 1] bytes of string i: starts[i] … starts[i + 1]. */
  readonly starts: Uint32Array;
}

/** Packs strings. */
export function buildStrings(strings: readonly string[]): StringTable {
  const text = Buffer.from(strings.join(''));
  const bytes = new Uint8Array(new SharedArrayBuffer(text.length));
  bytes.set(text);
  const starts = new Uint32Array(new SharedArrayBuffer((strings.length + 1) * 4));
  let end = 0;
  for (const [i, string] of strings.entries()) {
    end += Buffer.byteLength(string);
    starts[i + 1] = end;
  }
  return { bytes, starts };
}

/** How many strings a table holds. */
export function numStrings(table: StringTable): number {
  return table.starts.length - 1;
}

/** The string of a number. */
export function stringAt({ bytes, starts }: StringTable, index: number): string {
  const start = starts[index]!;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, starts[index + 1]! - start).toString();
}
