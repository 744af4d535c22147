/**
 * PowerSGD (Vogels, Karimireddy, Jaggi: "PowerSGD: practical low-rank gradient compression for distributed optimization", NeurIPS 2019,
 * algorithms 1 and 2), around an all-reduce of a much shorter vector. Two rounds make a step: M·Q is summed over the ranks and made
 * orthonormal (P), then Mᵀ·P is summed; the sum of the gradients is taken to be P·(ΣMᵀP)ᵀ. What that misses of a rank's own gradients waits for the
 * next step. Both factors are sums, so any algorithm can take them and every rank computes the same from them.
 */
import { randomStream } from '../../../proto/random.js';
import type { AllReduceStats } from '../../threads/all-reduce-client.js';
import type { WaitOptions } from '../../threads/rounds.js';
import type { CopySource } from '../accumulator.js';
import type { CompressionFigures } from '../gradient-codec.js';
import type { Span, VectorLayout } from '../plan.js';
import type { CompressionState, SummedVector } from '../summed-vector.js';
import { type CodecKernels, openCodecKernels } from './kernels.js';
import {
  innerBuckets,
  type LowRankPiece,
  type LowRankPlan,
  type MatrixSpan,
  piecesWithin,
  planLowRank,
} from './low-rank-plan.js';
import { orthonormalise } from './orthogonal.js';

export interface LowRankOptions {
  readonly layout: VectorLayout;
  /** Gradients that may be compressed, ascending. */
  readonly tensors: readonly MatrixSpan[];
  readonly rank: number;
  readonly seed: number;
  /** Opens the all-reduce of the shorter vector. */
  readonly open: (layout: VectorLayout) => Omit<SummedVector, 'compressionState'>;
}

type Matrix = LowRankPiece & { readonly matrix: NonNullable<LowRankPiece['matrix']> };

export class LowRankAllReduce implements SummedVector {
  readonly result: Float32Array;
  readonly compressionState: CompressionState;
  readonly #inner: Omit<SummedVector, 'compressionState'>;
  readonly #plan: LowRankPlan;
  readonly #matrices: readonly Matrix[];
  readonly #kernels: CodecKernels;
  readonly #seed: number;
  /** What this rank has to give: what earlier steps have left out and, as they come, this step's gradients. */
  readonly #own: Float32Array;
  /** Where the inner vector has them: the factors P, Q of the sum, and Q of this rank's part. */
  readonly #p: Float32Array;
  readonly #q: Float32Array;
  readonly #ownQ: Float32Array;
  readonly #product: Float32Array;
  readonly #zeros: Float32Array;
  #buckets: readonly Span[];
  #round = 1;

