/** Engines by name. A backend is loaded only when it is opened. */
import type { Engine, EngineInfo, EngineOptions } from './engine.js';

export type EngineName = EngineInfo['name'];

/**
 * Opens an engine in this process. Threads and device are fixed when the backend loads: one engine per process.
 *
 * @throws EngineError `ENGINE_NOT_INSTALLED` and the other codes of the backend's own opener
 */
export async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  switch (name) {
    case 'tensorflow': {
      const { openTensorflowEngine } = await import('./tensorflow/index.js');
      return openTensorflowEngine(options);
    }
    case 'wasm': {
      const { openWasmEngine } = await import('./wasm/index.js');
      return openWasmEngine(options);
    }
  }
}
