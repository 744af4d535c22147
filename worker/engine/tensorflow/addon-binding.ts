/** The binding through tfjs-node's native addon, for where libraries cannot be called directly. */
import { createRequire } from 'node:module';
import { EngineError } from '../../../proto/errors.js';
import { isHeapBuffer } from '../../simd/heap.js';
import type { TypedArray } from '../engine.js';
import { type Binding, type RunPart, SHARED_FROM_ALIGNMENT, type TensorMetadata, wholeRun } from './binding.js';
import { DATA_TYPE } from './graphdef.js';

/** The part of the addon that is called. Tensors and models are known by numbers; every call throws plain errors. */
export interface Addon {
  readonly TF_Version: string;
  /**
   * Makes a tensor that may share the array's memory: TensorFlow copies only what is not aligned to 64 bytes. Hand it an
   * array that nobody writes to any more.
   */
  createTensor(shape: readonly number[], dtype: number, data: TypedArray): number;
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
  tensorDataSync(tensorId: number): TypedArray;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(modelId: number): void;
  /** Runs synchronously. Names are joined by commas, such as `in0:0,in1:0`; empty for none. */
  runSavedModel(modelId: number, inputIds: readonly number[], inputs: string, outputs: string): TensorMetadata[];
  isUsingGpuDevice(): boolean;
}

/** Larger tensors get a copy of their own, so that no more memory than this is kept for copying. */
const MAX_STAGING_BYTES = 64 * 2 ** 20;

/** Returns the addon in this file. @throws EngineError `ENGINE_LOAD_FAILED` */
export function loadAddon(path: string): Addon {
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new EngineError('ENGINE_LOAD_FAILED', `cannot load ${path}: ${reason}`, {
      hint: 'stage the native engine anew with `./launch doctor`, or choose --engine wasm',
      details: { path },
      cause: error,
    });
  }
}

/** See {@link Binding}. */
export class AddonBinding implements Binding {
  readonly version: string;
  readonly isUsingGpu: boolean;
  readonly #addon: Addon;
  #staging = new ArrayBuffer(0);

  constructor(addon: Addon) {
    this.#addon = addon;
    this.version = addon.TF_Version;
    this.isUsingGpu = addon.isUsingGpuDevice();
  }

  createTensor(shape: readonly number[], dtype: number, data: TypedArray): number {
    return this.#addon.createTensor(shape, dtype, this.#staged(data));
  }

  /** The addon frees shared memory when the garbage collector pleases, so it is lent none. */
  lendTensor(): undefined {
    return undefined;
  }

  deleteTensor(tensor: number): void {
    this.#addon.deleteTensor(tensor);
  }

  readTensor(tensor: number, target: TypedArray, begin: number): void {
    const data = target instanceof Uint8Array ? this.#readBytes(tensor) : this.#addon.tensorDataSync(tensor);
    target.set(begin === 0 && data.length === target.length ? data : data.subarray(begin, begin + target.length));
  }

  loadSavedModel(folder: string, tag: string): number {
    return this.#addon.loadSavedModel(folder, tag);
  }

  deleteSavedModel(model: number): void {
    this.#addon.deleteSavedModel(model);
  }

  *run(model: number, parts: readonly RunPart[]): Generator<TensorMetadata[]> {
    const { inputIds, inputs, outputs } = wholeRun(parts);
    const made = this.#addon.runSavedModel(model, inputIds, inputs, outputs);
    for (const part of parts) yield made.splice(0, part.outputs.split(',').length);
  }

  /** The addon cannot read bytes, so TensorFlow widens them first. */
  #readBytes(id: number): Uint8Array {
    const type = this.#addon.TF_ATTR_TYPE;
    const attrs = [
      { name: 'SrcT', type, value: DATA_TYPE.uint8 },
      { name: 'DstT', type, value: DATA_TYPE.int32 },
    ];
    const [wide] = this.#addon.executeOp('Cast', attrs, [id], 1);
    const data = Uint8Array.from(this.#addon.tensorDataSync(wide!.id));
    this.#addon.deleteTensor(wide!.id);
    return data;
  }

  /**
   * Returns the data in memory that the addon copies from. It shares memory aligned to 64 bytes with the tensor and copies
   * any other at once. Buffers start at multiples of 8 at least, so 4 bytes behind such a start nothing is shared, and
   * one staging buffer serves all tensors: half the time of a copy of its own for each. JavaScript is slow at copying out of
   * shared memory, where weights lie: of that the addon makes its copy itself.
   */
  #staged(data: TypedArray): TypedArray {
    if (isHeapBuffer(data.buffer) && data.byteOffset % SHARED_FROM_ALIGNMENT !== 0) return data;
    if (data.byteLength > MAX_STAGING_BYTES) return data.slice();
    if (this.#staging.byteLength < data.byteLength + 4) this.#staging = new ArrayBuffer(data.byteLength + 4);
    const staged = viewLike(data, this.#staging, 4);
    staged.set(data);
    return staged;
  }
}

/** A view on `buffer` of the type and length of `data`. */
function viewLike(data: TypedArray, buffer: ArrayBuffer, byteOffset: number): TypedArray {
  if (data instanceof Float32Array) return new Float32Array(buffer, byteOffset, data.length);
  if (data instanceof Int32Array) return new Int32Array(buffer, byteOffset, data.length);
  return new Uint8Array(buffer, byteOffset, data.length);
}
