/** What compression keeps on the heap: errors that wait, frames under way, and scratch. The main thread allocates it. */
import type { CompressionConfig } from '../../../configs/run-config.js';
import { SIMD_ALIGNMENT, type SimdHeap } from '../../simd/heap.js';
import { SUM_BYTES } from '../frame-memory.js';
import type { Plan } from '../plan.js';
import { openCodecKernels } from './kernels.js';
import { SCRATCH_BYTES, type SegmentMethod, segmentCodec } from './segment-codec.js';

/** Plain values and shared memory: it can be sent to another thread. */
export interface CompressionMemory {
  readonly memory: WebAssembly.Memory;
  readonly method: SegmentMethod;
  readonly rounding: CompressionConfig['rounding'];
  readonly topKRatio: number;
  /** By slot: what earlier rounds have left out, for each element that may be compressed. To be saved with a checkpoint. */
  readonly residuals: readonly Float32Array<SharedArrayBuffer>[];
  /** By slot: addresses of the frames under way. */
  readonly frames: readonly number[];
  /** By segment id: where its frame lies behind `frames`. */
  readonly frameOffsets: readonly number[];
  /** Addresses of scratch; by partial sum for `operands`. */
  readonly operands: readonly number[];
  readonly staging: number;
  readonly values: number;
  readonly noise: number;
  readonly scratch: number;
  /** Address of what a checksum takes to be made. */
  readonly sums: number;
}

/** A configuration of one of the methods that work segment by segment. */
export type SegmentCompression = CompressionConfig & { readonly method: SegmentMethod };

/** Returns how many elements may be compressed. */
export function numCompressible({ layout }: Plan): number {
  return layout.exactFrom ?? layout.length;
}

/**
 * Allocates what a rank needs to compress.
 * @param numSlots see `slots.ts`
 * @param residuals of another layout of the same vector, to go on with
 * @throws EngineError `ENGINE_OUT_OF_MEMORY`
 */
export function allocateCompression(
  heap: SimdHeap,
  plan: Plan,
  numSlots: number,
  config: SegmentCompression,
  residuals?: CompressionMemory['residuals'],
): CompressionMemory {
  const codec = segmentCodec(config.method, openCodecKernels(heap.memory), {
    topKRatio: config.topKRatio,
    scratch: 0,
  });
  let frameBytes = 0;
  const frameOffsets = plan.segments.map((segment) => {
    const offset = frameBytes;
    frameBytes += Math.ceil(codec.encodedBytes(segment.length) / SIMD_ALIGNMENT) * SIMD_ALIGNMENT;
    return offset;
  });
  const longest = Math.max(...plan.segments.map(({ length }) => length));
  const slots = Array.from({ length: numSlots }, (_, slot) => slot);
  return {
    memory: heap.memory,
    method: config.method,
    rounding: config.rounding,
    topKRatio: config.topKRatio,
    residuals: residuals ?? slots.map(() => heap.float32(numCompressible(plan))),
    frames: slots.map(() => heap.allocate(frameBytes)),
    frameOffsets,
    operands: plan.partials.map(() => heap.allocate(longest * Float32Array.BYTES_PER_ELEMENT)),
    staging: heap.allocate(codec.encodedBytes(longest)),
    values: heap.allocate(longest * Float32Array.BYTES_PER_ELEMENT),
    noise: heap.allocate((longest + SIMD_ALIGNMENT) * Uint16Array.BYTES_PER_ELEMENT),
    scratch: heap.allocate(SCRATCH_BYTES),
    sums: heap.allocate(SUM_BYTES),
  };
}
