/** What only the TensorFlow engine has: memory shared with the addon, cuts, XLA against TensorFlow's own kernels. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineError } from '../../proto/errors.js';
import { gradients } from '../../worker/engine/autodiff.js';
import { NO_PADDING, ProgramBuilder } from '../../worker/engine/builder.js';
import { type Engine, type Feeds, runAll, type TypedArray } from '../../worker/engine/engine.js';
import type { Program, Shape, Value } from '../../worker/engine/program.js';
import { AddonBinding, loadAddon } from '../../worker/engine/tensorflow/addon-binding.js';
import { TensorflowEngine } from '../../worker/engine/tensorflow/engine.js';
import { openTensorflowEngine } from '../../worker/engine/tensorflow/index.js';
import { ADDON, loadBinding } from '../../worker/engine/tensorflow/load-binding.js';
import { SimdHeap } from '../../worker/simd/heap.js';

const libraryDir = process.env.LOCKSTEP_TF_LIB_DIR;

/** Numbers in [−1, 1) from a fixed sequence. */
function noise(shape: Shape, seed = 1): Float32Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, next);
}

/** Runs once; outputs as host arrays, everything disposed of. */
function evaluate(
  engine: Engine,
  program: Program,
  data: Record<string, TypedArray>,
  stages?: readonly (readonly string[])[],
): Record<string, TypedArray> {
  const executable = engine.compile(program, { name: 'test', stages });
  const feeds: Feeds = Object.fromEntries(
    program.inputs.map(({ name, value }) => [name, engine.tensor(data[name]!, program.values[value]!.shape)]),
  );
  const outputs = Object.entries(runAll(executable, feeds)).map(([name, tensor]) => {
    const host = tensor.read();
    tensor.dispose();
    return [name, host] as const;
  });
  for (const tensor of Object.values(feeds)) tensor.dispose();
  executable.dispose();
  return Object.fromEntries(outputs);
}

/** Two blocks of convolution, batch norm, SiLU and pooling; gradients in backward order. */
function twoBlocks(): { program: Program; data: Record<string, TypedArray>; order: string[] } {
  const b = new ProgramBuilder();
  const shapes: Record<string, number[]> = { x: [2, 16, 16, 3] };
  const parameters: Value[] = [];
  let x = b.input('x', shapes.x!);
  for (const [block, [inputs, outputs]] of [
    [3, 8],
    [8, 16],
  ].entries()) {
    const entries = { [`w${block}`]: [3, 3, inputs!, outputs!], [`s${block}`]: [outputs!], [`o${block}`]: [outputs!] };
    Object.assign(shapes, entries);
    const [w, scale, offset] = Object.entries(entries).map(([name, shape]) => b.input(name, shape));
    parameters.push(w!, scale!, offset!);
    const z = b.conv2d(x, w!, { strides: [1, 1], padding: { top: 1, bottom: 1, left: 1, right: 1 } });
    const n = b.batchNormTrain(z, scale!, offset!, 1e-3);
    x = b.maxPool(b.silu(n.y), { size: [2, 2], strides: [2, 2], padding: NO_PADDING });
  }
  const loss = b.sum(b.binary('mul', x, x));
  b.output('loss', loss);
  const names = Object.keys(shapes).slice(1);
  const order: string[] = [];
  gradients(b, loss, parameters, (parameter, gradient) => {
    const name = `d${names[parameters.indexOf(parameter)]}`;
    order.push(name);
    b.output(name, gradient);
  });
  const data = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, noise(shape, i + 1)]));
  return { program: b.finish(), data, order };
}

