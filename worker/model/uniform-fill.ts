/** Millions of uniform random numbers, to the same bits as `RandomStream.fillUniform` and several times faster. */
import { randomKey } from '../../proto/random.js';
import { SimdHeap } from '../simd/heap.js';
import { openSimd } from '../simd/module.js';

interface UniformKernels {
  fillUniform(
    target: number,
    groups: number,
    firstBlock: number,
    key0: number,
    key1: number,
    key2: number,
    key3: number,
    low: number,
    scale: number,
  ): void;
}

/** What the kernel makes at a time: four blocks of four words. */
const GROUP_ELEMENTS = 16;
const GROUP_BLOCKS = 4;
/** 256 KiB: copied out while it is in the second-level cache. */
const CHUNK_ELEMENTS = 2 ** 16;

/** Fills arrays by way of a small heap of its own. */
export class UniformFill {
  readonly #chunk: Float32Array;
  readonly #kernels: UniformKernels;

  /** @throws EngineError ENGINE_KERNELS_MISSING */
  constructor() {
    const heap = new SimdHeap();
    this.#chunk = heap.float32(CHUNK_ELEMENTS);
    this.#kernels = openSimd<UniformKernels>('uniforms', heap);
  }

  /** Fills `target` with values in [low, high] from the beginning of the key's stream. */
  fill(target: Float32Array, key: readonly (number | string)[], low: number, high: number): Float32Array {
    const [key0, key1, key2, key3] = randomKey(key) as unknown as [number, number, number, number];
    const scale = (high - low) / 2 ** 32;
    for (let done = 0; done < target.length; done += CHUNK_ELEMENTS) {
      const count = Math.min(CHUNK_ELEMENTS, target.length - done);
      const groups = Math.ceil(count / GROUP_ELEMENTS);
      const firstBlock = (done / GROUP_ELEMENTS) * GROUP_BLOCKS;
      this.#kernels.fillUniform(
        ...([this.#chunk.byteOffset, groups, firstBlock, key0, key1, key2, key3, low, scale] as const),
      );
      target.set(this.#chunk.subarray(0, count), done);
    }
    return target;
  }
}
