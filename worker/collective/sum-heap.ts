/** The heap that vectors are summed on, and its kernels. */
import type { SimdHeap } from '../simd/heap.js';
import { openSimd } from '../simd/module.js';

/** Elements that are added at a time: 16 KiB, so that two operands and a result fit a first-level cache of 48 KiB. */
export const SUM_BLOCK_ELEMENTS = 4_096;

/** What `worker/simd/assembly/sums.ts` exports. Pointers are byte offsets on the heap, counts are elements. */
export interface AddKernels {
  /** target[i] ← a[i] + b[i]; the target may be one of them. */
  addBoth(target: number, a: number, b: number, count: number): void;
  copy(target: number, source: number, count: number): void;
}

/** Returns the kernels on a heap. @throws EngineError ENGINE_KERNELS_MISSING */
export function openAddKernels(heap: Pick<SimdHeap, 'memory'>): AddKernels {
  return openSimd<AddKernels>('sums', heap);
}

/** Returns the address of `bytes` on the heap that begin at a multiple of `alignment`, a power of two. @throws EngineError */
export function allocateAligned(heap: SimdHeap, bytes: number, alignment: number): number {
  return Math.ceil(heap.allocate(bytes + alignment) / alignment) * alignment;
}
