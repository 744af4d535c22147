/** Reads a model YAML in the reference's grammar. Checks form and names; sizes are worked out by `resolve.ts`. */
import { closest, distance } from 'fastest-levenshtein';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ModelError } from '../../proto/errors.js';
import { moduleNames, normalizeModuleName } from './modules/registry.js';

/** A literal argument of a layer; the names `nc` and `anchors` are still text. */
export type LayerArg = number | boolean | string | null | readonly LayerArg[];

/** One row [from, number, module, args]. */
export interface LayerSpec {
  readonly index: number;
  /** As written: −1 is the layer before, other negative numbers count back from here, the rest are layer indices. */
  readonly from: readonly number[];
  /** Repeats before depth scaling. */
  readonly repeats: number;
  /** A name of the registry, without a leading `nn.`. */
  readonly module: string;
  readonly args: readonly LayerArg[];
  /** Line in the YAML, from 1. */
  readonly line: number;
}

/** A model YAML, read and checked for form. */
export interface ModelSpec {
  /** Where the text came from, for messages. */
  readonly path: string;
  /** The YAML itself; it travels with checkpoints. */
  readonly yaml: string;
  readonly nc: number;
  readonly depthMultiple: number;
  readonly widthMultiple: number;
  /** Rows of (width, height) in pixels at 640, one per detection layer; or a number of anchors per layer to be found. */
  readonly anchors: readonly (readonly number[])[] | number;
  readonly inputChannels: number;
  readonly layers: readonly LayerSpec[];
}

const KEYS = ['nc', 'depth_multiple', 'width_multiple', 'anchors', 'backbone', 'head', 'ch', 'inplace'] as const;

/** Turns a faulty place in the file into an error. */
type Fail = (code: `MODEL_${string}`, at: unknown, message: string, hint: string) => ModelError;

/**
 * Reads a model YAML.
 * @param text the YAML
 * @param path its file, for messages
 * @throws ModelError `MODEL_YAML_SYNTAX`, `MODEL_UNKNOWN_KEY`, `MODEL_BAD_VALUE`, `MODEL_BAD_LAYER`, `MODEL_UNKNOWN_MODULE`,
 *   each with file and line
 */
export function parseModelYaml(text: string, path: string): ModelSpec {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number): number => lineCounter.linePos(offset).line;
  const fail: Fail = (code, at, message, hint) => {
    const offset = (at as Node | undefined)?.range?.[0] ?? 0;
    const line = lineAt(offset);
    return new ModelError(code, `${path}:${line}: ${message}`, { hint, details: { path, line } });
  };
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined) {
    const line = lineAt(syntaxError.pos[0]);
    throw new ModelError('MODEL_YAML_SYNTAX', `${path}:${line}: ${syntaxError.message}`, {
      hint: 'correct the YAML at this line',
      details: { path, line },
    });
  }
  const root = document.contents;
  if (!isMap(root)) {
    throw fail('MODEL_YAML_SYNTAX', root, 'the file is not a mapping', `a model YAML has the keys ${KEYS.join(', ')}`);
  }
  const values = new Map<string, unknown>();
  for (const pair of root.items) {
    const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
    if (!(KEYS as readonly string[]).includes(key)) {
      throw fail('MODEL_UNKNOWN_KEY', pair.key, `unknown key '${key}'`, suggestion(key, KEYS));
    }
    values.set(key, pair.value);
  }
  const positive = (key: string, fallback: number | undefined, integer: boolean): number => {
    const node = values.get(key);
    if (node === undefined && fallback !== undefined) return fallback;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && value > 0 && (!integer || Number.isInteger(value))) return value;
    const shown = isScalar(node) ? String(node.value) : node === undefined ? 'nothing' : 'a collection';
    throw fail(
      'MODEL_BAD_VALUE',
      node,
      `${key} is ${shown}`,
      `${key} must be a positive ${integer ? 'integer' : 'number'}`,
    );
  };
  const layers: LayerSpec[] = [];
  for (const part of ['backbone', 'head']) {
    const rows = values.get(part);
    if (!isSeq(rows))
      throw fail(
        'MODEL_BAD_VALUE',
        rows ?? root,
        `${part} is not a list of layers`,
        'write [from, repeats, module, args] rows',
      );
    for (const row of rows.items) layers.push(readLayer(row, layers.length, fail, lineAt));
  }
  return {
    path,
    yaml: text,
    nc: positive('nc', undefined, true),
    depthMultiple: positive('depth_multiple', 1, false),
    widthMultiple: positive('width_multiple', 1, false),
    anchors: readAnchors(values.get('anchors') ?? root, fail),
    inputChannels: positive('ch', 3, true),
    layers,
  };
}

