/**
 * Merges what virtual ranks know about a batch-norm layer. Everything is added in double precision along the fixed tree over
 * virtual ranks, so the result depends on how many of them there are and on nothing else.
 */
import { type SumTree, sumTree } from '../collective/tree.js';

/**
 * One virtual rank's row for C channels: the number of values per channel, then C numbers, then C more. A virtual rank without images gives
 * zeros. See {@link mergeMoments} and {@link mergeSums} for what the numbers are.
 */
export function makeRow(count: number, first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  const row = new Float64Array(1 + first.length + second.length);
  row[0] = count;
  row.set(first, 1);
  row.set(second, 1 + first.length);
  return row;
}

/** Returns the row of a virtual rank without images. */
export function emptyRow(channels: number): Float64Array {
  return new Float64Array(1 + 2 * channels);
}

/**
 * Merges means and variances (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
 * variances", 1979, eq. 2.1): it never subtracts two large sums, as Σx² − (Σx)²/n would.
 *
 * @param rows by virtual rank: count, means, variances divided by count − 1
 * @returns C means, C variances divided by n, C variances divided by n − 1 (by 1 where n is 1, as the engines do)
 */
export function mergeMoments(rows: readonly Float64Array[]): Float64Array {
  const channels = channelsOf(rows);
  const moments = rows.map((row) => {
    const count = row[0]!;
    const squares = row.subarray(1 + channels).map((variance) => variance * Math.max(count - 1, 0));
    return { count, means: row.subarray(1, 1 + channels), squares };
  });
  const { count, means, squares } = foldTree(moments, joinMoments);
  const merged = new Float64Array(3 * channels);
  merged.set(means);
  for (let c = 0; c < channels; c++) {
    merged[channels + c] = squares[c]! / Math.max(count, 1);
    merged[2 * channels + c] = squares[c]! / Math.max(count - 1, 1);
  }
  return merged;
}

/**
 * Merges sums into means.
 * @param rows by virtual rank: count, first sums, second sums
 * @returns C first means, C second means
 */
export function mergeSums(rows: readonly Float64Array[]): Float64Array {
  const sum = foldTree(rows, (a, b) => a.map((value, i) => value + b[i]!));
  return sum.subarray(1).map((value) => value / Math.max(sum[0]!, 1));
}

/** Values per channel, their means and the sums of their squared deviations from it. */
interface Moments {
  readonly count: number;
  readonly means: Float64Array;
  readonly squares: Float64Array;
}

function joinMoments(a: Moments, b: Moments): Moments {
  if (b.count === 0) return a;
  if (a.count === 0) return b;
  const count = a.count + b.count;
  const means = new Float64Array(a.means.length);
  const squares = new Float64Array(a.means.length);
  for (let c = 0; c < means.length; c++) {
    const delta = b.means[c]! - a.means[c]!;
    means[c] = a.means[c]! + delta * (b.count / count);
    squares[c] = a.squares[c]! + b.squares[c]! + delta * delta * ((a.count * b.count) / count);
  }
  return { count, means, squares };
}

function channelsOf(rows: readonly Float64Array[]): number {
  return ((rows[0]?.length ?? 1) - 1) / 2;
}

function foldTree<T>(leaves: readonly T[], join: (left: T, right: T) => T): T {
  const ranges = leaves.map((_, virtualRank) => ({ begin: virtualRank, end: virtualRank + 1 }));
  const visit = (node: SumTree): T =>
    typeof node === 'number' ? leaves[node]! : join(visit(node.left), visit(node.right));
  return visit(sumTree(ranges, leaves.length));
}
