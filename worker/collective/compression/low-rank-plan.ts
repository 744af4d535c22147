/** Which parts of the reduced vector PowerSGD sends as thin matrices, and where they lie in the vector that is summed instead. Pure. */
import type { Span, VectorLayout } from '../plan.js';

/** A tensor of gradients as a matrix, row by row. */
export interface MatrixSpan extends Span {
  /** The size of its last dimension. */
  readonly columns: number;
}

/** Consecutive elements of the vector, and where what stands for them lies. */
export interface LowRankPiece extends Span {
  readonly innerOffset: number;
  readonly innerLength: number;
  /** Undefined for elements that travel as they are. */
  readonly matrix: { readonly rows: number; readonly columns: number; readonly rank: number } | undefined;
}

export interface LowRankPlan {
  /** Ascending; they cover the vector. */
  readonly pieces: readonly LowRankPiece[];
  readonly innerLength: number;
}

/** A tensor is sent as thin matrices where these are at most half of it. */
const WORTH_IT = 0.5;

/**
 * Lays out the vector in which a matrix of `rows` × `columns` is replaced by room for either of its factors: rank · max(rows, columns).
 * @param tensors gradients that may be compressed, ascending
 */
export function planLowRank(length: number, tensors: readonly MatrixSpan[], rank: number): LowRankPlan {
  const pieces: LowRankPiece[] = [];
  let next = 0;
  let innerLength = 0;
  const place = (span: Span, matrix: LowRankPiece['matrix']): void => {
    const taken = matrix === undefined ? span.length : matrix.rank * Math.max(matrix.rows, matrix.columns);
    pieces.push({ offset: span.offset, length: span.length, innerOffset: innerLength, innerLength: taken, matrix });
    innerLength += taken;
    next = span.offset + span.length;
  };
  for (const tensor of tensors) {
    const { columns, length: size, offset } = tensor;
    if (offset > next) place({ offset: next, length: offset - next }, undefined);
    const rows = size / columns;
    const isWorthIt = rank * (rows + columns) <= WORTH_IT * size;
    place(tensor, isWorthIt ? { rows, columns, rank } : undefined);
  }
  if (next < length) place({ offset: next, length: length - next }, undefined);
  return { pieces, innerLength };
}

/** Returns the buckets of the inner vector. Buckets begin and end where tensors do. */
export function innerBuckets({ pieces }: LowRankPlan, buckets: VectorLayout['buckets']): Span[] {
  return buckets.map((bucket) => {
    const inside = piecesWithin(pieces, bucket);
    const offset = innerAt(inside[0]!, bucket.offset);
    const end = innerAt(inside.at(-1)!, bucket.offset + bucket.length);
    return { offset, length: end - offset };
  });
}

/** Returns the pieces that a span touches. */
export function piecesWithin(pieces: readonly LowRankPiece[], { offset, length }: Span): LowRankPiece[] {
  return pieces.filter((piece) => piece.offset < offset + length && piece.offset + piece.length > offset);
}

/** Where an element lies, or what stands for the whole piece when it ends there. */
function innerAt(piece: LowRankPiece, at: number): number {
  if (piece.matrix === undefined) return piece.innerOffset + at - piece.offset;
  return at === piece.offset ? piece.innerOffset : piece.innerOffset + piece.innerLength;
}
