/**
 * Which cells and anchors shall predict which labels. Depends on labels only, so it runs on the host before the step.
 * Float32 rounding after every operation, because centres on exact half cells must fall as in the reference.
 */
import type { Model } from '../model/model.js';

const f32 = Math.fround;

/** A neighbour cell takes part when the centre is nearer to it than half a cell. */
const NEIGHBOUR_REACH = 0.5;

/** Rows of one detection layer, in the reference's order: own cell, then left, upper, right, lower neighbours. */
export interface LayerTargets {
  /** Cells of the layer's map. */
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly numAnchors: number;
  readonly numRows: number;
  /** (image, anchor, grid y, grid x) per row, int32 [n·4] */
  readonly cells: Int32Array;
  /** Class per row, int32 [n] */
  readonly classes: Int32Array;
  /** (x, y relative to the cell's corner, w, h) in grid units, float32 [n·4] */
  readonly boxesGrid: Float32Array;
  /** (width, height) of the row's anchor in grid units, float32 [n·2] */
  readonly anchorsGrid: Float32Array;
  /** 1 for the last row of each cell and anchor, 0 for those that a later row overwrites; float32 [n] */
  readonly lastWriter: Float32Array;
}

/** What assignment needs to know of a model. */
export type AnchorGeometry = Pick<Model, 'strides' | 'anchorsPx'>;

export interface AssignOptions {
  /** Size of the images in pixels. */
  readonly height: number;
  readonly width: number;
  /** Largest ratio of label to anchor side, either way, that still matches (exclusive). */
  readonly anchorT: number;
}

/**
 * Assigns labels to every layer, anchor and cell that shall predict them (reference section 4.2).
 * @param targets rows (image in batch, class, cx, cy, w, h), normalised; float32 [n·6]
 * @returns one entry per detection layer
 */
export function assignTargets(targets: Float32Array, geometry: AnchorGeometry, options: AssignOptions): LayerTargets[] {
  return geometry.strides.map((stride, layer) => {
    const anchors = geometry.anchorsPx[layer]!.map(([w, h]) => [f32(w / stride), f32(h / stride)] as const);
    return assignLayer(
      targets,
      anchors,
      Math.floor(options.height / stride),
      Math.floor(options.width / stride),
      options.anchorT,
    );
  });
}

/** A label in grid units with a matching anchor. */
interface Match {
  readonly image: number;
  readonly class: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly anchor: number;
}

function assignLayer(
  targets: Float32Array,
  anchors: readonly (readonly [number, number])[],
  gridHeight: number,
  gridWidth: number,
  anchorT: number,
): LayerTargets {
  const matches = matchAnchors(targets, anchors, gridHeight, gridWidth, f32(anchorT));
  const rows = OFFSETS.flatMap(({ takes, dx, dy }) =>
    matches.filter((match) => takes(match, gridHeight, gridWidth)).map((match) => ({ match, dx, dy })),
  );
  const numRows = rows.length;
  const cells = new Int32Array(numRows * 4);
  const classes = new Int32Array(numRows);
  const boxesGrid = new Float32Array(numRows * 4);
  const anchorsGrid = new Float32Array(numRows * 2);
  const lastWriter = new Float32Array(numRows);
  const writers = new Map<number, number>();
  for (const [row, { match, dx, dy }] of rows.entries()) {
    const cellX = clampIndex(Math.trunc(f32(match.x - dx)), gridWidth);
    const cellY = clampIndex(Math.trunc(f32(match.y - dy)), gridHeight);
    cells.set([match.image, match.anchor, cellY, cellX], row * 4);
    classes[row] = match.class;
    // The clamped cell counts, so a centre on the right or lower border has x or y = 1.
    boxesGrid.set([f32(match.x - cellX), f32(match.y - cellY), match.w, match.h], row * 4);
    anchorsGrid.set(anchors[match.anchor]!, row * 2);
    const slot = ((match.image * anchors.length + match.anchor) * gridHeight + cellY) * gridWidth + cellX;
    const earlier = writers.get(slot);
    if (earlier !== undefined) lastWriter[earlier] = 0;
    lastWriter[row] = 1;
    writers.set(slot, row);
  }
  return {
    gridHeight,
    gridWidth,
    numAnchors: anchors.length,
    numRows,
    cells,
    classes,
    boxesGrid,
    anchorsGrid,
    lastWriter,
  };
}

/** Pairs of anchor and label whose sides differ by less than `anchorT`; by anchor, then label. */
function matchAnchors(
  targets: Float32Array,
  anchors: readonly (readonly [number, number])[],
  gridHeight: number,
  gridWidth: number,
  anchorT: number,
): Match[] {
  const matches: Match[] = [];
  for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
    for (let at = 0; at < targets.length; at += 6) {
      const w = f32(targets[at + 4]! * gridWidth);
      const h = f32(targets[at + 5]! * gridHeight);
      const rw = f32(w / anchorWidth);
      const rh = f32(h / anchorHeight);
      const worst = Math.max(rw, f32(1 / rw), rh, f32(1 / rh));
      if (!(worst < anchorT)) continue;
      matches.push({
        image: targets[at]!,
        class: targets[at + 1]!,
        x: f32(targets[at + 2]! * gridWidth),
        y: f32(targets[at + 3]! * gridHeight),
        w,
        h,
        anchor,
      });
    }
  }
  return matches;
}

/** Whether a centre lies in the half of its cell that faces a neighbour which exists. */
function leansBack(position: number): boolean {
  return position % 1 < NEIGHBOUR_REACH && position > 1;
}

/** The cells of a label: its own and up to two neighbours, each with the offset that leads to it. */
const OFFSETS: readonly {
  readonly dx: number;
  readonly dy: number;
  readonly takes: (match: Match, gridHeight: number, gridWidth: number) => boolean;
}[] = [
  { dx: 0, dy: 0, takes: () => true },
  { dx: NEIGHBOUR_REACH, dy: 0, takes: (match) => leansBack(match.x) },
  { dx: 0, dy: NEIGHBOUR_REACH, takes: (match) => leansBack(match.y) },
  { dx: -NEIGHBOUR_REACH, dy: 0, takes: (match, _, gridWidth) => leansBack(f32(gridWidth - match.x)) },
  { dx: 0, dy: -NEIGHBOUR_REACH, takes: (match, gridHeight) => leansBack(f32(gridHeight - match.y)) },
];

function clampIndex(index: number, size: number): number {
  return Math.min(Math.max(index, 0), size - 1);
}
