/**
 * The typed face of the native addon (tfjs-node's N-API sources built against a current libtensorflow) and the way it
 * is loaded. None of tfjs-node's JavaScript is involved.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { EngineError } from '../../../proto/errors.js';
import { withQuietStderr } from './quiet-stderr.js';
import { xlaCacheFlags } from './xla-cache.js';

/** What the addon says about a tensor that it made. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  /** TensorFlow's number of the type, see `DATA_TYPE` in graphdef.ts. */
  readonly dtype: number;
}

/** The part of the addon that Lockstep calls. Tensors and models are known by numbers; every call throws plain errors. */
export interface Binding {
  readonly TF_Version: string;
  /**
   * Makes a tensor that may share the array's memory: TensorFlow copies only what is not aligned to 64 bytes. Hand it an
   * array that nobody writes to any more.
   */
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(tensorId: number): void;
  /** Runs one operator at once, outside any graph. */
  executeOp(
    op: string,
    attrs: readonly { readonly name: string; readonly type: number; readonly value: number }[],
    inputIds: readonly number[],
    numOutputs: number,
  ): TensorMetadata[];
  /** `type` of a {@link executeOp} attribute that holds an element type. */
  readonly TF_ATTR_TYPE: number;
  /** Copies the elements of a float32, int32 or bool tensor into a new array. */
  tensorDataSync(tensorId: number): Float32Array | Int32Array | Uint8Array;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(modelId: number): void;
  /** Runs synchronously. Names are joined by commas, such as `in0:0,in1:0`; empty for none. */
  runSavedModel(modelId: number, inputIds: readonly number[], inputs: string, outputs: string): TensorMetadata[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** What must be settled before the library is loaded, because it reads it once. */
export interface LoadOptions {
  readonly numThreads: number;
  /** `cpu`, or the index of a GPU among those visible to the process. */
  readonly device: 'cpu' | number;
  /** Folder with the addon and, beside it, libtensorflow. */
  readonly libraryDir: string;
}

/** File name of the addon. */
const ADDON = 'tfjs_binding.node';

let loaded: { readonly binding: Binding; readonly key: string } | undefined;

/**
 * Loads the addon. A process holds one TensorFlow: a second call with the same options gives the same addon.
 *
 * @throws EngineError `ENGINE_NOT_INSTALLED` (no addon there), `ENGINE_LOAD_FAILED` (it does not load), or
 *   `ENGINE_ALREADY_OPEN` (it is loaded with other options)
 */
export async function loadBinding(options: LoadOptions): Promise<Binding> {
  const key = JSON.stringify([options.numThreads, options.device, options.libraryDir]);
  if (loaded !== undefined) {
    if (loaded.key === key) return loaded.binding;
    throw new EngineError('ENGINE_ALREADY_OPEN', `TensorFlow is loaded with ${loaded.key}, asked for ${key}`, {
      hint: 'threads and device are fixed when TensorFlow loads; use another process for other settings',
    });
  }
  const path = join(options.libraryDir, ADDON);
  if (!existsSync(path)) {
    throw new EngineError('ENGINE_NOT_INSTALLED', `no TensorFlow addon at ${path}`, {
      hint: 'run `./launch doctor` to see how the native engine is staged, or choose --engine wasm',
      details: { path },
    });
  }
  settleEnvironment(options);
  const binding = await withQuietStderr(() => requireAddon(path));
  loaded = { binding, key };
  return binding;
}

function requireAddon(path: string): Binding {
  try {
    return createRequire(import.meta.url)(path) as Binding;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new EngineError('ENGINE_LOAD_FAILED', `cannot load ${path}: ${reason}`, {
      hint: 'stage the native engine anew with `./launch doctor`, or choose --engine wasm',
      details: { path },
      cause: error,
    });
  }
}

/**
 * Sets what libtensorflow reads while it loads. Node passes `process.env` on to the C library, so on the main thread
 * this is in time (a worker thread's `process.env` is a copy: there the launcher's values hold).
 *
 * Measured with TensorFlow 2.21 on a 3×3 convolution, two cores: intra-op 1 and inter-op 1 use 1.00 core and 60 ms, 2 and 2
 * use 1.9 cores and 31 ms, 2 and 1 only 1.5 cores and 52 ms. `OMP_NUM_THREADS=1` alone still used 1.6 cores, as this
 * build's oneDNN runs on TensorFlow's own pool; it is set for whatever else may look at it.
 */
function settleEnvironment(options: LoadOptions): void {
  const threads = String(options.numThreads);
  process.env.TF_NUM_INTRAOP_THREADS = threads;
  process.env.TF_NUM_INTEROP_THREADS = threads;
  process.env.OMP_NUM_THREADS = threads;
  if (options.device === 'cpu') keepCompiled(options.libraryDir);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  // Without this TensorFlow takes the whole GPU at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  if (options.device === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1';
  else process.env.CUDA_VISIBLE_DEVICES = visible?.split(',')[options.device] ?? String(options.device);
}

/** Turns XLA's cache on. Reading it, TensorFlow first takes each file for text and logs that as an error. */
function keepCompiled(libraryDir: string): void {
  if (process.env.TF_XLA_FLAGS !== undefined) return;
  const flags = xlaCacheFlags(libraryDir);
  if (flags === undefined) return;
  process.env.TF_XLA_FLAGS = flags;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
}
