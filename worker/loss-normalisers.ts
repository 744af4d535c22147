/** What `--loss-norm global` divides the loss by: the matches and images of all virtual ranks of a step. */
import type { LayerTargets } from './loss/assign.js';
import type { LossNormalisers } from './loss/feeds.js';
import type { VirtualExchange } from './virtual-exchange.js';

/** A microbatch with its labels assigned. */
export interface AssignedMicrobatch {
  readonly numImages: number;
  /** By detection layer. */
  readonly layers: readonly LayerTargets[];
}

/** Counts over all virtual ranks of one step. */
export type GlobalCounts = Required<Pick<LossNormalisers, 'matchCounts' | 'numImages'>>;

/**
 * Counts over all virtual ranks. Labels are known before the step runs, so this needs one exchange of a few numbers; they are integers,
 * which add up to the same in any order. With them each virtual rank computes its share of the loss of one big batch, and shares are summed.
 *
 * @param microbatches by local virtual rank; undefined for one without images
 * @throws as `VirtualExchange.combine`
 */
export async function countOverRanks(
  exchange: VirtualExchange,
  microbatches: readonly (AssignedMicrobatch | undefined)[],
  numLayers: number,
): Promise<GlobalCounts> {
  const rows = microbatches.map((microbatch) => {
    const row = new Float64Array(1 + numLayers);
    if (microbatch === undefined) return row;
    row.set([microbatch.numImages, ...microbatch.layers.map((layer) => layer.numRows)]);
    return row;
  });
  const [numImages, ...matchCounts] = await exchange.combine(rows, addRows);
  return { numImages: numImages!, matchCounts };
}

function addRows(rows: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (let i = 0; i < sum.length; i++) sum[i]! += row[i]!;
  return sum;
}
