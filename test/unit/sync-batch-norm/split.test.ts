import { describe, expect, it } from 'vitest';
import { gradients } from '../../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import { numElements, type Program } from '../../../worker/engine/program.js';
import { makeRow, mergeMoments, mergeSums } from '../../../worker/sync-batch-norm/merge.js';
import { splitProgram, valueName } from '../../../worker/sync-batch-norm/split.js';
import { runOracle } from '../../support/oracle.js';
import { RandomArrays } from '../../support/random-arrays.js';

const SIZE = 5;
const CHANNELS = 3;
/** A power of two, so that the float32 constant in the rewritten program is exact. */
const EPSILON = 2 ** -10;
const PADDING = { top: 1, bottom: 1, left: 1, right: 1 };
type Arrays = Record<string, Float32Array>;

/**
 * Two convolutions with batch norm, the second with a shortcut around it, and a loss that is a sum over images; all
 * gradients, and the statistics.
 */
function network(images: number, options: { frozen?: boolean } = {}): Program {
  const b = new ProgramBuilder();
  let x = b.input('x', [images, SIZE, SIZE, CHANNELS]);
  const parameters: ReturnType<ProgramBuilder['input']>[] = [];
  const names: string[] = [];
  const parameter = (name: string, shape: number[], trained = true) => {
    const value = b.input(name, shape);
    if (trained) {
      parameters.push(value);
      names.push(name);
    }
    return value;
  };
  for (const layer of [0, 1]) {
    const trained = layer === 1 || options.frozen !== true;
    const w = parameter(`w${layer}`, [3, 3, CHANNELS, CHANNELS], trained);
    const scale = parameter(`scale${layer}`, [CHANNELS], trained || layer === 0);
    const offset = parameter(`offset${layer}`, [CHANNELS]);
    const map = b.conv2d(x, w, { strides: [1, 1], padding: PADDING });
    const { y, mean, variance } = b.batchNormTrain(map, scale, offset, EPSILON);
    b.output(`mean${layer}`, mean);
    b.output(`variance${layer}`, variance);
    x = layer === 0 ? b.silu(y) : b.add(x, b.silu(y));
  }
  const loss = b.sum(b.unary('square', b.mul(x, b.input('weights', [images, SIZE, SIZE, CHANNELS]))));
  b.output('loss', loss);
  gradients(b, loss, parameters, (value, gradient) => {
    b.output(`gradient:${names[parameters.indexOf(value)]}`, gradient);
  });
  return b.finish();
}

function feeds(images: number): Arrays {
  const random = new RandomArrays(11);
  const map = images * SIZE * SIZE * CHANNELS;
  const filter = 9 * CHANNELS * CHANNELS;
  return {
    x: random.uniform(map, -1, 3),
    weights: random.uniform(map),
    w0: random.uniform(filter),
    w1: random.uniform(filter),
    scale0: random.uniform(CHANNELS, 0.5, 2),
    scale1: random.uniform(CHANNELS, 0.5, 2),
    offset0: random.uniform(CHANNELS),
    offset1: random.uniform(CHANNELS),
  };
}