  /** @throws as `Comms.openAllReduce` */
  constructor({ layout, open, rank, seed, tensors }: LowRankOptions) {
    this.#plan = planLowRank(layout.length, tensors, rank);
    this.#matrices = this.#plan.pieces.filter((piece): piece is Matrix => piece.matrix !== undefined);
    this.#buckets = layout.buckets;
    this.#seed = seed;
    const { innerLength } = this.#plan;
    this.#inner = open({ ...layout, length: innerLength, buckets: innerBuckets(this.#plan, layout.buckets) });
    const { heap } = this.#inner;
    this.#kernels = openCodecKernels(heap.memory);
    this.result = heap.float32(layout.length);
    this.#own = heap.float32(layout.length);
    this.#p = heap.float32(innerLength);
    this.#q = heap.float32(innerLength);
    this.#ownQ = heap.float32(innerLength);
    this.#product = heap.float32(Math.max(0, ...this.#matrices.map(({ length }) => length)));
    this.#zeros = new Float32Array(innerLength);
    this.compressionState = { residuals: [this.#own], shared: [this.#q] };
    for (const piece of this.#matrices) this.#reviveColumns(piece);
  }

  get virtualRange(): SummedVector['virtualRange'] {
    return this.#inner.virtualRange;
  }

  get heap(): SummedVector['heap'] {
    return this.#inner.heap;
  }

  /** @throws as `AllReduce.add` */
  add(virtualRank: number, offset: number, given: Float32Array | CopySource): void {
    const data = given instanceof Float32Array ? given : copyOf(given);
    for (const piece of piecesWithin(this.#plan.pieces, { offset, length: data.length })) {
      const begin = Math.max(offset, piece.offset);
      const part = data.subarray(begin - offset, Math.min(data.length, piece.offset + piece.length - offset));
      if (piece.matrix === undefined) this.#inner.add(virtualRank, piece.innerOffset + begin - piece.offset, part);
      else for (let i = 0; i < part.length; i++) this.#own[begin + i]! += part[i]!;
    }
  }

  /** @throws as `AllReduce.bucketReady` */
  bucketReady(virtualRank: number, bucket: number): void {
    const isLast = virtualRank + 1 === this.virtualRange.end;
    for (const piece of piecesWithin(this.#plan.pieces, this.#buckets[bucket]!)) {
      if (piece.matrix === undefined) continue;
      const { rows, columns, rank } = piece.matrix;
      if (isLast) {
        const [own, q, p] = [this.#own, this.#q, this.#p].map((vector) => this.#addressOf(vector, piece)) as [
          number,
          number,
          number,
        ];
        this.#kernels.projectRows(own, q, p, rows, columns, rank);
      }
      // The factor is one for all virtual ranks of this worker; the others add nothing to it.
      this.#inner.add(virtualRank, piece.innerOffset, this.#inside(isLast ? this.#p : this.#zeros, piece));
    }
    this.#inner.bucketReady(virtualRank, bucket);
  }

  /** Resolves after both rounds. @throws as `AllReduce.wait` */
  async wait(options?: WaitOptions): Promise<AllReduceStats> {
    const first = await this.#inner.wait(options);
    for (const piece of this.#plan.pieces) {
      const sum = this.#inside(this.#inner.result, piece);
      if (piece.matrix === undefined) this.result.set(sum, piece.offset);
      else this.#takeP(piece as Matrix, sum);
    }
    const signal = this.#measure();
    this.#giveQ();
    const second = await this.#inner.wait(options);
    for (const piece of this.#matrices) this.#takeQ(piece, this.#inside(this.#inner.result, piece));
    const compression: CompressionFigures = { signal, error: this.#measure() };
    return {
      ...second,
      round: this.#round++,
      bytesSent: first.bytesSent + second.bytesSent,
      bytesReceived: first.bytesReceived + second.bytesReceived,
      bytesShared: first.bytesShared + second.bytesShared,
      exchangeSeconds: first.exchangeSeconds + second.exchangeSeconds,
      waitSeconds: first.waitSeconds + second.waitSeconds,
      compression,
    };
  }

  /** @throws as `AllReduce.relayout` */
  relayout(buckets: readonly Span[]): void {
    this.#inner.relayout(innerBuckets(this.#plan, buckets));
    this.#buckets = buckets;
  }

  /** Makes the summed P orthonormal and works out this rank's Q. */
  #takeP(piece: Matrix, sum: Float32Array): void {
    const { rows, columns, rank } = piece.matrix;
    const p = this.#inside(this.#p, piece);
    p.set(sum);
    orthonormalise(p.subarray(0, rank * rows), rows);
    const [own, ownP, q] = [this.#own, this.#p, this.#ownQ].map((vector) => this.#addressOf(vector, piece)) as [
      number,
      number,
      number,
    ];
    this.#kernels.projectColumns(own, ownP, q, rows, columns, rank);
  }

  #giveQ(): void {
    const { begin, end } = this.virtualRange;
    for (let v = begin; v < end; v++) {
      this.#inner.add(v, 0, v + 1 === end ? this.#ownQ : this.#zeros);
      for (const bucket of this.#buckets.keys()) this.#inner.bucketReady(v, bucket);
    }
  }

  /** Works out the sum of the gradients, and what it misses of this rank's own. */
  #takeQ(piece: Matrix, sum: Float32Array): void {
    const { rows, columns, rank } = piece.matrix;
    const p = this.#addressOf(this.#p, piece);
    const target = this.#addressOf(this.result, piece);
    this.#inside(this.#q, piece).set(sum);
    this.#kernels.multiply(p, this.#addressOf(this.#q, piece), target, rows, columns, rank);
    const product = this.#product.byteOffset;
    this.#kernels.multiply(p, this.#addressOf(this.#ownQ, piece), product, rows, columns, rank);
    this.#kernels.subtractFinite(this.#addressOf(this.#own, piece), product, piece.length);
    this.#reviveColumns(piece);
  }

  /** Columns of Q that are zeros or not finite would stay so: they begin anew, by chance, the same on every rank. */
  #reviveColumns(piece: Matrix): void {
    const { columns, rank } = piece.matrix;
    const q = this.#inside(this.#q, piece);
    for (let r = 0; r < rank; r++) {
      const column = q.subarray(r * columns, (r + 1) * columns);
      if (column.every(Number.isFinite) && column.some((value) => value !== 0)) continue;
      const random = randomStream('powersgd', this.#seed, piece.offset, r);
      for (let i = 0; i < columns; i++) column[i] = random.normal();
    }
  }

  #measure(): number {
    let sum = 0;
    for (const piece of this.#matrices)
      sum += this.#kernels.sumSquares(this.#addressOf(this.#own, piece), 0, piece.length);
    return sum;
  }

  /** What stands for a piece in a vector like the inner one. */
  #inside(vector: Float32Array, { innerOffset, innerLength }: LowRankPiece): Float32Array {
    return vector.subarray(innerOffset, innerOffset + innerLength);
  }

  /** Where a piece lies in a vector like the inner or like the whole one. */
  #addressOf(vector: Float32Array, { innerOffset, offset }: LowRankPiece): number {
    const isWhole = vector === this.#own || vector === this.result;
    return vector.byteOffset + (isWhole ? offset : innerOffset) * Float32Array.BYTES_PER_ELEMENT;
  }
}

function copyOf(source: CopySource): Float32Array {
  const copy = new Float32Array(source.length);
  source.copyTo(copy, 0);
  return copy;
}
