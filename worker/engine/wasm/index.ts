/** The wasm engine: tfjs-backend-wasm on the CPU, for machines where the native library cannot be had. */
import { EngineError } from '../../../proto/errors.js';
import type {
  CompileOptions,
  DeviceTensor,
  Engine,
  EngineInfo,
  EngineOptions,
  Executable,
  TypedArray,
} from '../engine.js';
import { type DType, isHalf, numElements, type Program, type Shape } from '../program.js';
import { WasmExecutable } from './executable.js';
import { Heap } from './heap.js';
import { WasmTensor } from './tensor.js';

let heap: Promise<Heap> | undefined;

/**
 * Opens the wasm engine. It uses one thread whatever `numThreads` says (see `info.numThreads`), because the threaded
 * binary does not run in Node.
 *
 * @throws EngineError `ENGINE_NO_GPU` when a GPU is asked for, `ENGINE_LOAD_FAILED` when the package is broken
 */
export async function openWasmEngine(options: EngineOptions): Promise<Engine> {
  if (options.device !== 'cpu') {
    throw new EngineError('ENGINE_NO_GPU', `the wasm engine cannot use GPU ${options.device}: it runs on the CPU`, {
      hint: 'use --device cpu, or the tensorflow engine',
    });
  }
  heap ??= Heap.load();
  return new WasmEngine(await heap);
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}

function refuseHalf(program: Program, name: string): void {
  const half = program.values.find(({ dtype }) => isHalf(dtype));
  if (half === undefined) return;
  throw new EngineError(
    'ENGINE_UNSUPPORTED',
    `program ${name} computes in ${half.dtype}, which the wasm engine does not`,
    {
      hint: 'use --amp off, or the tensorflow engine',
      details: { program: name, dtype: half.dtype },
    },
  );
}

class WasmEngine implements Engine {
  readonly info: EngineInfo;
  readonly #heap: Heap;
  /** What dispose() must still give back. */
  readonly #owned = new Set<{ dispose(): void }>();
  #disposed = false;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.info = {
      name: 'wasm',
      version: `tfjs-backend-wasm ${heap.version}`,
      device: 'cpu',
      numThreads: heap.numThreads,
    };
  }

  /** All arrays lie on the heap of the backend. */
  lend(): undefined {
    return undefined;
  }

  tensor(data: TypedArray, shape: Shape, dtype: DType = dtypeOf(data)): DeviceTensor {
    this.#assertOpen();
    if (data.length !== numElements(shape)) {
      throw new EngineError('ENGINE_SHAPE_MISMATCH', `${data.length} elements do not fill [${shape.join(', ')}]`);
    }
    return new WasmTensor(this.#heap, this.#heap.upload(data, [...shape], dtype), this.#owned);
  }

  compile(program: Program, options: CompileOptions): Executable {
    this.#assertOpen();
    refuseHalf(program, options.name);
    return new WasmExecutable(this.#heap, program, options, this.#owned);
  }

  numTensors(): number {
    return this.#heap.numBlocks;
  }

  dispose(): void {
    this.#disposed = true;
    for (const owned of [...this.#owned]) owned.dispose();
  }

  #assertOpen(): void {
    if (this.#disposed) throw new EngineError('ENGINE_DISPOSED', 'this engine has been disposed of');
  }
}
