/**
 * The oracle: runs a program in plain JavaScript on float64 arrays, one obvious loop per operator. Engines, the
 * differentiation, losses and models are measured against it; it is slow and it is right.
 */
import { EngineError } from '../../proto/errors.js';
import {
  type BinaryFunction,
  type Node,
  numElements,
  type Op,
  type Program,
  type Shape,
  type UnaryFunction,
  type Value,
} from '../../worker/engine/program.js';
import type { NdArray } from './oracle-spatial.js';
import * as spatial from './oracle-spatial.js';

export type { NdArray } from './oracle-spatial.js';

/** What the oracle is fed: the elements row-major, or an array with its shape where two or more sizes are unknown. */
export type OracleFeed = ArrayLike<number> | { readonly shape: Shape; readonly data: ArrayLike<number> };

/**
 * Runs `program` in float64.
 *
 * @param feeds elements by input name, row-major; one unknown size (−1) per input is derived from their number
 * @param outputs names of the outputs to compute (all when left out); nodes they do not need are not run
 * @returns the elements of each output by name, row-major
 */
export function runOracle(
  program: Program,
  feeds: Readonly<Record<string, OracleFeed>>,
  outputs?: readonly string[],
): Record<string, Float64Array> {
  const arrays = runOracleArrays(program, feeds, outputs);
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.data]));
}

/** As {@link runOracle}, with the shapes that the unknown sizes took. */
export function runOracleArrays(
  program: Program,
  feeds: Readonly<Record<string, OracleFeed>>,
  outputs: readonly string[] = program.outputs.map((port) => port.name),
): Record<string, NdArray> {
  const ports = outputs.map((name) => {
    const port = program.outputs.find((candidate) => candidate.name === name);
    if (port === undefined) throw broken(`the program has no output ${name}`);
    return port;
  });
  const values = new Map<number, NdArray>();
  for (const node of neededNodes(program, new Set(ports.map((port) => port.value)))) {
    const inputs = node.inputs.map((id) => values.get(id)!);
    const declared = program.values[node.outputs[0]!]!;
    for (const [i, made] of evaluate(node, inputs, declared, feeds).entries()) values.set(node.outputs[i]!, made);
  }
  return Object.fromEntries(ports.map((port) => [port.name, values.get(port.value)!]));
}

function broken(message: string): EngineError {
  return new EngineError('ENGINE_RUN_FAILED', `oracle: ${message}`);
}

function neededNodes(program: Program, needed: Set<number>): Node[] {
  const nodes: Node[] = [];
  for (const node of [...program.nodes].reverse()) {
    if (!node.outputs.some((id) => needed.has(id))) continue;
    for (const id of node.inputs) needed.add(id);
    nodes.push(node);
  }
  return nodes.reverse();
}

/** Puts the sizes that follow from `count` elements in place of one −1. */
function resolve(shape: Shape, count: number, what: string): number[] {
  const known = shape.filter((size) => size >= 0).reduce((product, size) => product * size, 1);
  const unknown = shape.filter((size) => size < 0).length;
  const rest = known === 0 ? 0 : count / known;
  const resolved = shape.map((size) => (size < 0 ? rest : size));
  if (unknown > 1 || !Number.isInteger(rest) || numElements(resolved) !== count) {
    throw broken(`${what}: ${count} elements do not fill [${shape.join(', ')}]`);
  }
  return resolved;
}

function fed(name: string, declared: Value, feeds: Readonly<Record<string, OracleFeed>>): NdArray {
  const feed = feeds[name];
  if (feed === undefined) throw broken(`nothing fed under ${name}`);
  const [data, shape] = 'data' in feed ? [feed.data, feed.shape] : [feed, declared.shape];
  return { shape: resolve(shape, data.length, `input ${name}`), data: Float64Array.from(data) };
}

