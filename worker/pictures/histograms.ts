/** Histograms of label columns as parts of pictures. Columns count from 0: class, cx, cy, w, h. */
import { type Drawing, hsl } from './drawing.js';

/** Cells per side. */
const CELLS = 50;
const BAR_FILL = hsl(215, 0.6, 0.5);
export const INK = '#202020';

/** Labels are normalised; the last cell has its upper end too. */
function cellOf(value: number): number {
  return Math.min(Math.max(Math.floor(value * CELLS), 0), CELLS - 1);
}

/**
 * Draws how many labels fall into each cell of two columns; darker is more, on a scale of square roots.
 * @param side of the square panel, pixels
 */
export function drawPlane(
  panel: Drawing,
  side: number,
  labels: Float32Array,
  columns: { readonly right: number; readonly down: number },
): void {
  const counts = new Float64Array(CELLS * CELLS);
  for (let at = 0; at < labels.length; at += 5) {
    counts[cellOf(labels[at + columns.down]!) * CELLS + cellOf(labels[at + columns.right]!)]! += 1;
  }
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const cell = side / CELLS;
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue;
    const fill = hsl(215, 0.8, 0.92 - 0.72 * Math.sqrt(count / most));
    panel.rectangle((i % CELLS) * cell, Math.floor(i / CELLS) * cell, cell, cell, { fill });
  }
  panel.rectangle(0, 0, side, side, { stroke: INK });
}

/** Draws the distribution of one column as bars from the bottom. */
export function drawBars(panel: Drawing, side: number, labels: Float32Array, column: number): void {
  const counts = new Float64Array(CELLS);
  for (let at = 0; at < labels.length; at += 5) counts[cellOf(labels[at + column]!)]! += 1;
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const width = side / CELLS;
  for (const [i, count] of counts.entries()) {
    const height = (0.9 * side * count) / most;
    if (count > 0) panel.rectangle(i * width, side - height, width * 0.9, height, { fill: BAR_FILL });
  }
  panel.rectangle(0, 0, side, side, { stroke: INK });
}
