/** How the TensorFlow engine runs a step, seen from the binding: nothing here needs the native library. */
import { describe, expect, it } from 'vitest';
import { gradients } from '../../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../../worker/engine/builder.js';
import type { TypedArray } from '../../../worker/engine/engine.js';
import type { Program } from '../../../worker/engine/program.js';
import type { Binding, RunPart, TensorMetadata } from '../../../worker/engine/tensorflow/binding.js';
import { TensorflowEngine } from '../../../worker/engine/tensorflow/engine.js';

const FLOAT32 = 1;

interface Run {
  /** By group, as is what is fetched. */
  readonly feeds: readonly (readonly string[])[];
  readonly fetches: readonly (readonly string[])[];
}

/** Loads anything, and answers runs with tensors of one element; keeps what crosses between host and device. */
class RecordingBinding implements Binding {
  readonly version = '0.0.0';
  readonly isUsingGpu: boolean;
  readonly runs: Run[] = [];
  readonly numRead = new Map<number, number>();
  #nextId = 1;

  constructor(isUsingGpu: boolean) {
    this.isUsingGpu = isUsingGpu;
  }

  createTensor(): number {
    return this.#nextId++;
  }
  lendTensor(): undefined {
    return undefined;
  }
  deleteTensor(): void {}
  readTensor(tensor: number, target: TypedArray): void {
    this.numRead.set(tensor, (this.numRead.get(tensor) ?? 0) + target.length);
  }
  loadSavedModel(): number {
    return this.#nextId++;
  }
  deleteSavedModel(): void {}
  *run(_model: number, parts: readonly RunPart[]) {
    const fetches = parts.map(({ outputs }) => outputs.split(','));
    this.runs.push({ feeds: parts.map(({ inputs }) => inputs.split(',').filter((name) => name !== '')), fetches });
    for (const names of fetches) {
      yield names.map((): TensorMetadata => ({ id: this.#nextId++, shape: [1], dtype: FLOAT32 }));
    }
  }
}

const PARAMETERS = ['w1', 'w2', 'w3'] as const;

/** Three convolutions and a loss, whose gradients leave in three stages. */
function trainingProgram(): Program {
  const b = new ProgramBuilder();
  const x = b.cast(b.input('images', [1, 4, 4, 1], 'uint8'));
  const same = { strides: [1, 1] as const, padding: { top: 1, bottom: 1, left: 1, right: 1 } };
  const weights = PARAMETERS.map((name) => b.input(name, [3, 3, 1, 1]));
  const y = weights.reduce((value, w) => b.silu(b.conv2d(value, w, same)), x);
  const loss = b.sum(b.unary('square', y));
  b.output('loss', loss);
  gradients(b, loss, weights, (parameter, gradient) => {
    b.output(`d.${PARAMETERS[weights.indexOf(parameter)]!}`, gradient);
  });
  return b.finish();
}

function runOnce({ gpu = true, numThreads = 1 } = {}): { binding: RecordingBinding; outputs: string[] } {
  const binding = new RecordingBinding(gpu);
  const engine = new TensorflowEngine(binding, { numThreads, xla: false });
  const executable = engine.compile(trainingProgram(), {
    name: 'train',
    stages: [['loss', 'd.w3'], ['d.w2'], ['d.w1']],
  });
  const feeds = Object.fromEntries([
    ['images', engine.tensor(new Uint8Array(16), [1, 4, 4, 1])],
    ...PARAMETERS.map((name) => [name, engine.tensor(new Float32Array(9), [3, 3, 1, 1])] as const),
  ]);
  const outputs: string[] = [];
  executable.run(feeds, (name, tensor) => {
    outputs.push(name);
    tensor.dispose();
  });
  return { binding, outputs };
}

describe('a training step', () => {
  it('is one run, into which only images and weights go and out of which only loss and gradients come, group by group', () => {
    const { binding, outputs } = runOnce();
    expect(outputs).toEqual(['loss', 'd.w3', 'd.w2', 'd.w1']);
    expect(binding.runs).toHaveLength(1);
    expect(binding.runs[0]!.feeds.map((names) => names.length)).toEqual([1 + PARAMETERS.length, 0, 0]);
    expect(binding.runs[0]!.fetches.map((names) => names.length)).toEqual([2, 1, 1]);
    // What is not asked for is not copied out of TensorFlow's memory either.
    expect(binding.numRead.size).toBe(0);
  });

  it('asks for one group after the other where one thread computes, as it would hand all of them out at the end', () => {
    const numFed = (options: { gpu: boolean; numThreads: number }): number[] =>
      runOnce(options).binding.runs[0]!.feeds.map((names) => names.length);
    expect(numFed({ gpu: false, numThreads: 1 })).toEqual([1 + PARAMETERS.length, 1, 1]);
    expect(numFed({ gpu: false, numThreads: 2 })).toEqual([1 + PARAMETERS.length, 0, 0]);
  });
});
