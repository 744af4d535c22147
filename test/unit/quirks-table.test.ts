import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repoRoot } from '../../proto/paths.js';

/** Rows `| Q7 | the reference | answer | …` of docs/quirks.md. */
const rows = readFileSync(join(repoRoot, 'docs/quirks.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| Q\d+ \|/.test(line))
  .map((line) => {
    const [, id = '', , here = ''] = line.split('|').map((cell) => cell.trim());
    return { id, answer: here.match(/^\w+/)?.[0] ?? '', line };
  });

/** Every number that the name of a test carries: string literals, because a name may be built from a template. */
function namedInTests(): Set<string> {
  const folder = join(repoRoot, 'test');
  const names = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue;
    const code = readFileSync(join(folder, file), 'utf8').replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
    for (const [literal] of code.matchAll(/(["'`])(?:(?!\1)[^\n\\]|\\.)*\1/g)) {
      for (const [id] of literal.matchAll(/\bQ\d+\b/g)) names.add(id);
    }
  }
  return names;
}

it('the table of quirks has each of the 58 once', () => {
  const numbers = rows.map(({ id }) => Number(id.slice(1))).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 58 }, (_, i) => i + 1));
});

it('every quirk has an answer, and every answer but “later” a test that carries the number in its name', () => {
  const named = namedInTests();
  const untested = rows.filter(({ id, answer }) => {
    expect(['fixed', 'selectable', 'matched', 'later'], id).toContain(answer);
    return answer !== 'later' && !named.has(id);
  });
  expect(untested.map(({ id }) => id)).toEqual([]);
});

it('every file that the table names exists', () => {
  for (const { id, line } of rows) {
    for (const [, path = ''] of line.matchAll(/`((?:worker|configs)\/[\w/.-]+\.ts)`/g)) {
      expect(() => readFileSync(join(repoRoot, path)), `${id}: ${path}`).not.toThrow();
    }
    for (const [, path = ''] of line.matchAll(/`((?:unit|parity)\/[\w/-]+)`/g)) {
      const file = join(repoRoot, 'test', `${path}.test.ts`);
      expect(readFileSync(file, 'utf8'), `${id}: ${path}`).toMatch(new RegExp(`\\b${id}\\b`));
    }
  }
});
