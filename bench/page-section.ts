/** The generated part of a page in docs/. */
import { readFile, writeFile } from 'node:fs/promises';
import { ConfigError } from '../proto/errors.js';

const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';

/**
 * Replaces what stands between the page's two markers; the rest of the page is written by hand.
 * @throws ConfigError `CONFIG_INVALID_VALUE` if the page lacks a marker
 */
export async function replaceFigures(path: string, text: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new ConfigError('CONFIG_INVALID_VALUE', `${path} has no lines '${BEGIN}' and '${END}'`, {
      hint: 'put them around the place where the figures belong',
    });
  }
  await writeFile(path, `${page.slice(0, begin + BEGIN.length)}\n${text.trim()}\n${page.slice(end)}`);
}

/** A table in Markdown; the first column is left-aligned, the others right-aligned. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = header.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
