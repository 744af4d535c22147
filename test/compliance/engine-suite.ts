/**
 * What every engine must do. Each engine's test file calls {@link describeEngine}; a new engine is right when this
 * suite passes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradients } from '../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import { type DeviceTensor, type Engine, type Executable, runAll } from '../../worker/engine/engine.js';
import type { Padding, Program, Value } from '../../worker/engine/program.js';
import { runOracle } from '../support/oracle.js';
import { describeElements } from './engine-elements.js';
import { Case, EXACT, expectClose, runOnEngine } from './engine-harness.js';
import { describePlanes } from './engine-planes.js';

/** Runs the suite on the engine that `open` opens once. */
export function describeEngine(name: string, open: () => Promise<Engine>): void {
  describe(`engine ${name}`, () => {
    let opened: Engine | undefined;
    const engine = (): Engine => opened!;

    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => {
      // No test may leave a tensor behind.
      expect(opened?.numTensors()).toBe(0);
      opened?.dispose();
      opened?.dispose();
    });

    describe('operators on planes', () => describePlanes(engine));
    describe('operators on elements', () => describeElements(engine));
    describe('a small network', () => describeNetwork(engine));
    describe('a run', () => describeRuns(engine));
    describe('tensors', () => describeTensors(engine));
  });
}

const SAME3 = { strides: [1, 1], padding: { top: 1, bottom: 1, left: 1, right: 1 } } as const;
const HALF3 = { strides: [2, 2], padding: { top: 1, bottom: 1, left: 1, right: 1 } } as const;
const POINT = { strides: [1, 1], padding: { top: 0, bottom: 0, left: 0, right: 0 } } as const;

interface Network extends Case {
  readonly parameterNames: readonly string[];
}

/**
 * A detector in miniature: conv, batch norm and SiLU, a pool, a stride-2 conv, an SPP of stride-1 pools, an upsampled
 * branch joined by concat, a residual sum; the loss gathers cells and takes a BCE and an IoU-like quotient.
 */
function smallNetwork(): Network {
  const c = new Case(11);
  const { b } = c;
  const parameters: [string, Value][] = [];
  const parameter = (name: string, shape: number[]): Value => {
    const value = c.feed(name, shape);
    parameters.push([name, value]);
    return value;
  };
  const block = (
    x: Value,
    name: string,
    kernel: number,
    filters: number,
    attrs: typeof SAME3 | typeof HALF3,
  ): Value => {
    const padding = kernel === 1 ? POINT.padding : attrs.padding;
    const w = parameter(`${name}.w`, [kernel, kernel, x.shape[3]!, filters]);
    const y = b.conv2d(x, w, { strides: attrs.strides, padding });
    return b.silu(
      b.batchNormTrain(y, parameter(`${name}.scale`, [filters]), parameter(`${name}.offset`, [filters]), 1e-3).y,
    );
  };
  const image = b.mul(b.cast(c.feed('image', [2, 8, 8, 3], Uint8Array.from(c.random.integers(384, 256)))), 1 / 255);
  const stem = block(image, 'stem', 3, 4, SAME3);
  const pooled = b.maxPool(stem, { size: [2, 2], strides: [2, 2], padding: POINT.padding });
  const residual = b.add(pooled, block(pooled, 'residual', 3, 4, SAME3));
  const down = block(residual, 'down', 3, 4, HALF3);
  const spp = b.concat(
    [
      down,
      ...[1, 2].map((p) => b.maxPool(down, { size: [2 * p + 1, 2 * p + 1], strides: [1, 1], padding: square(p) })),
    ],
    3,
  );
  const joined = b.concat([b.upsample2x(block(spp, 'neck', 1, 2, SAME3)), residual], 3);
  const bias = parameter('head.bias', [6]);
  const head = b.add(b.conv2d(joined, parameter('head.w', [1, 1, 6, 6]), POINT), bias);
  const cells = b.reshape(head, [2, 4, 4, 2, 3]);
  const objectness = b.slice(cells, [0, 0, 0, 0, 2], [-1, -1, -1, -1, 1]);
  const matches = c.feed('matches', [3, 4], Int32Array.of(0, 1, 2, 0, 1, 3, 3, 1, 0, 1, 2, 0), [-1, 4]);
  const matched = b.gatherNd(cells, matches);
  const [width, height] = [0, 1].map((axis) => b.unary('sigmoid', b.slice(matched, [0, axis], [-1, 1])));
  const overlap = b.div(b.min(width!, height!), b.add(b.max(width!, height!), 0.1));
  const targets = b.scatterNd(matches, b.reshape(overlap, [-1]), [2, 4, 4, 2]);
  const bce = b.sub(b.unary('softplus', objectness), b.mul(objectness, b.reshape(targets, [2, 4, 4, 2, 1])));
  const loss = b.add(b.mul(b.sum(bce), 1 / 64), b.sum(b.sub(1, overlap)));
  b.output('loss', loss);
  gradients(
    b,
    loss,
    parameters.map(([, value]) => value),
    (value, gradient) => b.output(`d ${parameters.find(([, other]) => other.id === value.id)![0]}`, gradient),
  );
  return Object.assign(c, { parameterNames: parameters.map(([name]) => name) });
}

