/** Makes the native engine ready for a process that the launcher does not start. */
import { ensureNativeEngine, LIBRARY_DIR_VARIABLE } from '../coordinator/setup/native-engine.js';
import { stepPrinter } from '../coordinator/setup/progress.js';

/**
 * What the environment of a process must hold before it opens the engine; stages the native engine at first use.
 * @throws EngineError if the native engine cannot be had on this machine
 */
export async function engineEnvironment(
  engine: 'tensorflow' | 'wasm',
  numThreads: number,
): Promise<Readonly<Record<string, string>>> {
  if (engine === 'wasm') return {};
  const native = await ensureNativeEngine({ device: 'cpu', onProgress: stepPrinter(process.stderr) });
  const threads = String(numThreads);
  const pools = { OMP_NUM_THREADS: threads, TF_NUM_INTRAOP_THREADS: threads };
  return { ...pools, [LIBRARY_DIR_VARIABLE]: native.libraryDir, ...native.env };
}
