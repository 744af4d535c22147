/** The labels of a data set in four panels: classes, box shapes, where boxes are, and how large. */
import { openSharp } from '../data/images/libvips.js';
import { classColour, Drawing } from './drawing.js';
import { drawPlane, INK } from './histograms.js';

const PANEL_PX = 780;
const GAP_PX = 20;
const SIDE_PX = 2 * PANEL_PX + 3 * GAP_PX;
const TEXT_PX = 12;
const SMALL_TEXT_PX = 9;
/** With more classes their names would not be legible. */
const MAX_NAMED_CLASSES = 30;
const MAX_BOXES = 1000;

/**
 * Draws the label plot.
 * @param labels rows (class, cx, cy, w, h), normalised; float32 [n·5]
 * @param names of the classes
 * @returns a JPEG file
 */
export async function drawLabels(labels: Float32Array, names: readonly string[]): Promise<Buffer> {
  const drawing = new Drawing(SIDE_PX, SIDE_PX);
  drawing.rectangle(0, 0, SIDE_PX, SIDE_PX, { fill: '#ffffff' });
  const panels = [drawClasses, drawShapes, drawCentres, drawSizes];
  for (const [i, draw] of panels.entries()) {
    const x = GAP_PX + (i % 2) * (PANEL_PX + GAP_PX);
    const y = GAP_PX + Math.floor(i / 2) * (PANEL_PX + GAP_PX);
    drawing.frame(x, y, PANEL_PX, PANEL_PX, (panel) => draw(panel, labels, names));
  }
  const sharp = await openSharp();
  return sharp(drawing.toSvg())
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function countClasses(labels: Float32Array, numClasses: number): number[] {
  const counts = new Array<number>(numClasses).fill(0);
  for (let at = 0; at < labels.length; at += 5) {
    const classId = labels[at]!;
    if (classId < numClasses) counts[classId]! += 1;
  }
  return counts;
}

function drawClasses(panel: Drawing, labels: Float32Array, names: readonly string[]): void {
  const counts = countClasses(labels, names.length);
  const isNamed = names.length < MAX_NAMED_CLASSES;
  const bottom = isNamed ? 190 : 40;
  const top = 40;
  const room = PANEL_PX - bottom - top;
  const most = Math.max(...counts, 1);
  const step = PANEL_PX / Math.max(names.length, 1);
  panel.text(`labels per class: ${labels.length / 5} in all, ${most} at most`, 4, 8, TEXT_PX, { fill: INK });
  for (const [classId, count] of counts.entries()) {
    const height = (room * count) / most;
    const x = classId * step;
    panel.rectangle(x + step * 0.1, top + room - height, step * 0.8, height, { fill: classColour(classId) });
    if (!isNamed) continue;
    const textPx = Math.min(TEXT_PX, step * 0.6);
    panel.textUpwards(names[classId]!.slice(0, 22), x + step / 2, top + room + 8, textPx, INK);
    panel.text(
      String(count),
      x + step * 0.1,
      Math.max(top + room - height - textPx - 3, 24),
      Math.min(SMALL_TEXT_PX, textPx),
      {
        fill: INK,
      },
    );
  }
  if (!isNamed) panel.text(`classes 0 to ${names.length - 1}`, 4, PANEL_PX - 20, TEXT_PX, { fill: INK });
  panel.rectangle(0, top + room, PANEL_PX, 1, { fill: INK });
}

/** The first boxes, all centred on one point. */
function drawShapes(panel: Drawing, labels: Float32Array): void {
  panel.rectangle(0, 0, PANEL_PX, PANEL_PX, { stroke: INK });
  const end = Math.min(labels.length, MAX_BOXES * 5);
  for (let at = 0; at < end; at += 5) {
    const width = labels[at + 3]! * PANEL_PX;
    const height = labels[at + 4]! * PANEL_PX;
    panel.rectangle((PANEL_PX - width) / 2, (PANEL_PX - height) / 2, width, height, {
      stroke: classColour(labels[at]!),
      opacity: 0.6,
    });
  }
  panel.text(`box shapes: the first ${end / 5}`, 4, 8, TEXT_PX, { fill: INK, background: '#ffffff' });
}

function drawCentres(panel: Drawing, labels: Float32Array): void {
  drawPlane(panel, PANEL_PX, labels, { right: 1, down: 2 });
  panel.text('centres: x to the right, y downwards', 4, 8, TEXT_PX, { fill: INK, background: '#ffffff' });
}

function drawSizes(panel: Drawing, labels: Float32Array): void {
  drawPlane(panel, PANEL_PX, labels, { right: 3, down: 4 });
  panel.text('sizes: width to the right, height downwards', 4, 8, TEXT_PX, { fill: INK, background: '#ffffff' });
}