function evaluate(
  node: Node,
  inputs: readonly NdArray[],
  declared: Value,
  feeds: Readonly<Record<string, OracleFeed>>,
): readonly NdArray[] {
  const op: Op = node.op;
  const [x, y, z] = inputs as [NdArray, NdArray, NdArray];
  switch (op.kind) {
    case 'input':
      return [fed(op.name, declared, feeds)];
    case 'constant':
      return [{ shape: declared.shape, data: Float64Array.from(op.data) }];
    case 'conv2d':
      return [spatial.conv2d(x, y, declared.shape, op)];
    case 'conv2dInputGrad':
      return [spatial.conv2dInputGrad(x, y, op.inputShape, op)];
    case 'conv2dFilterGrad':
      return [spatial.conv2dFilterGrad(x, y, op.filterShape, op)];
    case 'batchNormTrain': {
      const { mean, variance, count } = spatial.channelMoments(x);
      const unbiased = { shape: variance.shape, data: variance.data.map((v) => (v * count) / (count - 1)) };
      return [spatial.normalize(x, y, z, mean, variance, op.epsilon), mean, unbiased, mean, variance];
    }
    case 'batchNormGrad':
      return spatial.batchNormGrad(x, y, z, op.epsilon);
    case 'batchNormInfer':
      return [spatial.normalize(x, y, z, inputs[3]!, inputs[4]!, op.epsilon)];
    case 'silu':
      return [map(x, (v) => v * sigmoid(v))];
    case 'siluGrad':
      return [{ shape: x.shape, data: x.data.map((v, i) => y.data[i]! * sigmoid(v) * (1 + v * (1 - sigmoid(v)))) }];
    case 'maxPool':
      return [spatial.maxPool(x, declared.shape, op)];
    case 'maxPoolGrad':
      return [spatial.maxPoolGrad(x, z, op)];
    case 'pad2d':
      return [spatial.pad2d(x, op.padding, 1)];
    case 'unpad2d':
      return [spatial.pad2d(x, op.padding, -1)];
    case 'upsample2x':
      return [spatial.upsample2x(x)];
    case 'upsample2xGrad':
      return [spatial.upsample2xGrad(x)];
    case 'concat':
      return [concat(inputs, op.axis)];
    case 'slice': {
      const shape = op.size.map((size, axis) => (size < 0 ? x.shape[axis]! - op.begin[axis]! : size));
      return [pick(x, shape, (at) => at.map((i, axis) => i + op.begin[axis]!))];
    }
    case 'reshape': {
      // Several unknown sizes mean "as it was": only stopGradient and its like write that.
      const shape =
        op.shape.filter((size) => size < 0).length > 1 ? x.shape : resolve(op.shape, x.data.length, 'reshape');
      return [{ shape, data: x.data }];
    }
    case 'transpose': {
      const shape = op.perm.map((axis) => x.shape[axis]!);
      return [pick(x, shape, (at) => op.perm.map((_, axis) => at[op.perm.indexOf(axis)]!))];
    }
    case 'unary':
      return [map(x, UNARY[op.fn])];
    case 'binary':
      return [broadcast(x, y, BINARY[op.fn])];
    case 'select':
      return [{ shape: y.shape, data: x.data.map((mask, i) => (mask !== 0 ? y.data[i]! : z.data[i]!)) }];
    case 'sum':
      return [sum(x, op.axes, op.keepDims)];
    case 'gatherNd':
      return [gatherNd(x, y)];
    case 'scatterNd':
      return [scatterNd(x, y, op.shape)];
    case 'cast':
      return [x];
  }
}

function sigmoid(v: number): number {
  return 1 / (1 + Math.exp(-v));
}

const UNARY: Readonly<Record<UnaryFunction, (v: number) => number>> = {
  neg: (v) => -v,
  sqrt: Math.sqrt,
  square: (v) => v * v,
  exp: Math.exp,
  log: Math.log,
  sigmoid,
  // log(1 + eˣ) written so that large x does not overflow.
  softplus: (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))),
  atan: Math.atan,
  abs: Math.abs,
  reciprocal: (v) => 1 / v,
};

const BINARY: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  pow: (a, b) => a ** b,
};

function map(x: NdArray, f: (v: number) => number): NdArray {
  return { shape: x.shape, data: x.data.map((v) => f(v)) };
}

/** The coordinates of element `index` of a row-major array. */
function coordinates(index: number, shape: Shape): number[] {
  const at: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    at.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return at;
}

