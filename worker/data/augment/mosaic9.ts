/** Nine pictures around one: the reference's mosaic-9, which it never calls; here the hyperparameter `mosaic9` does. */

import { copyRectangle, filledImage } from '../images/image.js';
import type { Scene } from './augment.js';
import { drawTiles, type MosaicRandom, type MosaicTile, pushTileLabels, type TilePool } from './mosaic.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Upper left corners of the nine tiles on a canvas of 3·imgsz: the first in the middle, the others clockwise around it
 * from above, each against its predecessor. Corners may be negative.
 */
export function mosaic9Origins(sizes: readonly Size[], imgsz: number): { x: number; y: number }[] {
  const s = imgsz;
  const first = sizes[0]!;
  return sizes.map(({ width: w, height: h }, i) => {
    const previous = sizes[Math.max(i - 1, 0)]!;
    switch (i) {
      case 0:
        return { x: s, y: s };
      case 1:
        return { x: s, y: s - h };
      case 2:
        return { x: s + previous.width, y: s - h };
      case 3:
        return { x: s + first.width, y: s };
      case 4:
        return { x: s + first.width, y: s + previous.height };
      case 5:
        return { x: s + first.width - w, y: s + first.height };
      case 6:
        return { x: s + first.width - previous.width - w, y: s + first.height };
      case 7:
        return { x: s - w, y: s + first.height - h };
      default:
        return { x: s - w, y: s + first.height - previous.height - h };
    }
  });
}

/**
 * Composes nine tiles and cuts a window of 2·imgsz out of them.
 * @param window the window's upper left corner on the canvas of 3·imgsz, pixels
 */
export function composeMosaic9(
  tiles: readonly MosaicTile[],
  window: { readonly x: number; readonly y: number },
  imgsz: number,
): Scene {
  const side = 2 * imgsz;
  const image = filledImage(side, side);
  const labels: number[] = [];
  const polygons: Float32Array[] = [];
  const origins = mosaic9Origins(
    tiles.map((tile) => tile.image),
    imgsz,
  );
  tiles.forEach((tile, i) => {
    const left = origins[i]!.x - window.x;
    const top = origins[i]!.y - window.y;
    const x1 = Math.max(left, 0);
    const y1 = Math.max(top, 0);
    // What lies beyond the canvas of 3·imgsz cannot be in the window.
    const size = {
      width: Math.min(left + tile.image.width, side) - x1,
      height: Math.min(top + tile.image.height, side) - y1,
    };
    if (size.width > 0 && size.height > 0) {
      copyRectangle(tile.image, image, { x: x1 - left, y: y1 - top }, { x: x1, y: y1 }, size);
    }
    pushTileLabels(tile, left, top, side, labels, polygons);
  });
  return { image, labels: Float32Array.from(labels), polygons };
}

/** Draws and composes the mosaic of nine of an image; eight more are drawn with replacement and all are shuffled. */
export async function mosaic9Scene(
  index: number,
  pool: TilePool,
  imgsz: number,
  random: MosaicRandom,
  load: (index: number) => Promise<MosaicTile>,
): Promise<Scene> {
  const order = drawTiles(index, 8, pool, random);
  const x = Math.trunc(random.uniform(0, imgsz));
  const y = Math.trunc(random.uniform(0, imgsz));
  const tiles: MosaicTile[] = [];
  for (const tile of order) tiles.push(await load(tile));
  return composeMosaic9(tiles, { x, y }, imgsz);
}
