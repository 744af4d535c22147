/** Tensors that TensorFlow keeps, and the count of those alive. */
import { EngineError } from '../../../proto/errors.js';
import { isHeapBuffer } from '../../simd/heap.js';
import type { DeviceTensor, TypedArray } from '../engine.js';
import type { DType, Shape } from '../program.js';
import type { Binding, TensorMetadata } from './binding.js';
import { DATA_TYPE } from './graphdef.js';

/** Larger tensors get a copy of their own, so that no more memory than this is kept for copying. */
const MAX_STAGING_BYTES = 64 * 2 ** 20;

/** Memory aligned to this many bytes is shared with the tensor that is made of it. */
const SHARED_FROM_ALIGNMENT = 64;

/** Makes tensors and remembers which are alive. */
export class TensorStore {
  readonly #binding: Binding;
  readonly #live = new Map<number, TensorflowTensor>();
  #staging = new ArrayBuffer(0);

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
    const elements = shape.reduce((product, size) => product * size, 1);
    if (shape.some((size) => size < 0) || elements !== data.length || dtypeOf(data) !== dtype) {
      throw new EngineError(
        'ENGINE_SHAPE_MISMATCH',
        `${data.length} ${dtypeOf(data)} elements do not make a ${dtype} [${shape.join()}]`,
      );
    }
    return this.adopt(this.#binding.createTensor(shape, DATA_TYPE[dtype], this.#staged(data)), shape, dtype);
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

  read(tensor: TensorflowTensor): TypedArray {
    if (this.own(tensor) === undefined)
      throw new EngineError('ENGINE_TENSOR_DISPOSED', `tensor [${tensor.shape.join()}] was disposed of`);
    return tensor.dtype === 'uint8' ? this.#readBytes(tensor.id) : this.#binding.tensorDataSync(tensor.id);
  }

  /** The addon cannot read bytes, so TensorFlow widens them first. */
  #readBytes(id: number): Uint8Array {
    const type = this.#binding.TF_ATTR_TYPE;
    const attrs = [
      { name: 'SrcT', type, value: DATA_TYPE.uint8 },
      { name: 'DstT', type, value: DATA_TYPE.int32 },
    ];
    const [wide] = this.#binding.executeOp('Cast', attrs, [id], 1);
    const data = Uint8Array.from(this.#binding.tensorDataSync(wide!.id));
    this.#binding.deleteTensor(wide!.id);
    return data;
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
  /** The addon's number for it. */
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(store: TensorStore, id: number, shape: Shape, dtype: DType) {
    this.#store = store;
    this.id = id;
    this.shape = shape;
    this.dtype = dtype;
  }

  read(target?: TypedArray): TypedArray {
    const data = this.#store.read(this);
    if (target === undefined) return data;
    if (target.length !== data.length || dtypeOf(target) !== this.dtype) {
      throw new EngineError(
        'ENGINE_SHAPE_MISMATCH',
        `${this.dtype} [${this.shape.join()}] does not fit ${target.length} ${dtypeOf(target)} elements`,
      );
    }
    target.set(data);
    return target;
  }

  dispose(): void {
    this.#store.delete(this);
  }
}

/** A view on `buffer` of the type and length of `data`. */
function viewLike(data: TypedArray, buffer: ArrayBuffer, byteOffset: number): TypedArray {
  if (data instanceof Float32Array) return new Float32Array(buffer, byteOffset, data.length);
  if (data instanceof Int32Array) return new Int32Array(buffer, byteOffset, data.length);
  return new Uint8Array(buffer, byteOffset, data.length);
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'uint8';
}

function dtypeOfNumber(dtype: number): DType {
  if (dtype === DATA_TYPE.int32) return 'int32';
  return dtype === DATA_TYPE.uint8 ? 'uint8' : 'float32';
}
