/** Opens the TensorFlow engine. */
import { EngineError } from '../../../proto/errors.js';
import type { Engine, EngineOptions } from '../engine.js';
import { TensorflowEngine } from './engine.js';
import { loadBinding } from './load-binding.js';

/** {@link EngineOptions} and where the native part lies. */
export interface TensorflowEngineOptions extends EngineOptions {
  /**
   * Folder with `tfjs_binding.node` and libtensorflow.
   * @defaultValue environment variable `LOCKSTEP_TF_LIB_DIR`
   */
  readonly libraryDir?: string | undefined;
}

/**
 * Loads libtensorflow and returns the engine. `LOCKSTEP_XLA=0` in the environment leaves XLA out: slower, but a first
 * run without compilation. `LOCKSTEP_WINOGRAD=0` or `1` decides on Winograd's convolutions where their number of runs else would.
 *
 * @throws EngineError `ENGINE_NOT_INSTALLED`, `ENGINE_LOAD_FAILED`, `ENGINE_ALREADY_OPEN` or `ENGINE_NO_GPU`
 */
export async function openTensorflowEngine(options: TensorflowEngineOptions): Promise<Engine> {
  const libraryDir = options.libraryDir ?? process.env.LOCKSTEP_TF_LIB_DIR;
  if (libraryDir === undefined || libraryDir === '') {
    throw new EngineError('ENGINE_NOT_INSTALLED', 'the native engine is not staged: LOCKSTEP_TF_LIB_DIR is not set', {
      hint: 'start through `./launch`, which stages it, or choose --engine wasm',
    });
  }
  const { numThreads, device } = options;
  const binding = loadBinding({ numThreads, device, libraryDir });
  const { LOCKSTEP_XLA, LOCKSTEP_WINOGRAD } = process.env;
  const engine = new TensorflowEngine(binding, {
    numThreads,
    xla: LOCKSTEP_XLA !== '0',
    winograd: LOCKSTEP_WINOGRAD === undefined ? undefined : LOCKSTEP_WINOGRAD === '1',
  });
  if (device !== 'cpu' && engine.info.device !== 'gpu') {
    throw new EngineError('ENGINE_NO_GPU', `device ${device}: TensorFlow ${binding.version} sees no GPU`, {
      hint: 'check nvidia-smi and that the GPU build is staged, or train with --device cpu',
      details: { device, visible: process.env.CUDA_VISIBLE_DEVICES },
    });
  }
  return engine;
}
