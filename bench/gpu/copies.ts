/**
 * What copying a model's gradients to the host and its weights to the device takes: copies.js MODEL_YAML NC THREADS cpu|gpu. Prints
 * one line of JSON ({@link CopyFigures}). A process of its own, as an engine fixes its device when it loads.
 */
import { ProgramBuilder } from '../../worker/engine/builder.js';
import type { DeviceTensor, Executable } from '../../worker/engine/engine.js';
import { numElements, type Shape, type Value } from '../../worker/engine/program.js';
import { openEngine } from '../../worker/engine/registry.js';
import { SimdHeap } from '../../worker/simd/heap.js';
import { median } from '../median.js';
import { stepModel } from '../step/start.js';

/** Medians in seconds. */
export interface CopyFigures {
  /** Of all gradients, and of all weights. */
  readonly bytes: number;
  readonly toHostSeconds: number;
  readonly toDeviceSeconds: number;
}

const WARM_UP_RUNS = 3;
const MEASURED_RUNS = 15;

/** Arrays of the gradients' shapes that are made on the device, or that are fed; whole or as one sum each. */
function program(shapes: readonly Shape[], isFed: boolean, isWhole: boolean) {
  const b = new ProgramBuilder();
  const factor = b.input('factor', []);
  const array = (shape: Shape, i: number): Value => {
    if (isFed) return b.input(`w${i}`, shape);
    return b.constant(new Float32Array(numElements(shape)).fill(0.5), shape);
  };
  for (const [i, shape] of shapes.entries()) {
    const y = b.mul(array(shape, i), factor);
    b.output(`y${i}`, isWhole ? y : b.reshape(b.sum(y), [1]));
  }
  return b.finish();
}

async function measure(modelPath: string, nc: number, numThreads: number, device: 'cpu' | 'gpu'): Promise<CopyFigures> {
  const engine = await openEngine('tensorflow', { numThreads, device: device === 'gpu' ? 0 : 'cpu' });
  const { state } = await stepModel(modelPath, nc);
  const shapes = state.filter(({ group }) => group !== undefined).map(({ engineShape }) => engineShape);
  const heap = new SimdHeap();
  const factor = engine.tensor(new Float32Array([0.25]), []);
  const lengths = shapes.map(numElements);
  const arrays = lengths.map((length) => heap.float32(length));
  const weights: Record<string, DeviceTensor> = Object.fromEntries(
    shapes.map((shape, i) => [`w${i}`, engine.lend(arrays[i]!, shape) ?? engine.tensor(arrays[i]!, shape)]),
  );
  const targets = lengths.map((length) => heap.float32(length));
  const seconds = (executable: Executable, feeds: Record<string, DeviceTensor>, isRead: boolean): number => {
    const taken: number[] = [];
    for (let run = 0; run < WARM_UP_RUNS + MEASURED_RUNS; run++) {
      const startedMs = performance.now();
      executable.run(feeds, (name, tensor) => {
        if (isRead) tensor.read(targets[Number(name.slice(1))]!);
        tensor.dispose();
      });
      taken.push((performance.now() - startedMs) / 1000);
    }
    executable.dispose();
    return median(taken.slice(WARM_UP_RUNS));
  };
  const compile = (name: string, isFed: boolean, isWhole: boolean): Executable =>
    engine.compile(program(shapes, isFed, isWhole), { name });
  const neither = seconds(compile('copies-neither', false, false), { factor }, false);
  const out = seconds(compile('copies-out', false, true), { factor }, true);
  const within = seconds(compile('copies-in', true, false), { factor, ...weights }, false);
  return {
    bytes: lengths.reduce((sum, length) => sum + length, 0) * Float32Array.BYTES_PER_ELEMENT,
    toHostSeconds: Math.max(0, out - neither),
    toDeviceSeconds: Math.max(0, within - neither),
  };
}

const [modelPath = '', nc = '', threads = '', device = ''] = process.argv.slice(2);
const figures = await measure(modelPath, Number(nc), Number(threads), device === 'gpu' ? 'gpu' : 'cpu');
process.stdout.write(`${JSON.stringify(figures)}\n`);