function offset(at: readonly number[], shape: Shape): number {
  return shape.reduce((sofar, size, axis) => sofar * size + at[axis]!, 0);
}

/** An array of `shape` whose element at given coordinates is x's element at `from(coordinates)`. */
function pick(x: NdArray, shape: Shape, from: (at: number[]) => readonly number[]): NdArray {
  const y = spatial.zeros(shape);
  for (const i of y.data.keys()) y.data[i] = x.data[offset(from(coordinates(i, shape)), x.shape)]!;
  return y;
}

function broadcast(a: NdArray, b: NdArray, f: (a: number, b: number) => number): NdArray {
  const rank = Math.max(a.shape.length, b.shape.length);
  const sizes = (array: NdArray): number[] => [...Array<number>(rank - array.shape.length).fill(1), ...array.shape];
  const [p, q] = [sizes(a), sizes(b)];
  const shape = p.map((size, axis) => {
    const other = q[axis]!;
    if (size !== other && size !== 1 && other !== 1)
      throw broken(`[${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not broadcast`);
    return size === 1 ? other : size;
  });
  const stretch = (array: NdArray, own: number[]): NdArray => {
    // Shortcuts: most operands are of the full shape or scalars, and finite differences run this very often.
    if (own.every((size, axis) => size === shape[axis])) return array;
    if (array.data.length === 1) return { shape, data: spatial.zeros(shape).data.fill(array.data[0]!) };
    return pick({ shape: own, data: array.data }, shape, (at) => at.map((i, axis) => (own[axis] === 1 ? 0 : i)));
  };
  const [wideA, wideB] = [stretch(a, p), stretch(b, q)];
  return { shape, data: wideA.data.map((v, i) => f(v, wideB.data[i]!)) };
}

function concat(parts: readonly NdArray[], axis: number): NdArray {
  const first = parts[0]!;
  const joined = parts.reduce((total, part) => total + part.shape[axis]!, 0);
  const y = spatial.zeros(first.shape.map((size, i) => (i === axis ? joined : size)));
  let before = 0;
  for (const part of parts) {
    for (const [i, v] of part.data.entries()) {
      const at = coordinates(i, part.shape);
      at[axis]! += before;
      y.data[offset(at, y.shape)] = v;
    }
    before += part.shape[axis]!;
  }
  return y;
}

function sum(x: NdArray, axes: readonly number[], keepDims: boolean): NdArray {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const y = spatial.zeros(kept);
  for (const [i, v] of x.data.entries()) {
    const at = coordinates(i, x.shape).map((position, axis) => (axes.includes(axis) ? 0 : position));
    y.data[offset(at, kept)]! += v;
  }
  return keepDims ? y : { shape: x.shape.filter((_, axis) => !axes.includes(axis)), data: y.data };
}

/** Row `row` of `indices` as the offset of the part of an array of `shape` that it points at, in units of parts. */
function partOffset(indices: NdArray, row: number, shape: Shape): number {
  const depth = indices.shape[1]!;
  const at = [...indices.data.subarray(row * depth, (row + 1) * depth)];
  const outside = at.some((i, axis) => i < 0 || i >= shape[axis]!);
  if (outside) throw broken(`index [${at.join(', ')}] lies outside [${shape.join(', ')}]`);
  return offset(at, shape.slice(0, depth));
}

function gatherNd(x: NdArray, indices: NdArray): NdArray {
  const [rows, depth] = indices.shape as [number, number];
  const rest = x.shape.slice(depth);
  const length = numElements(rest);
  const y = spatial.zeros([rows, ...rest]);
  for (let row = 0; row < rows; row++) {
    const from = partOffset(indices, row, x.shape) * length;
    y.data.set(x.data.subarray(from, from + length), row * length);
  }
  return y;
}

function scatterNd(indices: NdArray, updates: NdArray, shape: Shape): NdArray {
  const [rows, depth] = indices.shape as [number, number];
  const length = numElements(shape.slice(depth));
  const y = spatial.zeros(shape);
  for (let row = 0; row < rows; row++) {
    const to = partOffset(indices, row, shape) * length;
    for (let i = 0; i < length; i++) y.data[to + i]! += updates.data[row * length + i]!;
  }
  return y;
}
