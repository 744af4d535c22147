/**
 * The contract between Lockstep and whatever multiplies its matrices. An engine compiles {@link Program}s and runs
 * them on tensors that it keeps. Everything above this file is the same on every engine; only the folders beside it
 * name a backend package.
 */
import type { DType, Program, Shape } from './program.js';

export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** A tensor that an engine keeps in its own memory. Whoever made it or received it disposes of it. */
export interface DeviceTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Copies the elements, row-major, into `target` (or a new array) and returns it. */
  read(target?: TypedArray): TypedArray;
  /** Copies elements `begin` … into `target`, which is not longer than what is left. */
  readPart(target: TypedArray, begin: number): void;
  /** Gives the memory back. Idempotent. */
  dispose(): void;
}

/** What a run is fed: host data or tensors already on the device, by input name. The engine keeps neither. */
export type Feeds = Readonly<Record<string, DeviceTensor>>;

/** How to compile. */
export interface CompileOptions {
  /** Names the program in logs and traces. */
  readonly name: string;
  /**
   * Groups of output names in the order in which they shall be handed out. A group comes as soon
   * as it is there, so that a caller can send the first gradients while the later ones are computed. Outputs not listed come with
   * the last group.
   * @defaultValue one group with all outputs
   */
  readonly stages?: readonly (readonly string[])[] | undefined;
  /**
   * How often the program will run, all told: what it may cost to compile. The same number gives the same bits.
   * @defaultValue 1
   */
  readonly expectedRuns?: number | undefined;
}

/** Receives each output as soon as it is there. The receiver owns the tensor and must dispose of it. */
export type OutputHandler = (name: string, tensor: DeviceTensor) => void;

/** A compiled program. */
export interface Executable {
  /**
   * Runs synchronously: returns when all outputs have been handed out.
   * @throws EngineError `ENGINE_FEED_MISMATCH` (missing name, wrong shape or dtype) or `ENGINE_RUN_FAILED`
   */
  run(feeds: Feeds, onOutput: OutputHandler): void;
  dispose(): void;
}

/** What `doctor`, the metrics and the run's manifest tell about an engine. */
export interface EngineInfo {
  readonly name: 'tensorflow' | 'wasm';
  /** Version of the library underneath, such as `tensorflow 2.21.0`. */
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  /** Threads that one operator may use. */
  readonly numThreads: number;
}

/** An engine in this process. */
export interface Engine {
  readonly info: EngineInfo;
  /** Copies host data onto the device. `data.length` must equal the number of elements of `shape`. */
  tensor(data: TypedArray, shape: Shape, dtype?: DType): DeviceTensor;
  /**
   * Makes a tensor of host memory itself: programs that run later see what has been written there meanwhile, and nothing is copied.
   * The memory must stay as it is while a program runs. Undefined where the engine works on memory of its own, or where `data` does not
   * lie on a `SimdHeap` at a multiple of 64 bytes; {@link Engine.tensor} makes a copy then.
   */
  lend(data: TypedArray, shape: Shape): DeviceTensor | undefined;
  compile(program: Program, options: CompileOptions): Executable;
  /** Live tensors, for leak checks and the metric `lockstep_backend_tensors`. */
  numTensors(): number;
  dispose(): void;
}

/** Settings for opening an engine. They must be fixed before the backend loads, hence one engine per process. */
export interface EngineOptions {
  /** Threads that one operator may use; fixed because another number gives other bits. */
  readonly numThreads: number;
  /** `cpu`, or the index of a GPU among those visible to the process. */
  readonly device: 'cpu' | number;
}

/** Runs once and collects all outputs; the caller disposes of them. */
export function runAll(executable: Executable, feeds: Feeds): Record<string, DeviceTensor> {
  const outputs: Record<string, DeviceTensor> = {};
  executable.run(feeds, (name, tensor) => {
    outputs[name] = tensor;
  });
  return outputs;
}
