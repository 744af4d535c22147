/**
 * Histogram equalisation, whole and by tiles with limited contrast (Zuiderveld, "Contrast limited adaptive histogram
 * equalization", Graphics Gems IV, 1994), on one channel of bytes, and both on the lightness of colour pictures.
 */

import { roundHalfEven } from '../../../proto/rounding.js';
import type { RgbImage } from '../images/image.js';
import { reflectIndex } from './filters.js';

/** Tiles per side. */
export const CLAHE_TILES = 8;

/** One channel of bytes, rows from the top. */
export interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The table that spreads the plane's values evenly over 0 … 255, as OpenCV's: the least value becomes 0. */
function equalisingTable({ data }: Plane): Uint8Array {
  const histogram = new Int32Array(256);
  for (const value of data) histogram[value]! += 1;
  const least = histogram.findIndex((count) => count > 0);
  const table = new Uint8Array(256);
  const rest = data.length - (histogram[least] ?? 0);
  if (rest === 0) return table.fill(Math.max(least, 0));
  let sum = 0;
  for (let value = least + 1; value < 256; value++) {
    sum += histogram[value]!;
    table[value] = Math.min(roundHalfEven((sum * 255) / rest), 255);
  }
  return table;
}

/** Equalises the histogram of a plane, in place. */
export function equalisePlaneInPlace(plane: Plane): void {
  const table = equalisingTable(plane);
  for (let i = 0; i < plane.data.length; i++) plane.data[i] = table[plane.data[i]!]!;
}

/** The equalising table of one tile, with its histogram cut at the limit and the cut part spread over all values. */
function tileTable(histogram: Int32Array, area: number, clipLimit: number): Uint8Array {
  if (clipLimit > 0) {
    const limit = Math.max(Math.trunc((clipLimit * area) / 256), 1);
    let excess = 0;
    for (let i = 0; i < 256; i++) {
      if (histogram[i]! <= limit) continue;
      excess += histogram[i]! - limit;
      histogram[i] = limit;
    }
    const share = Math.floor(excess / 256);
    for (let i = 0; i < 256; i++) histogram[i]! += share;
    const rest = excess - share * 256;
    const step = rest > 0 ? Math.max(Math.floor(256 / rest), 1) : 1;
    for (let i = 0, left = rest; i < 256 && left > 0; i += step, left--) histogram[i]! += 1;
  }
  const table = new Uint8Array(256);
  let sum = 0;
  for (let i = 0; i < 256; i++) {
    sum += histogram[i]!;
    table[i] = Math.min(roundHalfEven((sum * 255) / area), 255);
  }
  return table;
}

/** For each position of an axis the two nearest tiles and the weight of the second. */
function tileWeights(length: number, tileLength: number, tiles: number) {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const weight = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const position = i / tileLength - 0.5;
    const tile = Math.floor(position);
    weight[i] = position - tile;
    first[i] = Math.max(tile, 0);
    second[i] = Math.min(tile + 1, tiles - 1);
  }
  return { first, second, weight };
}

/**
 * Equalises a plane tile by tile, blending the tables of neighbouring tiles, in place. A size that does not divide into
 * tiles is continued by reflection at the right and the bottom.
 * @param clipLimit how many times the mean a histogram's entry may be; 0: no limit
 */
export function clahePlaneInPlace(plane: Plane, clipLimit: number, tiles: number = CLAHE_TILES): void {
  const { data, width, height } = plane;
  const tileWidth = Math.ceil(width / tiles);
  const tileHeight = Math.ceil(height / tiles);
  const tables: Uint8Array[] = [];
  for (let ty = 0; ty < tiles; ty++) {
    for (let tx = 0; tx < tiles; tx++) {
      const histogram = new Int32Array(256);
      for (let y = ty * tileHeight; y < (ty + 1) * tileHeight; y++) {
        const row = reflectIndex(y, height) * width;
        for (let x = tx * tileWidth; x < (tx + 1) * tileWidth; x++) {
          histogram[data[row + reflectIndex(x, width)]!]! += 1;
        }
      }
      tables.push(tileTable(histogram, tileWidth * tileHeight, clipLimit));
    }
  }
  const columns = tileWeights(width, tileWidth, tiles);
  const rows = tileWeights(height, tileHeight, tiles);
  for (let y = 0; y < height; y++) {
    const upper = rows.first[y]! * tiles;
    const lower = rows.second[y]! * tiles;
    const wy = rows.weight[y]!;
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x]!;
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const wx = columns.weight[x]!;
      const above = tables[upper + left]![value]! * (1 - wx) + tables[upper + right]![value]! * wx;
      const below = tables[lower + left]![value]! * (1 - wx) + tables[lower + right]![value]! * wx;
      data[y * width + x] = roundHalfEven(above * (1 - wy) + below * wy);
    }
  }
}

/** Weights of red, green and blue in luma (ITU-R BT.601), and what turns a colour difference back into a colour. */
const [KR, KG, KB] = [0.299, 0.587, 0.114];

/** Changes a picture's luma (BT.601 Y; colour differences stay) by a function of the luma plane, in place. */
function changeLuma(image: RgbImage, change: (plane: Plane) => void): void {
  const { data, width, height } = image;
  const plane = { data: new Uint8Array(width * height), width, height };
  for (let i = 0; i < plane.data.length; i++) {
    plane.data[i] = Math.round(KR * data[3 * i]! + KG * data[3 * i + 1]! + KB * data[3 * i + 2]!);
  }
  const before = plane.data.slice();
  change(plane);
  for (let i = 0; i < plane.data.length; i++) {
    // With unchanged colour differences every channel moves as far as the luma does.
    const shift = plane.data[i]! - before[i]!;
    for (let c = 3 * i; c < 3 * i + 3; c++) data[c] = Math.min(Math.max(data[c]! + shift, 0), 255);
  }
}

/** Equalises the histogram of a picture's luma, in place. */
export function equaliseHistogramInPlace(image: RgbImage): void {
  changeLuma(image, equalisePlaneInPlace);
}

/** Contrast-limited equalisation by tiles of a picture's luma, in place. @param clipLimit the reference uses 2 */
export function claheLumaInPlace(image: RgbImage, clipLimit: number = 2): void {
  changeLuma(image, (plane) => clahePlaneInPlace(plane, clipLimit));
}