function square(p: number): Padding {
  return { top: p, bottom: p, left: p, right: p };
}

function describeNetwork(engine: () => Engine): void {
  it('gets the gradients that central finite differences of the float64 loss give', () => {
    const network = smallNetwork();
    const program = network.b.finish();
    const found = runOnEngine(engine(), program, network.feeds);
    // Gradients of this loss are of order 0.1 … 1; with h = 1e-5 the differences are good to h² and 1e-16/h ≈ 1e-11.
    const h = 1e-5;
    const loss = (feeds: Network['feeds'], name: string, i: number, value: number): number => {
      const data = Float64Array.from(feeds[name]!.data);
      data[i] = value;
      return runOracle(program, { ...feeds, [name]: { data, shape: feeds[name]!.shape } }, ['loss']).loss![0]!;
    };
    for (const name of network.parameterNames) {
      const { data } = network.feeds[name]!;
      const expected = Float64Array.from(data, (value, i) => {
        return (loss(network.feeds, name, i, value + h) - loss(network.feeds, name, i, value - h)) / (2 * h);
      });
      // float32 through a dozen layers and batch norms of 8 values: some hundred roundings of 6e-8.
      expectClose(found[`d ${name}`]!.data, expected, { relative: 2e-4 }, `d ${name}`);
    }
  });

  it('gets the oracle’s loss', () => {
    const network = smallNetwork();
    const program = network.b.finish();
    const found = runOnEngine(engine(), program, network.feeds);
    expectClose(found.loss!.data, runOracle(program, network.feeds, ['loss']).loss!, { relative: 1e-5 }, 'loss');
  });

  it('gives identical bytes in every run and under every cut into stages', () => {
    const network = smallNetwork();
    const program = network.b.finish();
    const names = program.outputs.map((port) => port.name);
    const whole = runOnEngine(engine(), program, network.feeds);
    const again = runOnEngine(engine(), program, network.feeds);
    const inTwo = runOnEngine(engine(), program, network.feeds, [names.slice(0, 5), names.slice(5)]);
    const inMany = runOnEngine(
      engine(),
      program,
      network.feeds,
      names.map((name) => [name]),
    );
    const bits = (outputs: typeof whole): Record<string, Uint8Array> =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, new Uint8Array(data.buffer.slice(0))]),
      );
    expect(bits(again)).toEqual(bits(whole));
    expect(bits(inTwo)).toEqual(bits(whole));
    expect(bits(inMany)).toEqual(bits(whole));
  });

  it('hands outputs out in the order of the groups', () => {
    const network = smallNetwork();
    const program = network.b.finish();
    const names = program.outputs.map((port) => port.name);
    const order = (stages: string[][]): string[] => Object.keys(runOnEngine(engine(), program, network.feeds, stages));
    const reversed = [...names].reverse();
    expect(order(reversed.map((name) => [name]))).toEqual(reversed);
    const stages = [names.slice(4, 7), names.slice(0, 2)];
    const found = order(stages);
    expect(new Set(found.slice(0, 3))).toEqual(new Set(stages[0]));
    // Outputs that no group lists come with the last one.
    expect(new Set(found.slice(3))).toEqual(new Set([...names.slice(0, 4), ...names.slice(7)]));
  });

  it('holds as many tensors after five runs as after one', () => {
    const network = smallNetwork();
    const program = network.b.finish();
    const executable = engine().compile(program, { name: 'leaks' });
    const feeds = feedsOf(engine(), network);
    const counts = Array.from({ length: 5 }, () => {
      for (const tensor of Object.values(runAll(executable, feeds))) tensor.dispose();
      return engine().numTensors();
    });
    expect(counts).toEqual(Array<number>(5).fill(counts[0]!));
    for (const tensor of Object.values(feeds)) tensor.dispose();
    executable.dispose();
  });
}

function feedsOf(engine: Engine, { feeds }: Case): Record<string, DeviceTensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { data, shape }]) => [name, engine.tensor(data, shape)]));
}

