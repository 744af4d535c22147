/** YAML with positions: every complaint about a file says file, line and column, and the nearest known key. */
import { readFileSync } from 'node:fs';
import { distance } from 'fastest-levenshtein';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod/mini';
import { ConfigError } from '../../proto/errors.js';

/** Of a line that is shown in a message. */
const MAX_SHOWN_LETTERS = 80;

/** A parsed YAML file that can still say where each value stands. */
export interface YamlSource {
  readonly path: string;
  readonly value: unknown;
  /** `path:line:column` of the value at a key path, or of its nearest enclosing value; 1-based. */
  at(keys: readonly PropertyKey[]): string;
}

/**
 * The known word that the user most likely meant, or undefined when none is near: at most a third of the letters
 * (and at least two) may differ.
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = distance(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

/**
 * Parses YAML text.
 * @param path names the file in messages
 * @throws ConfigError `CONFIG_YAML_SYNTAX` with line and column
 */
export function parseYaml(text: string, path: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const problem = document.errors[0];
  if (problem) {
    const line = text.split(/\r?\n/)[lines.linePos(problem.pos[0]).line - 1] ?? '';
    const shown = line.trim() === '' ? '' : ` in "${line.trim().slice(0, MAX_SHOWN_LETTERS)}"`;
    throw new ConfigError('CONFIG_YAML_SYNTAX', `${place(problem.pos[0])}: ${problem.message}${shown}`, {
      hint: 'correct the YAML; indentation must be spaces and equal within a block',
    });
  }
  let value: unknown;
  try {
    value = document.toJS() as unknown;
  } catch (cause) {
    // Aliases that multiply without end, or that refer to themselves.
    throw new ConfigError('CONFIG_YAML_SYNTAX', `${path}: ${(cause as Error).message}`, {
      hint: 'write the values out instead of referring to them with *aliases',
      cause,
    });
  }
  return {
    path,
    value,
    at(keys) {
      for (let depth = keys.length; depth > 0; depth--) {
        const found = document.getIn(keys.slice(0, depth), true);
        if (isNode(found) && found.range) return place(found.range[0]);
      }
      return `${path}:1:1`;
    },
  };
}

/**
 * Reads and parses a YAML file.
 * @throws ConfigError `CONFIG_FILE_NOT_FOUND`, `CONFIG_YAML_SYNTAX`
 */
export function readYaml(path: string): YamlSource {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError('CONFIG_FILE_NOT_FOUND', `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code}`, {
      hint: 'check the path and its permissions',
      cause,
    });
  }
  return parseYaml(text, path);
}

/**
 * Checks a YAML file against a schema and returns the typed value.
 * @param knownKeys the keys that a complaint about an unknown one chooses its suggestion from
 * @throws ConfigError `CONFIG_UNKNOWN_KEY` or `CONFIG_INVALID_VALUE`, with file:line:column
 */
export function checkYaml<T>(source: YamlSource, schema: z.ZodMiniType<T>, knownKeys: readonly string[]): T {
  const result = schema.safeParse(source.value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const keys = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const near = nearestWord(key, knownKeys);
    throw new ConfigError('CONFIG_UNKNOWN_KEY', `${source.at([...keys, key])}: unknown key '${key}'`, {
      hint: near ? `did you mean '${near}'?` : `known keys: ${knownKeys.join(', ')}`,
      details: { key, nearest: near },
    });
  }
  const name = keys.map(String).join('.') || 'the file';
  const value = keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    source.value,
  );
  throw new ConfigError(
    'CONFIG_INVALID_VALUE',
    `${source.at(keys)}: ${name} is ${JSON.stringify(value) ?? 'missing'}; expected ${describeIssue(issue)}`,
    { hint: `correct ${name} in ${source.path}`, details: { key: name } },
  );
}

type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue | undefined): string {
  if (issue?.code === 'invalid_type') return issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`;
  if (issue?.code === 'too_small') return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
  if (issue?.code === 'too_big') return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
  if (issue?.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return issue?.message ?? 'another value';
}
