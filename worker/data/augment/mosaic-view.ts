/**
 * A mosaic-4 as a perspective shows it. The canvas of twice the size is not made: only the window of it that the
 * perspective looks at, and of each tile only what lies in that window.
 */

import { PAD_GREY, type Rectangle, type RgbImage } from '../images/image.js';
import type { Picture } from '../images/picture.js';
import { pixelKernels } from '../images/pixel-kernels.js';
import { labelsThrough } from './augment.js';
import { type LabelledTile, placeTile, pushTileLabels } from './mosaic.js';
import type { Perspective } from './perspective.js';
import { visiblePart, warpOnHeap } from './warp.js';

/** A tile whose pixels are made when they are needed. */
export interface OpenTile extends LabelledTile {
  readonly image: Picture;
}

export interface MosaicView {
  /** Rows (class, x1, y1, x2, y2), pixels of the output. */
  readonly labels: Float32Array;
  /** The picture, on the thread's heap and valid within the frame; or the tile that is damaged. */
  render(): RgbImage | Picture;
}

/** The part of two rectangles that they share; perhaps of no size. */
function intersect(a: Rectangle, b: Rectangle): Rectangle {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.max(Math.min(a.x + a.width, b.x + b.width) - x, 0);
  const height = Math.max(Math.min(a.y + a.height, b.y + b.height) - y, 0);
  return { x, y, width, height };
}

/**
 * Lays out a mosaic.
 * @param tiles upper left, upper right, lower left, lower right
 * @param center where they meet, on a canvas of 2·imgsz
 * @param p of the canvas
 */
export function mosaicView(
  tiles: readonly OpenTile[],
  center: { readonly x: number; readonly y: number },
  imgsz: number,
  p: Perspective,
): MosaicView {
  const canvasSize = 2 * imgsz;
  const rows: number[] = [];
  const polygons: Float32Array[] = [];
  const placed = tiles.map((tile, position) => {
    const { canvas, source, size } = placeTile(position, tile.image, center, canvasSize);
    pushTileLabels(tile, canvas.x - source.x, canvas.y - source.y, canvasSize, rows, polygons);
    return { picture: tile.image, canvas: { ...canvas, ...size }, source };
  });
  return {
    labels: labelsThrough(p, Float32Array.from(rows), polygons),
    render() {
      const { heap, kernels } = pixelKernels();
      const target = heap.allocate(p.outWidth * p.outHeight * 3);
      const damaged = heap.frame(() => {
        const part = visiblePart(p, { width: canvasSize, height: canvasSize });
        const stride = part.width * 3;
        const address = heap.allocate(stride * part.height);
        kernels.fill(address, PAD_GREY, stride * part.height);
        for (const { picture, canvas, source } of placed) {
          const seen = intersect(canvas, part);
          if (seen.width === 0 || seen.height === 0) continue;
          const from = { ...seen, x: seen.x - canvas.x + source.x, y: seen.y - canvas.y + source.y };
          const corner = address + (seen.y - part.y) * stride + (seen.x - part.x) * 3;
          if (!picture.draw(from, { address: corner, stride })) return picture;
        }
        warpOnHeap({ address, stride, part }, p, target);
        return undefined;
      });
      if (damaged !== undefined) return damaged;
      return { data: heap.bytes(target, p.outWidth * p.outHeight * 3), width: p.outWidth, height: p.outHeight };
    },
  };
}
