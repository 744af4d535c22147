/**
 * The arrays of the wasm engine: blocks on the heap of tfjs-backend-wasm, reached in two ways, by its kernels and as
 * typed arrays over the same memory. tfjs's own tensors, tidying and bookkeeping stay out of it.
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../../../proto/errors.js';
import type { TypedArray } from '../engine.js';
import { type DType, numElements, type Shape } from '../program.js';
import { openKernels, type SimdKernels } from './simd.js';

/** A block of memory; several arrays of other shapes may share it. */
interface Block {
  /** What the allocator gave, and gets back. */
  readonly allocated: number;
  /** Of the first element. */
  readonly address: number;
  numOwners: number;
}

/** A cache line: vectors of an array that begins at one never lie across two. */
const ALIGNMENT = 64;
/** What tfjs's allocator aligns to by itself. */
const ALLOCATOR_ALIGNMENT = 8;

/** Elements on the heap, row-major. Written once by whoever allocated it, never changed afterwards. */
export interface HeapArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly block: Block;
}

/** What we use of the WebAssembly program inside tfjs. */
interface WasmProgram {
  /** `buffer` is another object after each growth, and the ones before are empty. */
  readonly asm: { readonly memory: { readonly buffer: ArrayBuffer } };
  _malloc(bytes: number): number;
  _free(address: number): void;
  readonly tfjs: { disposeData(id: number): void };
}

type TfjsCore = typeof import('@tensorflow/tfjs-core');

const ARRAY_OF = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

// tfjs knows no uint8; its one-byte type is bool, and only our own loops look into those bytes.
const TFJS_DTYPE = { float32: 'float32', int32: 'int32', uint8: 'bool' } as const;

/** The heap of the one wasm backend in this process. */
export class Heap {
  readonly numThreads: number;
  readonly version: string;
  /** Our own kernels, on the same memory. */
  readonly simd: SimdKernels;
  readonly #core: TfjsCore;
  readonly #program: WasmProgram;
  readonly #backend: BackendWasm;
  #numBlocks = 0;

