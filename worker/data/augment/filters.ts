/** Smoothing, grey and tone curves on 8-bit RGB pictures. Each returns a new picture or says "in place". */

import { roundHalfEven } from '../../../proto/rounding.js';
import type { RgbImage } from '../images/image.js';

/** The index reflected at the borders without repeating the border itself: −1 → 1, n → n − 2. */
export function reflectIndex(index: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((index % period) + period) % period;
  return within < length ? within : period - within;
}

/**
 * The mean over a square of `size`×`size` pixels, rounded half to even; borders are reflected.
 * @param size odd
 */
export function boxBlur(source: RgbImage, size: number): RgbImage {
  const { data, width, height } = source;
  const radius = (size - 1) / 2;
  const rowLength = width * 3;
  const area = size * size;
  // Column sums of the rows under the square; going down one row leaves and one enters.
  const columns = new Int32Array(rowLength);
  const addRow = (row: number, sign: 1 | -1): void => {
    const base = reflectIndex(row, height) * rowLength;
    for (let i = 0; i < rowLength; i++) columns[i]! += sign * data[base + i]!;
  };
  const out = new Uint8Array(data.length);
  for (let k = -radius; k <= radius; k++) addRow(k, 1);
  for (let y = 0; y < height; y++) {
    if (y > 0) {
      addRow(y + radius, 1);
      addRow(y - 1 - radius, -1);
    }
    for (let c = 0; c < 3; c++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) sum += columns[reflectIndex(k, width) * 3 + c]!;
      for (let x = 0; x < width; x++) {
        if (x > 0) {
          sum += columns[reflectIndex(x + radius, width) * 3 + c]!;
          sum -= columns[reflectIndex(x - 1 - radius, width) * 3 + c]!;
        }
        out[y * rowLength + x * 3 + c] = roundHalfEven(sum / area);
      }
    }
  }
  return { data: out, width, height };
}

function clampIndex(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}

/**
 * The median over a square of `size`×`size` pixels, per channel; borders are repeated. A histogram slides along each
 * row (Huang, Yang and Tang, "A fast two-dimensional median filtering algorithm", 1979).
 * @param size odd
 */
export function medianBlur(source: RgbImage, size: number): RgbImage {
  const { data, width, height } = source;
  const radius = (size - 1) / 2;
  const half = (size * size - 1) / 2;
  const out = new Uint8Array(data.length);
  const histogram = new Int32Array(256);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      histogram.fill(0);
      let median = 0;
      /** How many values lie below `median`. */
      let below = 0;
      const addColumn = (column: number, sign: 1 | -1): void => {
        const x = clampIndex(column, width);
        for (let k = -radius; k <= radius; k++) {
          const value = data[(clampIndex(y + k, height) * width + x) * 3 + c]!;
          histogram[value]! += sign;
          if (value < median) below += sign;
        }
      };
      for (let k = -radius; k <= radius; k++) addColumn(k, 1);
      for (let x = 0; x < width; x++) {
        if (x > 0) {
          addColumn(x + radius, 1);
          addColumn(x - 1 - radius, -1);
        }
        while (below > half) below -= histogram[--median]!;
        while (below + histogram[median]! <= half) below += histogram[median++]!;
        out[(y * width + x) * 3 + c] = median;
      }
    }
  }
  return { data: out, width, height };
}

/** Weights of red, green and blue in luma (ITU-R BT.601) in 14-bit fixed point. */
const LUMA_BITS = 14;
const [LUMA_R, LUMA_G, LUMA_B] = [4899, 9617, 1868];

/** BT.601 luma of a pixel, rounded. */
export function luma(r: number, g: number, b: number): number {
  return (r * LUMA_R + g * LUMA_G + b * LUMA_B + (1 << (LUMA_BITS - 1))) >> LUMA_BITS;
}

/** Gives every pixel its luma in all three channels, in place. */
export function greyInPlace({ data }: RgbImage): void {
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data[i]!, data[i + 1]!, data[i + 2]!);
    data[i] = grey;
    data[i + 1] = grey;
    data[i + 2] = grey;
  }
}

/** Maps every byte of the picture through a table of 256, in place. */
export function mapBytesInPlace({ data }: RgbImage, table: Uint8Array): void {
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
}

function clampedTable(curve: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => Math.min(Math.max(curve(i), 0), 255));
}

/** value · contrast + brightness · 255, fractions cut off. @param brightness share of the full range */
export function brightnessContrastTable(contrast: number, brightness: number): Uint8Array {
  return clampedTable((value) => value * contrast + brightness * 255);
}

/** 255 · (value / 255)^gamma, fractions cut off. */
export function gammaTable(gamma: number): Uint8Array {
  return clampedTable((value) => (value / 255) ** gamma * 255);
}
