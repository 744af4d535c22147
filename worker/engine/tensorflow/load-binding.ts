/**
 * How TensorFlow's library is loaded: called directly where there is a foreign function interface, else through the native addon
 * (tfjs-node's N-API sources built against the same library).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../../proto/errors.js';
import { AddonBinding, loadAddon } from './addon-binding.js';
import type { Binding } from './binding.js';
import { openCApi } from './c-api.js';
import { LibraryBinding } from './library-binding.js';
import { withQuietStderr } from './quiet-stderr.js';
import { xlaCacheFlags } from './xla-cache.js';

/** What must be settled before the library is loaded, because it reads it once. */
export interface LoadOptions {
  readonly numThreads: number;
  /** `cpu`, or the index of a GPU among those visible to the process. */
  readonly device: 'cpu' | number;
  /** Folder with the addon and, beside it, libtensorflow. */
  readonly libraryDir: string;
}

/** File name of the addon. */
export const ADDON = 'tfjs_binding.node';

let loaded: { readonly binding: Binding; readonly key: string } | undefined;

/**
 * Loads the library. A process holds one TensorFlow: a second call with the same options gives the same binding.
 *
 * @throws EngineError `ENGINE_NOT_INSTALLED` (no addon there), `ENGINE_LOAD_FAILED` (it does not load), or
 *   `ENGINE_ALREADY_OPEN` (it is loaded with other options)
 */
export function loadBinding(options: LoadOptions): Binding {
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
  const binding = withQuietStderr(() => open(options.libraryDir, path));
  loaded = { binding, key };
  return binding;
}

function open(libraryDir: string, addonPath: string): Binding {
  const api = openCApi(libraryDir);
  return api === undefined ? new AddonBinding(loadAddon(addonPath)) : new LibraryBinding(api);
}

/**
 * Threads that begin nodes of a graph for a GPU. One alone would begin whatever its last node makes ready and hand finished outputs out when
 * nothing is left to begin. On the CPU a second one would compute too, so graphs for one thread have gates instead (see `executable.ts`).
 */
const MIN_INTEROP_THREADS_GPU = 2;

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
  process.env.TF_NUM_INTEROP_THREADS = String(
    options.device === 'cpu' ? options.numThreads : Math.max(MIN_INTEROP_THREADS_GPU, options.numThreads),
  );
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
