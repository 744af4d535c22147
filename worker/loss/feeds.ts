/** What the loss is fed at every step: the assigned rows and the counts that it divides by. */
import type { TypedArray } from '../engine/engine.js';
import type { Shape } from '../engine/program.js';
import type { LayerTargets } from './assign.js';
import { initialBalance } from './gains.js';

/** Host data for one program input. */
export interface HostFeed {
  readonly name: string;
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** Names of the loss's inputs for one detection layer. */
export function lossInputNames(layer: number) {
  const prefix = `loss.${layer}`;
  return {
    /** int32 [n,1]: index of the row's cell and anchor in the map seen as [B·H·W·A] */
    rows: `${prefix}.rows`,
    /** float32 [n,4] */
    boxes: `${prefix}.boxes`,
    /** float32 [n,2] */
    anchors: `${prefix}.anchors`,
    /** int32 [n,1] */
    classes: `${prefix}.classes`,
    /** float32 [n] */
    lastWriter: `${prefix}.lastWriter`,
    /** int32 [n,1]: the next row of the same cell, cyclically; declared with `sortObjectness` only */
    cellMate: `${prefix}.cellMate`,
    /** scalar: what the sums over matched rows are divided by */
    matchCount: `${prefix}.matchCount`,
    /** scalar: what the sum over the map is divided by */
    cellCount: `${prefix}.cellCount`,
    /** scalar: weight of the layer's objectness term */
    balance: `${prefix}.balance`,
  } as const;
}

/** Name of the scalar input that multiplies the sum of the terms: the number of images. */
export const BATCH_FACTOR_INPUT = 'loss.batchFactor';

/** Normalisers other than those of the batch itself. */
export interface LossNormalisers {
  /** Matched rows per layer over all virtual ranks. @defaultValue those of this batch */
  readonly matchCounts?: readonly number[] | undefined;
  /** Images over all virtual ranks; sets the batch factor and the number of cells. @defaultValue those of this batch */
  readonly numImages?: number | undefined;
  /** Objectness weight per layer. @defaultValue `initialBalance` */
  readonly balance?: readonly number[] | undefined;
  /** As the program was written (`LossOptions.sortObjectness`). @defaultValue false */
  readonly sortObjectness?: boolean | undefined;
}

/**
 * Turns assigned rows into the feeds of a loss program.
 *
 * `lossNorm: 'rank'` leaves the counts out: every virtual rank divides by its own rows and multiplies by its own
 * images, and gradients are summed, as the reference does. `'global'` passes the counts over all virtual ranks, which
 * gives the loss of one big batch; the program is the same.
 *
 * @param numImages images in the batch that the program runs on
 */
export function lossFeeds(
  layers: readonly LayerTargets[],
  numImages: number,
  normalisers: LossNormalisers = {},
): HostFeed[] {
  const countedImages = normalisers.numImages ?? numImages;
  const balance = normalisers.balance ?? initialBalance(layers.length);
  const feeds = layers.flatMap((layer, l): HostFeed[] => {
    const names = lossInputNames(l);
    const n = layer.numRows;
    const cellsPerImage = layer.gridHeight * layer.gridWidth * layer.numAnchors;
    // A layer without matches has sums of zero; dividing them by one keeps them so.
    const matchCount = Math.max(normalisers.matchCounts?.[l] ?? n, 1);
    const scalar = (name: string, value: number): HostFeed => ({ name, data: Float32Array.of(value), shape: [] });
    return [
      { name: names.rows, data: flatRows(layer), shape: [n, 1] },
      { name: names.boxes, data: layer.boxesGrid, shape: [n, 4] },
      { name: names.anchors, data: layer.anchorsGrid, shape: [n, 2] },
      { name: names.classes, data: layer.classes, shape: [n, 1] },
      { name: names.lastWriter, data: layer.lastWriter, shape: [n] },
      ...(normalisers.sortObjectness ? [{ name: names.cellMate, data: cellMates(layer), shape: [n, 1] }] : []),
      scalar(names.matchCount, matchCount),
      scalar(names.cellCount, countedImages * cellsPerImage),
      scalar(names.balance, balance[l]!),
    ];
  });
  feeds.push({ name: BATCH_FACTOR_INPUT, data: Float32Array.of(countedImages), shape: [] });
  return feeds;
}

function flatRows({ numRows, cells, gridHeight, gridWidth, numAnchors }: LayerTargets): Int32Array {
  const rows = new Int32Array(numRows);
  for (let row = 0; row < numRows; row++) {
    const at = row * 4;
    const cell = (cells[at]! * gridHeight + cells[at + 2]!) * gridWidth + cells[at + 3]!;
    rows[row] = cell * numAnchors + cells[at + 1]!;
  }
  return rows;
}

/** Links the rows of each cell and anchor in a ring. */
function cellMates(layer: LayerTargets): Int32Array {
  const cells = flatRows(layer);
  const mates = new Int32Array(cells.length);
  const firstAndLast = new Map<number, { readonly first: number; readonly last: number }>();
  for (const [row, cell] of cells.entries()) {
    const { first, last } = firstAndLast.get(cell) ?? { first: row, last: row };
    mates[last] = row;
    mates[row] = first;
    firstAndLast.set(cell, { first, last: row });
  }
  return mates;
}