describe.skipIf(libraryDir === undefined)(
  `tensorflow engine, native parts${libraryDir === undefined ? ' (skipped: LOCKSTEP_TF_LIB_DIR is not set)' : ''}`,
  () => {
    let engine: Engine;
    let plain: Engine;
    /** Graphs for more threads: groups of outputs have no gates. */
    let flowing: Engine;

    beforeAll(async () => {
      engine = await openTensorflowEngine({ numThreads: 1, device: 'cpu', libraryDir });
      const binding = loadBinding({ numThreads: 1, device: 'cpu', libraryDir: libraryDir! });
      plain = new TensorflowEngine(binding, { numThreads: 1, xla: false });
      flowing = new TensorflowEngine(binding, { numThreads: 2, xla: true });
    });

    afterAll(() => {
      engine.dispose();
      plain.dispose();
      flowing.dispose();
    });

    it('tells its version, device and threads', () => {
      expect(engine.info).toMatchObject({ name: 'tensorflow', device: 'cpu', numThreads: 1 });
      expect(engine.info.version).toMatch(/^tensorflow \d+\.\d+\.\d+/);
    });

    it('refuses other threads in the same process', async () => {
      await expect(openTensorflowEngine({ numThreads: 2, device: 'cpu', libraryDir })).rejects.toMatchObject({
        code: 'ENGINE_ALREADY_OPEN',
      });
    });

    it('copies host data, whatever its alignment and also out of shared memory', () => {
      for (const Buffer of [ArrayBuffer, SharedArrayBuffer]) {
        const memory = new Buffer(4096);
        for (let offset = 0; offset < 64; offset += 4) {
          const data = new Float32Array(memory, offset, 64).fill(1);
          const tensor = engine.tensor(data, [8, 8]);
          data.fill(2);
          expect(tensor.read()).toEqual(new Float32Array(64).fill(1));
          tensor.dispose();
        }
      }
      expect(engine.numTensors()).toBe(0);
    });

    it('copies what lies on a heap of SIMD kernels, whatever its alignment', () => {
      const memory = new SimdHeap().float32(128);
      for (let offset = 0; offset < 16; offset++) {
        const data = memory.subarray(offset, offset + 64).fill(1);
        const tensor = engine.tensor(data, [8, 8]);
        data.fill(2);
        expect(tensor.read(), `offset ${offset}`).toEqual(new Float32Array(64).fill(1));
        tensor.dispose();
      }
    });

    it('lends memory of a heap to programs, which see what is written there between runs', () => {
      const b = new ProgramBuilder();
      b.output('twice', b.mul(b.input('x', [20]), 2));
      const executable = engine.compile(b.finish(), { name: 'lent' });
      const memory = new SimdHeap().float32(64);
      const data = memory.subarray(16, 36).fill(1);
      const x = engine.lend(data, [20])!;
      const twice = (): number => {
        const outputs = runAll(executable, { x });
        const first = outputs.twice!.read()[0]!;
        outputs.twice!.dispose();
        return first;
      };
      expect(twice()).toBe(2);
      data.fill(5);
      expect(twice()).toBe(10);
      expect(memory[15]).toBe(0);
      expect(memory[36]).toBe(0);
      x.dispose();
      executable.dispose();
      expect(data[0]).toBe(5);
      expect(engine.numTensors()).toBe(0);
    });

    it('lends nothing that could move or that it would have to copy', () => {
      expect(engine.lend(new Float32Array(new ArrayBuffer(64)), [16])).toBeUndefined();
      expect(engine.lend(new SimdHeap().float32(32).subarray(1, 17), [16])).toBeUndefined();
      expect(() => engine.lend(new SimdHeap().float32(32), [16])).toThrow(
        expect.objectContaining({ code: 'ENGINE_SHAPE_MISMATCH' }),
      );
      expect(engine.numTensors()).toBe(0);
    });

    it('reads a part, and nothing beyond the end', () => {
      const tensor = engine.tensor(Int32Array.of(1, 2, 3, 4), [2, 2]);
      const target = new Int32Array(2);
      tensor.readPart(target, 1);
      expect([...target]).toEqual([2, 3]);
      for (const begin of [-1, 3]) expect(() => tensor.readPart(target, begin)).toThrow(/does not fit 2/);
      expect(() => tensor.readPart(new Float32Array(2), 0)).toThrow(/does not fit 2 float32/);
      tensor.dispose();
    });

    it('gives the same bits through the addon, which copies more', () => {
      const addon = new AddonBinding(loadAddon(join(libraryDir!, ADDON)));
      const through = new TensorflowEngine(addon, { numThreads: 1, xla: true });
      const { program, data, order } = twoBlocks();
      const stages = order.map((name) => [name]);
      expect(evaluate(through, program, data, stages)).toEqual(evaluate(engine, program, data, stages));
      expect(through.lend(new SimdHeap().float32(16), [16])).toBeUndefined();
      const bytes = through.tensor(Uint8Array.of(1, 2, 255), [3]);
      const part = new Uint8Array(2);
      bytes.readPart(part, 1);
      expect([...part]).toEqual([2, 255]);
      bytes.dispose();
      expect(through.numTensors()).toBe(0);
      expect(through.info).toEqual(engine.info);
      through.dispose();
    });

    it('reads into a given array, shared memory included, and refuses one that does not fit', () => {
      const tensor = engine.tensor(Uint8Array.of(1, 2, 3), [3]);
      const target = new Uint8Array(new SharedArrayBuffer(8), 4, 3);
      expect(tensor.read(target)).toBe(target);
      expect([...target]).toEqual([1, 2, 3]);
      expect(() => tensor.read(new Uint8Array(2))).toThrow(/uint8 \[3\] from element 0 on does not fit 2/);
      tensor.dispose();
      tensor.dispose();
      expect(() => tensor.read()).toThrow(expect.objectContaining({ code: 'ENGINE_TENSOR_DISPOSED' }));
    });

    it('gives the same bits however often it is cut, run after run', () => {
      const { program, data, order } = twoBlocks();
      const whole = evaluate(engine, program, data);
      expect(evaluate(engine, program, data)).toEqual(whole);
      const stages = [['loss'], ...order.map((name) => [name])];
      expect(evaluate(engine, program, data, stages)).toEqual(whole);
      expect(evaluate(flowing, program, data, stages)).toEqual(whole);
      expect(engine.numTensors()).toBe(0);
    });

    it('hands out groups for which nothing is left to compute', () => {
      const b = new ProgramBuilder();
      const x = b.input('x', [3]);
      const y = b.mul(x, 2);
      b.output('y', y);
      b.output('again', y);
      b.output('x', x);
      b.output('sum', b.sum(y));
      const program = b.finish();
      const data = { x: Float32Array.of(1, 2, 3) };
      for (const each of [engine, flowing]) {
        const found = evaluate(each, program, data, [['y'], ['again'], ['x'], ['sum']]);
        expect(Object.entries(found).map(([name, values]) => [name, ...values])).toEqual([
          ['y', 2, 4, 6],
          ['again', 2, 4, 6],
          ['x', 1, 2, 3],
          ['sum', 12],
        ]);
      }
    });

    it('hands outputs out in the order of the stages', () => {
      const { program, data, order } = twoBlocks();
      expect(order[0]).toMatch(/1$/);
      const names = Object.keys(evaluate(engine, program, data, [['loss'], ...order.map((name) => [name])]));
      expect(names).toEqual(['loss', ...order]);
    });

    it('gives with XLA what TensorFlow’s own kernels give, to rounding', () => {
      const { program, data } = twoBlocks();
      const ours = evaluate(engine, program, data);
      const theirs = evaluate(plain, program, data);
      for (const [name, expected] of Object.entries(theirs)) {
        const scale = Math.max(...expected.map(Math.abs));
        const given = ours[name]!;
        expect(Math.max(...given.map((value, i) => Math.abs(value - expected[i]!))) / scale, name).toBeLessThan(1e-5);
      }
    });

    it('gives the first of several maxima the gradient, in one group and in another than the pool', () => {
      const b = new ProgramBuilder();
      const attrs = { size: [2, 2], strides: [2, 2], padding: NO_PADDING } as const;
      const x = b.input('x', [2, 8, 8, 5]);
      const y = b.maxPool(x, attrs);
      b.output('y', y);
      b.output('dx', b.maxPoolGrad(x, y, b.input('dy', y.shape), attrs));
      const program = b.finish();
      // Halves of whole numbers in a small range: many windows hold their maximum twice or more.
      const data = { x: noise([2, 8, 8, 5]).map((v) => Math.round(v * 2) / 2), dy: noise([2, 4, 4, 5], 7) };
      const expected = new Float32Array(2 * 8 * 8 * 5);
      for (const [i, dy] of data.dy.entries()) {
        const [image, row, column, channel] = [
          Math.floor(i / 80),
          Math.floor(i / 20) % 4,
          Math.floor(i / 5) % 4,
          i % 5,
        ];
        const cells = [0, 1, 8, 9].map((cell) => ((image * 8 + 2 * row) * 8 + 2 * column + cell) * 5 + channel);
        const maximum = Math.max(...cells.map((cell) => data.x[cell]!));
        expected[cells.find((cell) => data.x[cell] === maximum)!] = dy;
      }
      expect(evaluate(engine, program, data).dx).toEqual(expected);
      expect(evaluate(engine, program, data, [['y'], ['dx']]).dx).toEqual(expected);
    });

    it('computes a large 1×1 filter’s gradient as the product of all pixels', () => {
      const [inputs, outputs, pixels] = [128, 64, 2 * 3 * 5];
      const b = new ProgramBuilder();
      const x = b.input('x', [2, 3, 5, inputs]);
      const dy = b.input('dy', [2, 3, 5, outputs]);
      b.output('dw', b.conv2dFilterGrad(x, dy, [1, 1, inputs, outputs], { strides: [1, 1], padding: NO_PADDING }));
      const data = { x: noise([2, 3, 5, inputs]), dy: noise([2, 3, 5, outputs], 7) };
      const { dw } = evaluate(engine, b.finish(), data);
      for (const [i, o] of [
        [0, 0],
        [1, 0],
        [127, 63],
        [50, 33],
      ] as const) {
        let sum = 0;
        for (let p = 0; p < pixels; p += 1) sum += data.x[p * inputs + i]! * data.dy[p * outputs + o]!;
        expect(dw![i * outputs + o]).toBeCloseTo(sum, 5);
      }
    });

    it('keeps nothing when a receiver throws', () => {
      const { program, data, order } = twoBlocks();
      const executable = engine.compile(program, { name: 'throwing', stages: [['loss'], order] });
      const feeds = Object.fromEntries(
        program.inputs.map(({ name, value }) => [name, engine.tensor(data[name]!, program.values[value]!.shape)]),
      );
      const before = engine.numTensors();
      const stop = new RangeError('enough');
      for (const last of ['loss', order[1]]) {
        expect(() =>
          executable.run(feeds, (name, tensor) => {
            tensor.dispose();
            if (name === last) throw stop;
          }),
        ).toThrow(stop);
        expect(engine.numTensors()).toBe(before);
      }
      for (const tensor of Object.values(feeds)) tensor.dispose();
      executable.dispose();
    });

    it('goes on after a run in parts that failed', () => {
      const b = new ProgramBuilder();
      const x = b.input('x', [3]);
      const y = b.gatherNd(x, b.input('rows', [-1, 1], 'int32'));
      b.output('twice', b.mul(x, 2));
      b.output('y', y);
      b.output('sum', b.sum(y));
      const executable = engine.compile(b.finish(), { name: 'parts', stages: [['twice'], ['y'], ['sum']] });
      const before = engine.numTensors();
      const sumOf = (row: number): number => {
        const feeds = {
          x: engine.tensor(Float32Array.of(1, 2, 3), [3]),
          rows: engine.tensor(Int32Array.of(row), [1, 1]),
        };
        let sum = Number.NaN;
        try {
          executable.run(feeds, (name, tensor) => {
            if (name === 'sum') sum = tensor.read()[0]!;
            tensor.dispose();
          });
        } finally {
          for (const tensor of Object.values(feeds)) tensor.dispose();
        }
        return sum;
      };
      for (let round = 0; round < 3; round += 1) {
        expect(() => sumOf(7)).toThrow(/^program parts: .*indices.*7/);
        expect(sumOf(1)).toBe(2);
      }
      expect(engine.numTensors()).toBe(before);
      executable.dispose();
    });

    it('tells a failed run by the program’s name and TensorFlow’s reason, and goes on', () => {
      const b = new ProgramBuilder();
      b.output('y', b.gatherNd(b.input('x', [3]), b.input('rows', [-1, 1], 'int32')));
      const executable = engine.compile(b.finish(), { name: 'gather' });
      const x = engine.tensor(Float32Array.of(1, 2, 3), [3]);
      const run = (row: number): TypedArray => {
        const rows = engine.tensor(Int32Array.of(row), [1, 1]);
        try {
          const { y } = runAll(executable, { x, rows });
          const host = y!.read();
          y!.dispose();
          return host;
        } finally {
          rows.dispose();
        }
      };
      let error: EngineError | undefined;
      try {
        run(7);
      } catch (thrown) {
        error = thrown as EngineError;
      }
      expect(error).toMatchObject({ code: 'ENGINE_RUN_FAILED' });
      expect(error!.message).toMatch(/^program gather: .*indices.*7/);
      expect(error!.message).not.toContain('\n');
      expect([...run(2)]).toEqual([3]);
      x.dispose();
      executable.dispose();
    });

    it('takes tensors of its own only', () => {
      const b = new ProgramBuilder();
      b.output('y', b.add(b.input('x', [1]), 1));
      const executable = engine.compile(b.finish(), { name: 'plus' });
      const foreign = plain.tensor(Float32Array.of(1), [1]);
      expect(() => runAll(executable, { x: foreign })).toThrow(
        /program plus: feed x wants float32 \[1\], got a tensor that is/,
      );
      foreign.dispose();
      executable.dispose();
    });
  },
);
