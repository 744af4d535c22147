/** What compression has left out so far, as part of a saved run: gathered from all ranks, and given back to them. */
import { chunksOf, type Span } from './collective/plan.js';
import type { CompressionState, SummedVector } from './collective/summed-vector.js';
import type { Comms } from './threads/comms-client.js';
import type { TrainArrays } from './train-state.js';

const RESIDUAL = /^compression\.(\d+)\.(\d+)$/;
const SHARED = 'compression.shared.';

/**
 * Resolves on rank 0 with the arrays to save, by name; elsewhere with none. Every rank calls it between the same two steps.
 * @throws as `Comms.gather`
 */
export async function gatherCompression(
  comms: Pick<Comms, 'gather'>,
  sum: Pick<SummedVector, 'compressionState'>,
): Promise<TrainArrays> {
  const arrays = new Map<string, Float32Array>();
  const state = sum.compressionState;
  if (state === undefined) return arrays;
  const gathered = await comms.gather(joined(state.residuals));
  if (gathered === undefined) return arrays;
  const length = state.residuals[0]?.length ?? 0;
  for (const [rank, bytes] of gathered.entries()) {
    const slots = new Float32Array(new Uint8Array(bytes).buffer);
    for (let slot = 0; slot * length < slots.length; slot++) {
      arrays.set(`compression.${rank}.${slot}`, slots.subarray(slot * length, (slot + 1) * length));
    }
  }
  for (const [index, array] of state.shared.entries()) arrays.set(`${SHARED}${index}`, array);
  return arrays;
}

/** Where this rank stands in the world that goes on. */
export interface RestorePlace {
  readonly rank: number;
  readonly worldSize: number;
  readonly buckets: readonly Span[];
}

/**
 * Gives a rank what it had left out. In a world of another shape the ranks share what all had left out: each gets that of the chunks
 * that it owns, so that nothing is lost. A run that is no longer compressed, or another way, goes on without.
 */
export function restoreCompression(
  state: CompressionState | undefined,
  arrays: TrainArrays,
  { rank, worldSize, buckets }: RestorePlace,
): void {
  if (state === undefined) return;
  for (const [index, target] of state.shared.entries()) {
    const saved = arrays.get(`${SHARED}${index}`);
    if (saved?.length === target.length) target.set(saved);
  }
  const [first] = state.residuals;
  const saved = [...arrays].flatMap(([name, array]) => {
    const match = RESIDUAL.exec(name);
    const isOurs = match !== null && array.length === first?.length;
    return isOurs ? [{ rank: Number(match[1]), slot: Number(match[2]), array }] : [];
  });
  saved.sort((a, b) => a.rank - b.rank || a.slot - b.slot);
  const own = saved.filter((part) => part.rank === rank).map(({ array }) => array);
  const savedRanks = new Set(saved.map((part) => part.rank)).size;
  if (savedRanks === worldSize && own.length === state.residuals.length) {
    for (const [slot, array] of own.entries()) state.residuals[slot]!.set(array);
    return;
  }
  if (first === undefined) return;
  for (const bucket of buckets) {
    const { offset, length } = chunksOf(bucket, worldSize)[rank]!;
    const end = Math.min(offset + length, first.length);
    for (const { array } of saved) for (let i = offset; i < end; i++) first[i]! += array[i]!;
  }
}

function joined(vectors: readonly Float32Array[]): Uint8Array {
  const length = vectors.reduce((sum, vector) => sum + vector.length, 0);
  const all = new Float32Array(length);
  let offset = 0;
  for (const vector of vectors) {
    all.set(vector, offset);
    offset += vector.length;
  }
  return new Uint8Array(all.buffer);
}
