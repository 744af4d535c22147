/**
 * Where flat arrays lie so that SIMD kernels can update them in place. Kernels reach the memory of one heap only: arrays from
 * elsewhere are carried through it in tiles that stay in the processor's cache, with the same result.
 */
import { SimdHeap } from '../simd/heap.js';
import { openSimd } from '../simd/module.js';
import type { Follower } from './group.js';

/** The functions of `worker/simd/assembly/optimizers.ts`. */
export interface OptimizerKernels {
  sgd(p: number, g: number, buffer: number, count: number, rate: number, momentum: number, decay: number): void;
  adam(
    p: number,
    g: number,
    first: number,
    second: number,
    count: number,
    rate: number,
    rest1: number,
    beta2: number,
    rest2: number,
    rootCorrection: number,
    epsilon: number,
    decay: number,
  ): void;
  moveAverage(average: number, state: number, count: number, rest: number): void;
  addInto(target: number, source: number, count: number): void;
}

/** Elements of a tile: five of them fit into the second-level cache of any processor in use. */
const TILE = 16_384;
const MAX_OPERANDS = 5;

/** An array that a kernel reads, or reads and writes, and where the kernel begins in it. */
export interface Operand {
  readonly array: Float32Array;
  readonly offset: number;
  readonly written: boolean;
}

/** A heap for the arrays of one training state (and for whatever kernels shall read beside them), and the kernels on it. */
export class FlatMemory {
  static readonly #homes = new WeakMap<ArrayBufferLike, FlatMemory>();
  static #scratch: FlatMemory | undefined;
  readonly heap = new SimdHeap();
  readonly kernels = openSimd<OptimizerKernels>('optimizers', this.heap);
  #tiles: Float32Array[] = [];

  /** The memory in which `array` lies; for one from elsewhere, memory that has room for tiles only. */
  static of(array: Float32Array): FlatMemory {
    FlatMemory.#scratch ??= new FlatMemory();
    return FlatMemory.#homes.get(array.buffer) ?? FlatMemory.#scratch;
  }

  /** Returns `length` zeros. */
  float32(length: number): Float32Array<SharedArrayBuffer> {
    const array = this.heap.float32(length);
    FlatMemory.#homes.set(array.buffer, this);
    return array;
  }

  /** The operand that a follower adds to an update. */
  following(follower: Follower | undefined, offset: number): Operand[] {
    return follower === undefined ? [] : [{ array: follower.average, offset, written: true }];
  }

  /**
   * Runs a kernel over `length` elements of its operands, a tile at a time.
   * @param kernel gets the address of each operand's part, in their order, and the number of elements
   */
  run(
    operands: readonly Operand[],
    length: number,
    kernel: (addresses: readonly number[], count: number) => void,
  ): void {
    const addresses = operands.map(() => 0);
    for (let start = 0; start < length; start += TILE) {
      const count = Math.min(TILE, length - start);
      for (const [k, operand] of operands.entries()) addresses[k] = this.#bring(operand, k, start, count);
      kernel(addresses, count);
      for (const [k, { array, offset, written }] of operands.entries()) {
        if (written && !this.heap.holds(array)) array.set(this.#tile(k).subarray(0, count), offset + start);
      }
    }
  }

  #bring({ array, offset }: Operand, k: number, start: number, count: number): number {
    const first = offset + start;
    if (this.heap.holds(array)) return array.byteOffset + first * Float32Array.BYTES_PER_ELEMENT;
    const tile = this.#tile(k);
    tile.set(array.subarray(first, first + count));
    return tile.byteOffset;
  }

  #tile(k: number): Float32Array {
    if (this.#tiles.length === 0) this.#tiles = Array.from({ length: MAX_OPERANDS }, () => this.heap.float32(TILE));
    return this.#tiles[k]!;
  }
}
