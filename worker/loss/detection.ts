/**
 * The detection loss, written into a program (reference section 4.3).
 *
 * Shapes: B images, H and W cells of a layer, A anchors per cell, K = 5 + classes, n matched rows (known at run time).
 */
import type { BoxLossName } from '../../configs/run-config.js';
import type { ProgramBuilder } from '../engine/builder.js';
import type { Value } from '../engine/program.js';
import { numElements } from '../engine/program.js';
import { type CentreBoxes, toCorners } from './box/corners.js';
import { BOX_SIMILARITIES } from './box/registry.js';
import { column, columns } from './columns.js';
import { binaryCrossEntropy } from './cross-entropy.js';
import { BATCH_FACTOR_INPUT, lossInputNames } from './feeds.js';
import type { LossGains, LossHyp } from './gains.js';

/** Settings of a loss program. */
export interface LossOptions {
  readonly nc: number;
  readonly numAnchors: number;
  readonly boxLoss: BoxLossName;
  /** @defaultValue 1 */
  readonly scaAlpha?: number | undefined;
  /** Scaled gains (`scaleGains`). */
  readonly gains: LossGains;
  readonly hyp: LossHyp;
  /** ε of the class targets: 1 − ε/2 and ε/2. @defaultValue 0 */
  readonly labelSmoothing?: number | undefined;
  /** Share of the similarity in the objectness target of a matched cell; the rest is 1. @defaultValue 1 */
  readonly gr?: number | undefined;
  /**
   * Lets the most similar of several rows decide a cell's objectness target instead of the last one. Off in the
   * reference, whose figures for it are part of the parity suite. Feed with the same setting. @defaultValue false
   */
  readonly sortObjectness?: boolean | undefined;
}

/** Scalars of a loss program. */
export interface DetectionLoss {
  /** batch factor · (box + obj + cls): what is differentiated. */
  readonly loss: Value;
  /** The three terms with their gains, without the batch factor. */
  readonly items: { readonly box: Value; readonly obj: Value; readonly cls: Value };
  /** Unweighted objectness loss per layer, for `autobalance`. */
  readonly objectnessPerLayer: Value[];
}

/**
 * Writes the loss. Its inputs (see `lossInputNames`) are declared here and fed with `lossFeeds`.
 * @param heads_BHWC raw maps per detection layer, [B,H,W,A·K]
 */
export function buildLoss(b: ProgramBuilder, heads_BHWC: readonly Value[], options: LossOptions): DetectionLoss {
  const terms = heads_BHWC.map((head, layer) => layerTerms(b, head, layer, options));
  const total = (pick: (term: LayerTerms) => Value, gain: number): Value =>
    b.mul(
      terms.map(pick).reduce((sum, term) => b.add(sum, term)),
      gain,
    );
  const box = total((term) => term.box, options.gains.box);
  const obj = total((term) => term.balancedObjectness, options.gains.obj);
  const cls = total((term) => term.cls, options.gains.cls);
  const loss = b.mul(b.add(b.add(box, obj), cls), b.input(BATCH_FACTOR_INPUT, []));
  return { loss, items: { box, obj, cls }, objectnessPerLayer: terms.map((term) => term.objectness) };
}

interface LayerTerms {
  readonly box: Value;
  readonly objectness: Value;
  readonly balancedObjectness: Value;
  readonly cls: Value;
}

