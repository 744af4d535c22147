/** Four pictures around one point: the reference's mosaic-4. */

import { clipXyxyInPlace, xywhnToXyxy } from '../geometry/boxes.js';
import { copyRectangle, filledImage, type RgbImage } from '../images/image.js';
import type { Scene } from './augment.js';

/** The labels of a picture at its long side, normalised to it. */
export interface LabelledTile {
  /** Pixels. */
  readonly image: { readonly width: number; readonly height: number };
  /** Rows (class, cx, cy, w, h). */
  readonly labels: Float32Array;
  readonly polygons: readonly Float32Array[];
}

/** A tile with its pixels. */
export interface MosaicTile extends LabelledTile {
  readonly image: RgbImage;
}

/** Draws that a mosaic needs. */
export interface MosaicRandom {
  uniform(low: number, high: number): number;
}

/** Where a tile goes: a rectangle of the canvas, and the source pixel at its corner. */
export interface TilePlacement {
  readonly canvas: { readonly x: number; readonly y: number };
  readonly source: { readonly x: number; readonly y: number };
  readonly size: { readonly width: number; readonly height: number };
}

/**
 * The placement of tile `position` (0 upper left, 1 upper right, 2 lower left, 3 lower right): it touches the centre
 * with its inner corner, and what leaves the canvas is cut.
 */
export function placeTile(
  position: number,
  image: { readonly width: number; readonly height: number },
  center: { readonly x: number; readonly y: number },
  canvasSize: number,
): TilePlacement {
  const isLeft = position % 2 === 0;
  const isUpper = position < 2;
  const left = isLeft ? center.x - image.width : center.x;
  const top = isUpper ? center.y - image.height : center.y;
  const x1 = Math.max(left, 0);
  const y1 = Math.max(top, 0);
  const x2 = Math.min(left + image.width, canvasSize);
  const y2 = Math.min(top + image.height, canvasSize);
  return {
    canvas: { x: x1, y: y1 },
    source: { x: x1 - left, y: y1 - top },
    size: { width: x2 - x1, height: y2 - y1 },
  };
}

/** A whole number below `n` from one draw in [0, 1). */
function indexBelow(random: MosaicRandom, n: number): number {
  return Math.min(Math.floor(random.uniform(0, 1) * n), n - 1);
}

/** What further tiles are drawn from: the numbers below `numImages`, or these images (some perhaps several times). */
export interface TilePool {
  readonly numImages: number;
  readonly images?: Int32Array | undefined;
}

/** The given image and `count` more, drawn with replacement, all shuffled. */
export function drawTiles(index: number, count: number, pool: TilePool, random: MosaicRandom): number[] {
  const { images, numImages } = pool;
  const drawOne = (): number =>
    images === undefined ? indexBelow(random, numImages) : images[indexBelow(random, images.length)]!;
  const order = [index, ...Array.from({ length: count }, drawOne)];
  for (let i = order.length - 1; i > 0; i--) {
    const j = indexBelow(random, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Centre and order of a mosaic: the given image and three drawn with replacement, shuffled. */
export function drawMosaic(
  index: number,
  pool: TilePool,
  imgsz: number,
  random: MosaicRandom,
): { center: { x: number; y: number }; order: number[] } {
  const y = Math.trunc(random.uniform(imgsz / 2, imgsz + imgsz / 2));
  const x = Math.trunc(random.uniform(imgsz / 2, imgsz + imgsz / 2));
  return { center: { x, y }, order: drawTiles(index, 3, pool, random) };
}

/** Adds a tile's boxes and polygons in pixels of a square canvas, clipped to it; its upper left corner lies at left, top. */
export function pushTileLabels(
  tile: LabelledTile,
  left: number,
  top: number,
  canvasSize: number,
  labels: number[],
  polygons: Float32Array[],
): void {
  const { width, height } = tile.image;
  for (let i = 0; i < tile.labels.length / 5; i++) {
    const box = xywhnToXyxy(tile.labels.subarray(5 * i + 1, 5 * i + 5), width, height, left, top);
    labels.push(tile.labels[5 * i]!, ...clipXyxyInPlace(box, canvasSize, canvasSize));
    const polygon = tile.polygons[i] ?? new Float32Array(0);
    polygons.push(
      clipXyxyInPlace(
        polygon.map((v, k) => (k % 2 === 0 ? v * width + left : v * height + top)),
        canvasSize,
        canvasSize,
      ),
    );
  }
}

/** Composes four tiles on a canvas of 2·imgsz; labels are in its pixels and clipped to it. */
export function composeMosaic(
  tiles: readonly MosaicTile[],
  center: { readonly x: number; readonly y: number },
  imgsz: number,
): Scene {
  const canvasSize = 2 * imgsz;
  const image = filledImage(canvasSize, canvasSize);
  const labels: number[] = [];
  const polygons: Float32Array[] = [];
  tiles.forEach((tile, position) => {
    const { canvas, source, size } = placeTile(position, tile.image, center, canvasSize);
    copyRectangle(tile.image, image, source, canvas, size);
    pushTileLabels(tile, canvas.x - source.x, canvas.y - source.y, canvasSize, labels, polygons);
  });
  return { image, labels: Float32Array.from(labels), polygons };
}

/**
 * Draws and composes the mosaic of an image.
 * @param load a picture by its number; called for the four tiles
 */
export async function mosaicScene(
  index: number,
  pool: TilePool,
  imgsz: number,
  random: MosaicRandom,
  load: (index: number) => Promise<MosaicTile>,
): Promise<Scene> {
  const { center, order } = drawMosaic(index, pool, imgsz, random);
  const tiles: MosaicTile[] = [];
  for (const tile of order) tiles.push(await load(tile));
  return composeMosaic(tiles, center, imgsz);
}
