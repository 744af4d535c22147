/** Codecs on a heap of their own, for tests that hand them plain arrays. */
import { NO_COMPRESSION } from '../../configs/collective.js';
import type { CompressionConfig } from '../../configs/run-config.js';
import { Compressor } from '../../worker/collective/compression/compressor.js';
import { allocateCompression } from '../../worker/collective/compression/memory.js';
import type { SegmentMethod } from '../../worker/collective/compression/segment-codec.js';
import { makePlan, type Plan, type Segment } from '../../worker/collective/plan.js';
import { SimdHeap } from '../../worker/simd/heap.js';

export const SEGMENT_METHODS = ['bf16', 'fp16', 'int8', 'topk'] as const satisfies readonly SegmentMethod[];

export type CodecSettings = Partial<CompressionConfig> & { readonly method: SegmentMethod };

/** Returns a rank's compressor for a plan, and its residuals. */
export function openCompressor(plan: Plan, settings: CodecSettings, rank = 0, numSlots = 1, stepsBefore = 0) {
  const memory = allocateCompression(new SimdHeap(), plan, numSlots, { ...NO_COMPRESSION, ...settings });
  const compressor = new Compressor({ rank, plan, memory, onHeap: [], makesLanes: true, seed: 3, stepsBefore });
  return { compressor, memory };
}

/** One segment of `length` elements, and what encodes it. */
export class OneSegment {
  readonly segment: Segment;
  readonly #compressor: Compressor;
  readonly residual: Float32Array;
  #round = 0;

  constructor(length: number, settings: CodecSettings) {
    const plan = makePlan({ length, buckets: [{ offset: 0, length }], virtualRanks: 1 }, 1, length);
    const { compressor, memory } = openCompressor(plan, settings);
    this.segment = plan.segments[0]!;
    this.#compressor = compressor;
    this.residual = memory.residuals[0]!;
  }

  /** Encodes the next step's numbers. */
  encode(values: Float32Array): Uint8Array {
    return this.#compressor.encode(0, this.segment, values, ++this.#round).payload;
  }

  decode(payload: Uint8Array): Float32Array {
    const target = new Float32Array(this.segment.length);
    this.#compressor.decode(payload, target);
    return target;
  }

  /** What the receiver gets. */
  send(values: Float32Array): Float32Array {
    return this.decode(this.encode(values).slice());
  }

  add(values: Float32Array, payload: Uint8Array): Float32Array {
    const target = new Float32Array(this.segment.length);
    this.#compressor.add(values, payload, target);
    return target;
  }

  figures() {
    return this.#compressor.takeFigures();
  }
}
