/** The engines that this machine can run tests on. */
import type { Engine } from '../../worker/engine/engine.js';
import { openTensorflowEngine } from '../../worker/engine/tensorflow/index.js';
import { openWasmEngine } from '../../worker/engine/wasm/index.js';

/** An engine that can be opened. */
export interface AvailableEngine {
  readonly name: 'tensorflow' | 'wasm';
  readonly open: () => Promise<Engine>;
}

/** wasm always; TensorFlow where `LOCKSTEP_TF_LIB_DIR` names a staged library. */
export function availableEngines(): AvailableEngine[] {
  const libraryDir = process.env.LOCKSTEP_TF_LIB_DIR;
  const engines: AvailableEngine[] = [{ name: 'wasm', open: () => openWasmEngine({ numThreads: 1, device: 'cpu' }) }];
  if (libraryDir) {
    // One TensorFlow per process; the tests of a file share it, and it ends with the process.
    let opened: Promise<Engine> | undefined;
    engines.unshift({
      name: 'tensorflow',
      open: () => {
        opened ??= openTensorflowEngine({ numThreads: 2, device: 'cpu', libraryDir }).then(withoutDispose);
        return opened;
      },
    });
  }
  return engines;
}

function withoutDispose(engine: Engine): Engine {
  return {
    info: engine.info,
    tensor: (data, shape, dtype) => engine.tensor(data, shape, dtype),
    lend: (data, shape) => engine.lend(data, shape),
    compile: (program, options) => engine.compile(program, options),
    numTensors: () => engine.numTensors(),
    dispose: () => {},
  };
}
