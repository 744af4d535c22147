/** What the engine suite's cases share: a program under construction with its feeds, run on an engine and the oracle. */
import { expect } from 'vitest';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import type { DeviceTensor, Engine, TypedArray } from '../../worker/engine/engine.js';
import { type DType, numElements, type Program, type Shape, type Value } from '../../worker/engine/program.js';
import { runOracleArrays } from '../support/oracle.js';
import { RandomArrays } from '../support/random-arrays.js';

/** How far an engine may be from the oracle, as a part of the largest element of the expected array. */
export interface Tolerance {
  readonly relative: number;
}

/** For operators that only move or pick elements, and for small whole numbers: no rounding takes place. */
export const EXACT: Tolerance = { relative: 0 };
/**
 * float32 rounds to 6e-8. Sums of up to some hundred products add perhaps ten of those, SIMD polynomials for exp and
 * sigmoid and Winograd-like algorithms a few more; 2e-5 leaves a factor of ten and is far below any real mistake.
 */
export const ROUNDED: Tolerance = { relative: 2e-5 };

interface Fed {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** One case: write operators on `b`, feed with `feed`, name outputs with `b.output`. */
export class Case {
  readonly b = new ProgramBuilder();
  readonly random: RandomArrays;
  readonly feeds: Record<string, Fed> = {};

  constructor(seed = 7) {
    this.random = new RandomArrays(seed);
  }

  /** Declares an input and feeds it; without `data`, random numbers in [−1, 1). */
  feed(name: string, shape: Shape, data?: TypedArray, declared: Shape = shape): Value {
    const array = data ?? this.random.uniform(numElements(shape));
    this.feeds[name] = { data: array, shape };
    return this.b.input(name, declared, dtypeOf(array));
  }

  /** Runs on both and compares every output, sizes included. */
  check(engine: Engine, tolerance: Tolerance = ROUNDED): void {
    const program = this.b.finish();
    const actual = runOnEngine(engine, program, this.feeds);
    const expected = runOracleArrays(program, this.feeds);
    for (const [name, array] of Object.entries(expected)) {
      const found = actual[name]!;
      expect(found.shape, `shape of ${name}`).toEqual(array.shape);
      expectClose(found.data, array.data, tolerance, name);
    }
  }
}

export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}

/** Runs a program once, reads all outputs and disposes of everything. */
export function runOnEngine(
  engine: Engine,
  program: Program,
  feeds: Readonly<Record<string, Fed>>,
  stages?: readonly (readonly string[])[],
): Record<string, Fed> {
  const tensors: Record<string, DeviceTensor> = {};
  for (const [name, { data, shape }] of Object.entries(feeds)) tensors[name] = engine.tensor(data, shape);
  const executable = engine.compile(program, { name: 'test', stages });
  const outputs: Record<string, Fed> = {};
  executable.run(tensors, (name, tensor) => {
    outputs[name] = { data: tensor.read(), shape: tensor.shape };
    tensor.dispose();
  });
  executable.dispose();
  for (const tensor of Object.values(tensors)) tensor.dispose();
  return outputs;
}

/** Compares element by element; NaN and infinities must agree in place and sign. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative }: Tolerance,
  what: string,
): void {
  expect(actual.length, `elements of ${what}`).toBe(expected.length);
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i]!)) largest = Math.max(largest, Math.abs(expected[i]!));
  }
  for (let i = 0; i < expected.length; i++) {
    const [found, wanted] = [actual[i]!, expected[i]!];
    const close = Object.is(found, wanted) || Math.abs(found - wanted) <= relative * largest || found === wanted;
    if (!close) expect.fail(`${what}[${i}] is ${found}, expected ${wanted} ± ${relative * largest}`);
  }
}
