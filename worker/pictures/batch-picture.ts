/** A batch as training sees it: its images side by side, with boxes and file names. */
import { basename } from 'node:path';
import { copyRectangle, filledImage } from '../data/images/image.js';
import { openSharp } from '../data/images/libvips.js';
import type { Batch } from '../data/loader/batch.js';
import { classColour, Drawing } from './drawing.js';

const MAX_TILES = 16;
const MAX_SIDE_PX = 1920;
/** Smaller tiles are enlarged, or text would cover them. */
const MIN_TILE_PX = 320;
const MAX_NAME_LENGTH = 40;
const WHITE = 255;
const TEXT_PX = 10;

/** What a picture needs of a batch; copied, so that the batch may be released. */
export interface BatchTiles {
  /** [n, height, width, 3] RGB. */
  readonly images: Uint8Array;
  readonly numImages: number;
  readonly height: number;
  readonly width: number;
  /** Rows (image, class, cx, cy, w, h), normalised. */
  readonly targets: Float32Array;
  /** File names, by image; none where images were put together of several. */
  readonly names: readonly string[];
}

/** Copies the first images of a batch, at most 16. */
export function copyTiles(batch: Batch): BatchTiles {
  const { height, width, targets, numTargets, items } = batch;
  const numImages = Math.min(batch.numImages, MAX_TILES);
  const isOneToOne = items.length === batch.numImages;
  return {
    images: batch.images.slice(0, numImages * height * width * 3),
    numImages,
    height,
    width,
    targets: targets.slice(0, numTargets * 6),
    names: isOneToOne ? items.slice(0, numImages).map(({ path }) => basename(path)) : [],
  };
}

/**
 * Draws tiles column by column in a square grid of at most 1920 px; tiles below 320 px are enlarged where there is room.
 * @param classNames shown at the boxes; a class without a name shows its number
 * @returns a JPEG file
 */
export async function drawBatch(tiles: BatchTiles, classNames: readonly string[]): Promise<Buffer> {
  const { numImages, height, width } = tiles;
  const side = Math.ceil(Math.sqrt(numImages));
  const sheet = filledImage(width * side, height * side, WHITE);
  const place = (i: number): { x: number; y: number } => ({ x: Math.floor(i / side) * width, y: (i % side) * height });
  for (let i = 0; i < numImages; i++) {
    const data = tiles.images.subarray(i * height * width * 3, (i + 1) * height * width * 3);
    copyRectangle({ data, width, height }, sheet, { x: 0, y: 0 }, place(i), { width, height });
  }
  const wanted = Math.max(1, MIN_TILE_PX / Math.max(width, height));
  const scale = Math.min(wanted, MAX_SIDE_PX / Math.max(sheet.width, sheet.height));
  const drawing = new Drawing(Math.round(sheet.width * scale), Math.round(sheet.height * scale));
  for (let i = 0; i < numImages; i++) {
    const { x, y } = place(i);
    drawing.frame(x * scale, y * scale, width * scale, height * scale, (frame) =>
      drawTile(frame, tiles, i, classNames),
    );
  }
  const sharp = await openSharp();
  return sharp(sheet.data, { raw: { width: sheet.width, height: sheet.height, channels: 3 } })
    .resize(drawing.width, drawing.height)
    .composite([{ input: drawing.toSvg() }])
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function drawTile(frame: Drawing, tiles: BatchTiles, image: number, classNames: readonly string[]): void {
  const { width, height } = frame;
  const { targets, names } = tiles;
  const textPx = Math.max(Math.min(TEXT_PX, width / 16), 5);
  frame.rectangle(0, 0, width, height, { stroke: '#ffffff', strokeWidth: 2 });
  for (let at = 0; at < targets.length; at += 6) {
    if (targets[at] !== image) continue;
    const [classId, cx, cy, w, h] = targets.subarray(at + 1, at + 6);
    const colour = classColour(classId!);
    const left = (cx! - w! / 2) * width;
    const top = (cy! - h! / 2) * height;
    frame.rectangle(left, top, w! * width, h! * height, { stroke: colour, strokeWidth: 2 });
    const label = classNames[classId!] ?? String(classId);
    frame.text(label, Math.max(left, 0) + 3, Math.max(top, 0) + 3, textPx, { fill: '#ffffff', background: colour });
  }
  const name = names[image];
  if (name === undefined) return;
  frame.text(name.slice(0, MAX_NAME_LENGTH), 5, height - textPx - 5, textPx, {
    fill: '#ffffff',
    background: '#00000080',
  });
}
