/** A tensor of the wasm engine as the rest of Lockstep holds it: one ownership of an array on the heap. */
import { EngineError } from '../../../proto/errors.js';
import type { DeviceTensor, TypedArray } from '../engine.js';
import { type DType, numElements, type Shape } from '../program.js';
import type { Heap, HeapArray } from './heap.js';

const ARRAY_OF = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

export class WasmTensor implements DeviceTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly #heap: Heap;
  readonly #registry: Set<{ dispose(): void }>;
  #array: HeapArray | undefined;

  /** Takes over one ownership of `array` and stays in `registry` until disposed of. */
  constructor(heap: Heap, array: HeapArray, registry: Set<{ dispose(): void }>) {
    this.#heap = heap;
    this.#array = array;
    this.#registry = registry;
    this.shape = array.shape;
    this.dtype = array.dtype;
    registry.add(this);
  }

  /** The array, undefined once disposed of. */
  get array(): HeapArray | undefined {
    return this.#array;
  }

  read(target?: TypedArray): TypedArray {
    const length = numElements(this.shape);
    const to = target ?? new ARRAY_OF[this.dtype](length);
    if (to.length !== length) {
      throw new EngineError('ENGINE_SHAPE_MISMATCH', `a target of ${to.length} elements for ${length}`);
    }
    this.readPart(to, 0);
    return to;
  }

  readPart(target: TypedArray, begin: number): void {
    if (this.#array === undefined) throw new EngineError('ENGINE_DISPOSED', 'this tensor has been disposed of');
    const all = this.#heap.view(this.#array);
    if (begin < 0 || begin + target.length > all.length) {
      throw new EngineError('ENGINE_SHAPE_MISMATCH', `elements ${begin} to ${begin + target.length} of ${all.length}`);
    }
    target.set(all.subarray(begin, begin + target.length));
  }

  dispose(): void {
    if (this.#array === undefined) return;
    this.#heap.release(this.#array);
    this.#array = undefined;
    this.#registry.delete(this);
  }
}