  private constructor(core: TfjsCore, backend: BackendWasm, numThreads: number) {
    this.#core = core;
    this.#backend = backend;
    this.numThreads = numThreads;
    this.version = core.version_core;
    this.#program = programOf(backend);
    this.simd = openKernels(this.#program.asm.memory);
  }

  /** Loads tfjs and its SIMD binary from node_modules. */
  static async load(): Promise<Heap> {
    const before = processListeners();
    const core = await import('@tensorflow/tfjs-core');
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'));
    wasm.setWasmPaths(join(folder, 'dist') + sep);
    const loaded = await core.setBackend('wasm');
    const backend = core.engine().backend;
    removeNewListeners(before);
    if (!loaded || !(backend instanceof wasm.BackendWasm)) {
      throw new EngineError('ENGINE_LOAD_FAILED', `the wasm backend did not start from ${folder}`, {
        hint: 'run npm ci again; the package @tensorflow/tfjs-backend-wasm seems to be incomplete',
      });
    }
    return new Heap(core, backend, wasm.getThreadsCount());
  }

  /** Blocks that somebody owns. */
  get numBlocks(): number {
    return this.#numBlocks;
  }

  /** Returns an array with undefined contents. Views taken before are void: the heap may have moved. */
  allocate(shape: Shape, dtype: DType = 'float32'): HeapArray {
    const bytes = numElements(shape) * ARRAY_OF[dtype].BYTES_PER_ELEMENT;
    const wanted = bytes + ALIGNMENT - ALLOCATOR_ALIGNMENT;
    // The allocator returns a signed integer, negative from 2 GiB on, and takes the size modulo 4 GiB.
    const allocated = wanted < 2 ** 32 ? this.#program._malloc(wanted) >>> 0 : 0;
    if (allocated === 0) {
      throw new EngineError('ENGINE_OUT_OF_MEMORY', `no room for ${numElements(shape)} elements of ${dtype}`, {
        hint: 'the wasm engine has at most 4 GiB: use smaller batches or images, or the tensorflow engine',
      });
    }
    const address = Math.ceil(allocated / ALIGNMENT) * ALIGNMENT;
    this.#numBlocks++;
    return { shape, dtype, block: { allocated, address, numOwners: 1 } };
  }

  /** Returns a new array with a copy of `data`. */
  upload(data: TypedArray, shape: Shape, dtype: DType): HeapArray {
    const array = this.allocate(shape, dtype);
    this.view(array).set(data);
    return array;
  }

  /** The elements in place. Valid until the next allocation, so allocate everything first. */
  view({ dtype, shape, block }: HeapArray): TypedArray {
    return new ARRAY_OF[dtype](this.#program.asm.memory.buffer, block.address, numElements(shape));
  }

  /** {@link view} of a float32 array. */
  floats(array: HeapArray): Float32Array {
    const view = this.view(array);
    if (view instanceof Float32Array) return view;
    throw new EngineError('ENGINE_RUN_FAILED', `wants float32 elements, got ${array.dtype}`);
  }

  /** Where the elements begin, in bytes, for {@link simd}. It stays until the array is released. */
  address(array: HeapArray): number {
    return array.block.address;
  }

  /** `length` float32 at an address, which must lie in memory that the caller owns. Valid until the next allocation. */
  singles(address: number, length: number): Float32Array {
    return new Float32Array(this.#program.asm.memory.buffer, address, length);
  }

  /** `length` float64 at an address, which must lie in memory that the caller owns. Valid until the next allocation. */
  doubles(address: number, length: number): Float64Array {
    return new Float64Array(this.#program.asm.memory.buffer, address, length);
  }

  /**
   * Lends addresses of memory with undefined contents to `use`, one per size in bytes; it is taken back afterwards.
   * @returns what `use` returns
   */
  withScratch<Result>(sizesBytes: readonly number[], use: (...addresses: number[]) => Result): Result {
    const lent: HeapArray[] = [];
    try {
      for (const bytes of sizesBytes) lent.push(this.allocate([bytes], 'uint8'));
      return use(...lent.map((array) => this.address(array)));
    } finally {
      for (const array of lent) this.release(array);
    }
  }

  /** Runs a kernel of tfjs-backend-wasm that makes one float32 array of `shape`. */
  kernel(name: string, inputs: Readonly<Record<string, HeapArray>>, shape: Shape): HeapArray {
    const config = this.#core.getKernel(name, 'wasm');
    // Our arrays are tensors of tfjs only while it works on them.
    const infos = Object.entries(inputs).map(([key, { shape: size, dtype, block }]) => {
      return [key, this.#backend.makeOutput([...size], TFJS_DTYPE[dtype], block.address)] as const;
    });
    const made = config.kernelFunc({ inputs: Object.fromEntries(infos), backend: this.#backend, attrs: {} });
    const [info] = Array.isArray(made) ? made : [made];
    const address = this.#backend.getMemoryOffset(info!.dataId);
    for (const { dataId } of [...infos.map(([, tensor]) => tensor), info!]) this.#forget(dataId);
    this.#numBlocks++;
    return { shape, dtype: 'float32', block: { allocated: address, address, numOwners: 1 } };
  }

  /** The same elements in another shape, owned separately. */
  alias(array: HeapArray, shape: Shape = array.shape): HeapArray {
    array.block.numOwners++;
    return { shape, dtype: array.dtype, block: array.block };
  }

  /** Gives one ownership back, and the memory with the last one. */
  release(array: HeapArray): void {
    array.block.numOwners--;
    if (array.block.numOwners > 0) return;
    this.#numBlocks--;
    this.#program._free(array.block.allocated);
  }

  /** Strikes a tensor out of tfjs's books; its memory stays. */
  #forget(dataId: object): void {
    this.#program.tfjs.disposeData(this.#backend.dataIdMap.get(dataId).id);
    this.#backend.dataIdMap.delete(dataId);
  }
}

/** The program as Emscripten made it; its typings leave out the memory, by which other programs work on it in place. */
function programOf(backend: BackendWasm): WasmProgram {
  const program = backend.wasm as unknown as Partial<WasmProgram>;
  if (program.asm?.memory !== undefined && program._malloc !== undefined && program._free !== undefined) {
    return program as WasmProgram;
  }
  throw new EngineError('ENGINE_LOAD_FAILED', 'the program inside tfjs-backend-wasm does not export its memory', {
    hint: 'run npm ci again; the package @tensorflow/tfjs-backend-wasm is not the version that Lockstep was made for',
  });
}

type Listeners = ReadonlyMap<string, ReadonlySet<unknown>>;

const GRABBED_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

function processListeners(): Listeners {
  return new Map(GRABBED_EVENTS.map((event) => [event, new Set<unknown>(process.listeners(event as 'SIGINT'))]));
}

/** Emscripten's loader rethrows from process-wide handlers, which would hide our own; what it installed is removed. */
function removeNewListeners(before: Listeners): void {
  for (const event of GRABBED_EVENTS) {
    for (const listener of process.listeners(event as 'SIGINT')) {
      if (!before.get(event)?.has(listener)) process.removeListener(event, listener);
    }
  }
}