/** Runs split programs in float64, one per microbatch, and returns each one's outputs; checks that nothing is read that is not there. */
function runSplit(sizes: readonly number[], all: Arrays): Record<string, Float64Array>[] {
  const perImage = SIZE * SIZE * CHANNELS;
  let begin = 0;
  const runs = sizes.map((images) => {
    const own = (data: Float32Array) => data.subarray(begin * perImage, (begin + images) * perImage);
    const held = new Map<string, ArrayLike<number>>(
      Object.entries({ ...all, x: own(all.x!), weights: own(all.weights!) }),
    );
    begin += images;
    return { split: splitProgram(network(images)), held, outputs: {} as Record<string, Float64Array> };
  });
  for (const k of runs[0]!.split.segments.keys()) {
    const rows = runs.map(({ split, held, outputs }) => {
      const { program, kept, released } = split.segments[k]!;
      for (const { name } of program.inputs) expect(held.has(name), `${name} in segment ${k}`).toBe(true);
      const made = runOracle(program, Object.fromEntries(program.inputs.map(({ name }) => [name, held.get(name)!])));
      const local = split.points[k]?.local.map((id) => made[valueName(id)]!) ?? [];
      for (const [name, data] of Object.entries(made)) {
        if (kept.includes(name)) held.set(name, data);
        if (!name.startsWith('value:')) outputs[name] = data;
      }
      for (const name of released) held.delete(name);
      return split.points[k] && makeRow(split.points[k].count, local[0]!, local[1]!);
    });
    for (const { split, held } of runs) {
      const point = split.points[k];
      if (point === undefined) continue;
      const complete = rows.filter((row) => row !== undefined);
      const merged = point.kind === 'moments' ? mergeMoments(complete) : mergeSums(complete);
      for (const [i, id] of point.merged.entries()) {
        held.set(valueName(id), merged.slice(i * point.channels, (i + 1) * point.channels));
      }
    }
  }
  for (const { held } of runs) expect([...held.keys()].sort(), 'what is left').toEqual(Object.keys(all).sort());
  return runs.map(({ outputs }) => outputs);
}

describe('a program cut at its batch norms', () => {
  it.each([[[4]], [[2, 2]], [[2, 1, 1]], [[1, 1, 1, 1]]])(
    'over microbatches of %j images is one step of all images',
    (sizes) => {
      const all = feeds(4);
      const whole = runOracle(network(4), all);
      const parts = runSplit(sizes, all);
      for (const [name, wanted] of Object.entries(whole)) {
        for (const part of parts) expect(Object.keys(part)).toContain(name);
        const shared = name.startsWith('mean') || name.startsWith('variance');
        for (const [i, value] of wanted.entries()) {
          // Losses and gradients are shares that add up; every microbatch holds the same statistics. Float64 throughout.
          const got = shared ? parts[0]![name]![i]! : parts.reduce((sum, part) => sum + part[name]![i]!, 0);
          expect(Math.abs(got - value), `${name}[${i}]`).toBeLessThan(1e-12 * (10 + Math.abs(value)));
        }
      }
    },
  );

  it('has a point per batch norm in each direction, in the order of the program', () => {
    const { points, segments } = splitProgram(network(2));
    expect(points.map(({ kind }) => kind)).toEqual(['moments', 'moments', 'sums', 'sums']);
    expect(segments).toHaveLength(5);
    for (const point of points) expect(point).toMatchObject({ channels: CHANNELS, count: 2 * SIZE * SIZE });
  });

  it('does not wait where nobody asks for the gradient below', () => {
    // The first filter is frozen: its batch norm still learns scale and offset, but passes nothing on.
    const { points } = splitProgram(network(2, { frozen: true }));
    expect(points.map(({ kind }) => kind)).toEqual(['moments', 'moments', 'sums']);
  });

  it('gives points that are the same for every number of images', () => {
    const shape = (images: number) =>
      splitProgram(network(images)).points.map(({ kind, channels }) => [kind, channels]);
    expect(shape(1)).toEqual(shape(7));
  });

  it('lets each crossing value go after its last reader, and keeps none that nobody reads', () => {
    const { segments } = splitProgram(network(2));
    for (const [k, { kept, released, program }] of segments.entries()) {
      const later = segments.slice(k + 1).flatMap((segment) => segment.program.inputs.map(({ name }) => name));
      for (const name of kept) expect(later).toContain(name);
      for (const name of released) expect(later).not.toContain(name);
      expect(program.inputs.every(({ value }) => numElements(program.values[value]!.shape) > 0)).toBe(true);
    }
  });

  it('leaves a program without batch norms in one piece', () => {
    const b = new ProgramBuilder();
    b.output('y', b.unary('square', b.input('x', [2])));
    const { points, segments } = splitProgram(b.finish());
    expect(points).toEqual([]);
    expect(segments).toHaveLength(1);
    expect(runOracle(segments[0]!.program, { x: [2, 3] }).y).toEqual(Float64Array.of(4, 9));
  });
});
