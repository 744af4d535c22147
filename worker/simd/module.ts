/** Opens the SIMD WebAssembly modules that `assembly/` is compiled to. */
import { readFileSync } from 'node:fs';
import { EngineError } from '../../proto/errors.js';
import { builtEntry } from '../../proto/paths.js';

const compiled = new Map<string, WebAssembly.Module>();

/**
 * Returns the exports of a module on a heap. A module is compiled once per thread and has no state of its own.
 *
 * @typeParam Exports the functions that the caller uses; `assembly/NAME.ts` declares them
 * @param name of the file in `assembly/`, without extension
 * @param heap with the memory to work on: shared, or of another WebAssembly program for modules in `assembly/unshared/`
 * @throws EngineError `ENGINE_KERNELS_MISSING` when the build has not made it
 */
export function openSimd<Exports>(name: string, heap: { readonly memory: object }): Exports {
  let module = compiled.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(readModule(name));
    compiled.set(name, module);
  }
  const instance = new WebAssembly.Instance(module, { env: { memory: heap.memory } });
  return instance.exports as Exports;
}

function readModule(name: string): Uint8Array<ArrayBuffer> {
  const path = builtEntry(`worker/simd/${name}`).replace(/\.js$/, '.wasm');
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new EngineError('ENGINE_KERNELS_MISSING', `the SIMD kernels ${path} cannot be read`, {
      hint: 'run "npm run build"',
      cause: error,
    });
  }
}