function layerTerms(b: ProgramBuilder, head_BHWC: Value, layer: number, options: LossOptions): LayerTerms {
  const K = 5 + options.nc;
  const numCells = numElements(head_BHWC.shape) / K;
  const names = lossInputNames(layer);
  const map_NK = b.reshape(head_BHWC, [numCells, K]);
  const rows = b.input(names.rows, [-1, 1], 'int32');
  const matchCount = b.input(names.matchCount, []);
  const matched_nK = b.gatherNd(map_NK, rows);

  const { gr = 1, boxLoss, scaAlpha } = options;
  const prediction = toCorners(b, predictedBoxes(b, matched_nK, b.input(names.anchors, [-1, 2])));
  const target = toCorners(b, targetBoxes(b, b.input(names.boxes, [-1, 4])));
  const similarity_n = BOX_SIMILARITIES[boxLoss](b, prediction, target, { scaAlpha });
  const box = b.div(b.sum(b.sub(1, similarity_n)), matchCount);

  const clamped = b.max(b.stopGradient(similarity_n), 0);
  const certainty = gr === 1 ? clamped : b.add(b.mul(clamped, gr), 1 - gr);
  // Several rows may want one cell: the reference lets the last one win, so the earlier ones add zero.
  const decided = options.sortObjectness
    ? largestOfCell(b, certainty, b.input(names.cellMate, [-1, 1], 'int32'))
    : certainty;
  const written = b.mul(decided, b.input(names.lastWriter, [-1]));
  const objectnessTarget_N = b.scatterNd(rows, written, [numCells]);
  const { obj_pw, cls_pw, fl_gamma } = options.hyp;
  const objectnessLoss_N = binaryCrossEntropy(b, column(b, map_NK, 4), objectnessTarget_N, {
    posWeight: obj_pw,
    gamma: fl_gamma,
  });
  const objectness = b.div(b.sum(objectnessLoss_N), b.input(names.cellCount, []));
  const balancedObjectness = b.mul(objectness, b.input(names.balance, []));

  const classes = b.input(names.classes, [-1, 1], 'int32');
  if (options.nc === 1) return { box, objectness, balancedObjectness, cls: b.constant(0) };
  const classTarget_nC = b.gatherNd(smoothedOneHot(b, options.nc, options.labelSmoothing ?? 0), classes);
  const classLoss_nC = binaryCrossEntropy(b, columns(b, matched_nK, 5, options.nc), classTarget_nC, {
    posWeight: cls_pw,
    gamma: fl_gamma,
  });
  const cls = b.div(b.sum(classLoss_nC), b.mul(matchCount, options.nc));
  return { box, objectness, balancedObjectness, cls };
}

/** After k rounds a row knows 2^k rows of its cell; no cell of the reference's assignment has more. */
const CELL_ROUNDS = 8;

/**
 * Every row's value becomes the largest of its cell's rows.
 * @param cellMate_n1 per row the next row of the same cell, and the first one after the last
 */
function largestOfCell(b: ProgramBuilder, values_n: Value, cellMate_n1: Value): Value {
  let largest_n1 = b.reshape(values_n, [-1, 1]);
  let mate_n1 = cellMate_n1;
  for (let round = 0; round < CELL_ROUNDS; round++) {
    largest_n1 = b.max(largest_n1, b.gatherNd(largest_n1, mate_n1));
    mate_n1 = b.gatherNd(mate_n1, mate_n1);
  }
  return b.reshape(largest_n1, [-1]);
}

/** xy = 2σ − 0.5 relative to the cell's corner, wh = (2σ)²·anchor; grid units. */
function predictedBoxes(b: ProgramBuilder, matched_nK: Value, anchors_n2: Value): CentreBoxes {
  const twice_n4 = b.mul(b.unary('sigmoid', columns(b, matched_nK, 0, 4)), 2);
  const centre_n2 = b.sub(columns(b, twice_n4, 0, 2), 0.5);
  const size_n2 = b.mul(b.unary('square', columns(b, twice_n4, 2, 2)), anchors_n2);
  return { x: column(b, centre_n2, 0), y: column(b, centre_n2, 1), w: column(b, size_n2, 0), h: column(b, size_n2, 1) };
}

function targetBoxes(b: ProgramBuilder, boxes_n4: Value): CentreBoxes {
  const at = (index: number): Value => column(b, boxes_n4, index);
  return { x: at(0), y: at(1), w: at(2), h: at(3) };
}

/** Row c is the target of class c: 1 − ε/2 at c and ε/2 elsewhere, [C,C]. */
function smoothedOneHot(b: ProgramBuilder, nc: number, epsilon: number): Value {
  const table = new Float32Array(nc * nc).fill(0.5 * epsilon);
  for (let c = 0; c < nc; c++) table[c * nc + c] = 1 - 0.5 * epsilon;
  return b.constant(table, [nc, nc]);
}
