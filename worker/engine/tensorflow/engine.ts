/** The TensorFlow engine: whole programs as graphs, run by libtensorflow. */
import type { CompileOptions, DeviceTensor, Engine, EngineInfo, Executable, TypedArray } from '../engine.js';
import type { DType, Program, Shape } from '../program.js';
import type { Binding } from './binding.js';
import { TensorflowExecutable } from './executable.js';
import { TensorStore } from './tensor.js';

/** Settings that do not concern the library itself. */
export interface TensorflowEngineSettings {
  readonly numThreads: number;
  /** Whether XLA compiles elementwise chains of known shape. */
  readonly xla: boolean;
  /** Whether 3×3 convolutions may go Winograd's way. @defaultValue where the runs are many enough to pay for compiling it */
  readonly winograd?: boolean | undefined;
}

/** Compiling a convolution for Winograd's way takes about 1.5 s of processor time, and a run then saves some 10 ms. */
const MIN_RUNS_FOR_WINOGRAD = 500;

/** See {@link Engine}. */
export class TensorflowEngine implements Engine {
  readonly info: EngineInfo;
  readonly #binding: Binding;
  readonly #tensors: TensorStore;
  readonly #xla: boolean;
  readonly #winograd: boolean | undefined;
  readonly #executables = new Set<Executable>();

  constructor(binding: Binding, settings: TensorflowEngineSettings) {
    this.#binding = binding;
    this.#tensors = new TensorStore(binding);
    this.#xla = settings.xla;
    this.#winograd = settings.winograd;
    this.info = {
      name: 'tensorflow',
      version: `tensorflow ${binding.version}`,
      device: binding.isUsingGpu ? 'gpu' : 'cpu',
      numThreads: settings.numThreads,
    };
  }

  tensor(data: TypedArray, shape: Shape, dtype: DType = defaultDType(data)): DeviceTensor {
    return this.#tensors.fromHost(data, shape, dtype);
  }

  lend(data: TypedArray, shape: Shape): DeviceTensor | undefined {
    return this.#tensors.lend(data, shape, defaultDType(data));
  }

  compile(program: Program, options: CompileOptions): Executable {
    let executable: Executable | undefined;
    executable = new TensorflowExecutable(this.#binding, this.#tensors, program, {
      name: options.name,
      stages: options.stages,
      xla: this.#xla,
      // A GPU computes while its one thread waits.
      gated: this.info.numThreads === 1 && this.info.device === 'cpu',
      winogradThreads: this.#winogradThreads(options.expectedRuns ?? 1),
      // Also called for one that did not come into being.
      onDispose: () => {
        if (executable !== undefined) this.#executables.delete(executable);
      },
    });
    this.#executables.add(executable);
    return executable;
  }

  /** The GPU's library chooses among such ways by itself. */
  #winogradThreads(expectedRuns: number): number {
    if (this.info.device === 'gpu') return 0;
    return (this.#winograd ?? expectedRuns >= MIN_RUNS_FOR_WINOGRAD) ? this.info.numThreads : 0;
  }

  numTensors(): number {
    return this.#tensors.size;
  }

  dispose(): void {
    for (const executable of this.#executables) executable.dispose();
    this.#executables.clear();
    this.#tensors.clear();
  }
}

function defaultDType(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}
