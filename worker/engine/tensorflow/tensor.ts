/** Tensors that TensorFlow keeps, and the count of those alive. */
import { EngineError } from '../../../proto/errors.js';
import type { DeviceTensor, TypedArray } from '../engine.js';
import { type DType, numElements, type Shape } from '../program.js';
import type { Binding, TensorMetadata } from './binding.js';
import { DATA_TYPE } from './graphdef.js';

const ARRAY_OF = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

/** Makes tensors and remembers which are alive. */
export class TensorStore {
  readonly #binding: Binding;
  readonly #live = new Map<number, TensorflowTensor>();

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  get size(): number {
    return this.#live.size;
  }

  /**
   * Copies host data into a new tensor.
   * @throws EngineError `ENGINE_SHAPE_MISMATCH` when the number of elements or the array's type does not fit
   */
  fromHost(data: TypedArray, shape: Shape, dtype: DType): TensorflowTensor {
    checkElements(data, shape, dtype);
    return this.adopt(this.#binding.createTensor(shape, DATA_TYPE[dtype], data), shape, dtype);
  }

  /** Makes a tensor of host memory, where that can be had; see {@link Binding.lendTensor}. @throws as {@link fromHost} */
  lend(data: TypedArray, shape: Shape, dtype: DType): TensorflowTensor | undefined {
    checkElements(data, shape, dtype);
    const id = this.#binding.lendTensor(shape, DATA_TYPE[dtype], data);
    return id === undefined ? undefined : this.adopt(id, shape, dtype);
  }

  /** Takes over a tensor that a run has made. */
  fromRun(made: TensorMetadata): TensorflowTensor {
    return this.adopt(made.id, made.shape, dtypeOfNumber(made.dtype));
  }

  adopt(id: number, shape: Shape, dtype: DType): TensorflowTensor {
    const tensor = new TensorflowTensor(this, id, shape, dtype);
    this.#live.set(id, tensor);
    return tensor;
  }

  /** Returns the tensor if it is one of this store and still alive. */
  own(tensor: DeviceTensor): TensorflowTensor | undefined {
    return tensor instanceof TensorflowTensor && this.#live.get(tensor.id) === tensor ? tensor : undefined;
  }

  /** Copies elements from `begin` on into the target. */
  read(tensor: TensorflowTensor, target: TypedArray, begin: number): void {
    if (this.own(tensor) === undefined)
      throw new EngineError('ENGINE_TENSOR_DISPOSED', `tensor [${tensor.shape.join()}] was disposed of`);
    this.#binding.readTensor(tensor.id, target, begin);
  }

  delete(tensor: TensorflowTensor): void {
    if (this.own(tensor) === undefined) return;
    this.#live.delete(tensor.id);
    this.#binding.deleteTensor(tensor.id);
  }

  clear(): void {
    for (const tensor of this.#live.values()) this.delete(tensor);
  }
}

/** A tensor in TensorFlow's memory. */
export class TensorflowTensor implements DeviceTensor {
  readonly #store: TensorStore;
  /** The binding's number for it. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(store: TensorStore, id: number, shape: Shape, dtype: DType) {
    this.#store = store;
    this.id = id;
    this.shape = shape;
    this.dtype = dtype;
  }

  read(target: TypedArray = new ARRAY_OF[this.dtype](numElements(this.shape))): TypedArray {
    if (target.length !== numElements(this.shape)) throw this.#doesNotFit(target, 0);
    this.readPart(target, 0);
    return target;
  }

  readPart(target: TypedArray, begin: number): void {
    const fits = begin >= 0 && begin + target.length <= numElements(this.shape) && dtypeOf(target) === this.dtype;
    if (!fits) throw this.#doesNotFit(target, begin);
    this.#store.read(this, target, begin);
  }

  dispose(): void {
    this.#store.delete(this);
  }

  #doesNotFit(target: TypedArray, begin: number): EngineError {
    return new EngineError(
      'ENGINE_SHAPE_MISMATCH',
      `${this.dtype} [${this.shape.join()}] from element ${begin} on does not fit ${target.length} ${dtypeOf(target)} elements`,
    );
  }
}

/** @throws EngineError `ENGINE_SHAPE_MISMATCH` */
function checkElements(data: TypedArray, shape: Shape, dtype: DType): void {
  if (shape.every((size) => size >= 0) && numElements(shape) === data.length && dtypeOf(data) === dtype) return;
  throw new EngineError(
    'ENGINE_SHAPE_MISMATCH',
    `${data.length} ${dtypeOf(data)} elements do not make a ${dtype} [${shape.join()}]`,
  );
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}

function dtypeOfNumber(dtype: number): DType {
  if (dtype === DATA_TYPE.int32) return 'int32';
  return dtype === DATA_TYPE.uint8 ? 'uint8' : 'float32';
}
