/** One number for a whole set of weights: two runs agree exactly when it does. */
import { createHash } from 'node:crypto';
import { type Tensor, tensorBytes } from './tensor.js';

/**
 * Returns the SHA-256, as hex, over names, dtypes, shapes and little-endian values in the order of the sorted names.
 * It does not depend on the order of the map, nor on the file that the weights are in.
 */
export function weightsSha256(state: Iterable<readonly [string, Tensor]>): string {
  const hash = createHash('sha256');
  const sorted = [...state].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [name, tensor] of sorted) {
    // JSON ends each part unambiguously, so no two states can run into the same bytes.
    hash.update(`${JSON.stringify([name, tensor.dtype, tensor.shape])}\n`);
    hash.update(tensorBytes(tensor));
  }
  return hash.digest('hex');
}

/** Returns the SHA-256 of one tensor's little-endian values, as hex. */
export function tensorSha256(tensor: Tensor): string {
  return createHash('sha256').update(tensorBytes(tensor)).digest('hex');
}