function readLayer(row: unknown, index: number, fail: Fail, lineAt: (offset: number) => number): LayerSpec {
  const bad = (at: unknown, message: string): ModelError =>
    fail('MODEL_BAD_LAYER', at ?? row, `layer ${index}: ${message}`, 'a layer is [from, repeats, module, args]');
  if (!isSeq(row) || row.items.length !== 4) throw bad(row, 'not a list of four');
  const [fromNode, repeatsNode, moduleNode, argsNode] = row.items;
  const fromValue = plain(fromNode);
  const from = Array.isArray(fromValue) ? fromValue : [fromValue];
  if (from.length === 0 || !from.every((f): f is number => typeof f === 'number' && Number.isInteger(f))) {
    throw bad(fromNode, 'from must be an integer or a list of integers');
  }
  for (const f of from) {
    const source = f < 0 ? index + f : f;
    if (source >= index || source < -1 || (source === -1 && index > 0)) {
      throw bad(fromNode, `from ${f} does not name an earlier layer`);
    }
  }
  const repeats = plain(repeatsNode);
  if (typeof repeats !== 'number' || !Number.isInteger(repeats) || repeats < 1) {
    throw bad(repeatsNode, 'repeats must be a positive integer');
  }
  const module = plain(moduleNode);
  if (typeof module !== 'string') throw bad(moduleNode, 'the module must be a name');
  const name = normalizeModuleName(module);
  if (name === undefined) {
    throw fail(
      'MODEL_UNKNOWN_MODULE',
      moduleNode,
      `layer ${index}: unknown module '${module}'`,
      suggestion(module, moduleNames()),
    );
  }
  const args = plain(argsNode);
  if (!Array.isArray(args)) throw bad(argsNode, 'args must be a list');
  return { index, from, repeats, module: name, args, line: lineAt(row.range?.[0] ?? 0) };
}

function readAnchors(node: unknown, fail: Fail): readonly (readonly number[])[] | number {
  const value = plain(node);
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  const bad = (): ModelError =>
    fail(
      'MODEL_BAD_VALUE',
      node,
      'anchors are not rows of width, height pairs',
      'write one row per detection layer, all equally long',
    );
  if (!Array.isArray(value) || value.length === 0) throw bad();
  const rows = value.map((row) => {
    if (!Array.isArray(row) || !row.every((size): size is number => typeof size === 'number' && size >= 0)) throw bad();
    return row;
  });
  const length = rows[0]!.length;
  if (length === 0 || length % 2 === 1 || rows.some((row) => row.length !== length)) throw bad();
  return rows;
}

/** The plain value of a YAML node; mappings, which no argument may be, become undefined. */
function plain(node: unknown): LayerArg | undefined {
  if (isScalar(node)) {
    const { value } = node;
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string')
      return value === 'None' ? null : value;
    return value === null ? null : undefined;
  }
  if (!isSeq(node)) return undefined;
  const items = node.items.map(plain);
  return items.includes(undefined) ? undefined : (items as LayerArg[]);
}

function suggestion(word: string, known: readonly string[]): string {
  const nearest = closest(word, known);
  const near = distance(word, nearest) <= Math.max(2, Math.floor(word.length / 3));
  return near ? `did you mean '${nearest}'?` : `known are ${known.join(', ')}`;
}