function describeRuns(engine: () => Engine): void {
  /** y = 2·x over [n, 3] */
  const doubling = (): Program => {
    const b = new ProgramBuilder();
    b.output('y', b.mul(b.input('x', [-1, 3]), 2));
    return b.finish();
  };
  const withExecutable = (program: Program, use: (executable: Executable) => void): void => {
    const executable = engine().compile(program, { name: 'test' });
    try {
      use(executable);
    } finally {
      executable.dispose();
      executable.dispose();
    }
  };

  it('takes another number of rows in every run', () => {
    withExecutable(doubling(), (executable) => {
      for (const rows of [2, 0, 5]) {
        const x = engine().tensor(new Float32Array(rows * 3).fill(rows), [rows, 3]);
        const { y } = runAll(executable, { x });
        expect(y!.shape).toEqual([rows, 3]);
        expect([...y!.read()]).toEqual(Array<number>(rows * 3).fill(rows * 2));
        y!.dispose();
        x.dispose();
      }
    });
  });

  it('refuses feeds that are missing, of another shape or of another type', () => {
    withExecutable(doubling(), (executable) => {
      const wrong = [
        engine().tensor(new Float32Array(8), [2, 4]),
        engine().tensor(new Float32Array(3), [3]),
        engine().tensor(new Int32Array(6), [2, 3]),
      ];
      const fault = expect.objectContaining({ code: 'ENGINE_FEED_MISMATCH' }) as unknown;
      expect(() => runAll(executable, {})).toThrow(fault as Error);
      for (const x of wrong) {
        expect(() => runAll(executable, { x })).toThrow(fault as Error);
        x.dispose();
      }
    });
  });

  it('hands out inputs, constants and one value under two names', () => {
    const c = new Case();
    const x = c.feed('x', [2, 3]);
    const sum = c.b.add(x, 1);
    c.b.output('input', x);
    c.b.output('constant', c.b.constant(Int32Array.of(1, 2, 3)));
    c.b.output('sum', sum);
    c.b.output('same sum', sum);
    c.check(engine());
  });

  it('hands out tensors that outlive the feeds and each other', () => {
    const b = new ProgramBuilder();
    const x = b.input('x', [2]);
    b.output('p', x);
    b.output('q', b.reshape(x, [2, 1]));
    withExecutable(b.finish(), (executable) => {
      const fed = engine().tensor(Float32Array.of(1, 2), [2]);
      const { p, q } = runAll(executable, { x: fed });
      fed.dispose();
      p!.dispose();
      expect([...q!.read()]).toEqual([1, 2]);
      q!.dispose();
    });
  });

  it('leaves no tensor behind when the receiver throws', () => {
    withExecutable(smallNetwork().b.finish(), (executable) => {
      const feeds = feedsOf(engine(), smallNetwork());
      const before = engine().numTensors();
      const stop = new RangeError('enough');
      expect(() =>
        executable.run(feeds, (_, tensor) => {
          tensor.dispose();
          throw stop;
        }),
      ).toThrow(stop);
      expect(engine().numTensors()).toBe(before);
      for (const tensor of Object.values(feeds)) tensor.dispose();
    });
  });
}

function describeTensors(engine: () => Engine): void {
  it('takes parts of larger arrays and shared memory', () => {
    const shared = new Float32Array(new SharedArrayBuffer(24));
    shared.set([1, 2, 3, 4, 5, 6]);
    for (const data of [shared, shared.subarray(0), Float32Array.of(0, 1, 2, 3, 4, 5, 6).subarray(1)]) {
      const tensor = engine().tensor(data, [2, 3]);
      expect([...tensor.read()]).toEqual([1, 2, 3, 4, 5, 6]);
      tensor.dispose();
    }
    const bytes = engine().tensor(Uint8Array.of(9, 0, 128, 255).subarray(1), [3]);
    expect(bytes.dtype).toBe('uint8');
    expect([...bytes.read()]).toEqual([0, 128, 255]);
    bytes.dispose();
  });

  it('copies: later changes to the array do not reach the tensor', () => {
    const data = Float32Array.of(1, 2);
    const tensor = engine().tensor(data, [2]);
    data[0] = 9;
    const read = tensor.read();
    expect([...read]).toEqual([1, 2]);
    read[1] = 9;
    expect([...tensor.read()]).toEqual([1, 2]);
    tensor.dispose();
  });

  it('reads into a given array, shared memory included', () => {
    const tensor = engine().tensor(Float32Array.of(1, 2, 3), [3]);
    const target = new Float32Array(new SharedArrayBuffer(32)).subarray(2, 5);
    expect(tensor.read(target)).toBe(target);
    expect([...target]).toEqual([1, 2, 3]);
    tensor.dispose();
  });

  it('keeps scalars, empty arrays and whole numbers', () => {
    const c = new Case();
    c.b.output('scalar', c.feed('scalar', [], Float32Array.of(-0.1)));
    c.b.output('empty', c.feed('empty', [0, 4]));
    c.b.output('numbers', c.feed('numbers', [2], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)));
    c.check(engine(), EXACT);
  });

  it('may be disposed of twice', () => {
    const before = engine().numTensors();
    const tensor = engine().tensor(Float32Array.of(1), [1]);
    expect(engine().numTensors()).toBe(before + 1);
    tensor.dispose();
    tensor.dispose();
    expect(engine().numTensors()).toBe(before);
  });

  it('refuses data that does not fill the shape', () => {
    const fault = expect.objectContaining({ code: 'ENGINE_SHAPE_MISMATCH' }) as unknown;
    expect(() => engine().tensor(new Float32Array(5), [2, 3])).toThrow(fault as Error);
  });
}
