/** How the numbers of the labels go together: each pair of centre and size as a plane, each alone as bars on the diagonal. */
import { openSharp } from '../data/images/libvips.js';
import { Drawing } from './drawing.js';
import { drawBars, drawPlane, INK } from './histograms.js';

/** With their columns in the label rows. */
const NAMES = [
  ['x', 1],
  ['y', 2],
  ['width', 3],
  ['height', 4],
] as const;
const PANEL_PX = 380;
const GAP_PX = 20;
/** For the names at the left and at the bottom. */
const MARGIN_PX = 36;
const TEXT_PX = 14;
const SIDE_PX = MARGIN_PX + NAMES.length * (PANEL_PX + GAP_PX) + GAP_PX;

/**
 * Draws the pair plot of the labels: names run to the right and downwards, only the lower half is there.
 * @param labels rows (class, cx, cy, w, h), normalised; float32 [n·5]
 * @returns a JPEG file
 */
export async function drawCorrelogram(labels: Float32Array): Promise<Buffer> {
  const drawing = new Drawing(SIDE_PX, SIDE_PX);
  drawing.rectangle(0, 0, SIDE_PX, SIDE_PX, { fill: '#ffffff' });
  const place = (k: number): number => GAP_PX + k * (PANEL_PX + GAP_PX);
  for (const [row, [name, down]] of NAMES.entries()) {
    drawing.textUpwards(name, MARGIN_PX / 2 + TEXT_PX / 2, place(row) + PANEL_PX / 2 - 30, TEXT_PX, INK);
    drawing.text(name, MARGIN_PX + place(row) + PANEL_PX / 2 - 20, SIDE_PX - MARGIN_PX + 8, TEXT_PX, { fill: INK });
    for (const [column, [, right]] of NAMES.slice(0, row + 1).entries()) {
      drawing.frame(MARGIN_PX + place(column), place(row), PANEL_PX, PANEL_PX, (panel) => {
        if (column === row) drawBars(panel, PANEL_PX, labels, right);
        else drawPlane(panel, PANEL_PX, labels, { right, down });
      });
    }
  }
  drawing.text(`${labels.length / 5} labels, fractions of their image`, SIDE_PX / 2, GAP_PX, TEXT_PX, { fill: INK });
  const sharp = await openSharp();
  return sharp(drawing.toSvg())
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
