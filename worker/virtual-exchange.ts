/**
 * Brings a few numbers of every virtual rank together in the middle of a step. What comes out depends on the numbers and
 * on the virtual ranks that gave them, not on how workers share those, so the number of workers does not change bits.
 */
import { CollectiveError } from '../proto/errors.js';
import type { Comms } from './threads/comms-client.js';

/** Makes one row out of the rows of all virtual ranks, given by virtual rank. Must be pure. */
export type CombineRows = (rows: readonly Float64Array[]) => Float64Array;

/** See {@link openVirtualExchange}. */
export interface VirtualExchange {
  /**
   * Resolves with what `combine` makes of the rows of all virtual ranks. Every worker calls it the same number of times,
   * with rows of the same length.
   * @param local one row per local virtual rank, ascending; at least one
   * @throws CollectiveError COLLECTIVE_BAD_EXCHANGE when workers disagree on the length; else as `Comms.gather`
   */
  combine(local: readonly Float64Array[], combine: CombineRows): Promise<Float64Array>;
}

/**
 * Returns an exchange over the workers of a joined world. Rank 0 combines and sends the result to all; alone, a worker sends
 * nothing.
 */
export function openVirtualExchange(comms: Pick<Comms, 'gather' | 'broadcast' | 'world'>): VirtualExchange {
  return {
    async combine(local, combine) {
      if ((comms.world?.worldSize ?? 1) === 1) return combine(local);
      const blobs = await comms.gather(toBytes(local));
      if (blobs === undefined) return toNumbers(await comms.broadcast());
      const length = local[0]?.length ?? 0;
      const combined = combine(blobs.flatMap((blob, rank) => toRows(blob, length, rank)));
      await comms.broadcast(toBytes([combined]));
      return combined;
    },
  };
}

function toBytes(rows: readonly Float64Array[]): Uint8Array {
  const length = rows[0]?.length ?? 0;
  const all = new Float64Array(rows.length * length);
  for (const [i, row] of rows.entries()) all.set(row, i * length);
  return new Uint8Array(all.buffer);
}

/** Copies, because a received frame may begin anywhere in its buffer. */
function toNumbers(bytes: Uint8Array): Float64Array {
  return new Float64Array(new Uint8Array(bytes).buffer);
}

function toRows(blob: Uint8Array, length: number, rank: number): Float64Array[] {
  const rowBytes = length * Float64Array.BYTES_PER_ELEMENT;
  if (blob.byteLength === 0 || blob.byteLength % rowBytes !== 0) {
    throw new CollectiveError(
      'COLLECTIVE_BAD_EXCHANGE',
      `rank ${rank} gave ${blob.byteLength} bytes, which are no rows of ${length} numbers`,
      { hint: 'Workers must run the same version and configuration.', details: { rank, length } },
    );
  }
  const numbers = toNumbers(blob);
  return Array.from({ length: numbers.length / length }, (_, i) => numbers.subarray(i * length, (i + 1) * length));
}
