/**
 * Colour jitter in 8-bit HSV (hue 0–179), with OpenCV's integer rules so that the reference's numbers come out.
 */
import type { RgbImage } from './image.js';

/** Shift of the fixed-point reciprocals. */
const SHIFT = 12;
const HALF = 1 << (SHIFT - 1);

/** round(255 / v) and round(180 / (6·d)) in fixed point, indexed by value and by chroma. */
const SATURATION_RECIPROCAL = new Int32Array(256);
const HUE_RECIPROCAL = new Int32Array(256);
for (let i = 1; i < 256; i++) {
  SATURATION_RECIPROCAL[i] = Math.round((255 << SHIFT) / i);
  HUE_RECIPROCAL[i] = Math.round((180 << SHIFT) / (6 * i));
}

/** One 256-entry table per channel; the factors are already in. */
export interface HsvTables {
  readonly hue: Uint8Array;
  readonly saturation: Uint8Array;
  readonly value: Uint8Array;
}

/** The factor of one channel: 1 + draw · gain, with the draw in [−1, 1]. */
export function hsvFactor(draw: number, gain: number): number {
  return draw * gain + 1;
}

/** Look-up tables for the three factors. Entries are truncated, not rounded; hue wraps at 180. */
export function hsvTables(hueFactor: number, saturationFactor: number, valueFactor: number): HsvTables {
  const hue = new Uint8Array(256);
  const saturation = new Uint8Array(256);
  const value = new Uint8Array(256);
  for (let i = 0; i < 256; i++) {
    hue[i] = (i * hueFactor) % 180;
    saturation[i] = Math.min(Math.max(i * saturationFactor, 0), 255);
    value[i] = Math.min(Math.max(i * valueFactor, 0), 255);
  }
  return { hue, saturation, value };
}

/** One pixel, RGB bytes → hue (0–179), saturation, value, written to `out`. */
export function rgbToHsv(r: number, g: number, b: number, out: Uint8Array): void {
  const v = Math.max(r, g, b);
  const chroma = v - Math.min(r, g, b);
  const s = (chroma * SATURATION_RECIPROCAL[v]! + HALF) >> SHIFT;
  let sector: number;
  if (v === r) sector = g - b;
  else if (v === g) sector = b - r + 2 * chroma;
  else sector = r - g + 4 * chroma;
  let h = (sector * HUE_RECIPROCAL[chroma]! + HALF) >> SHIFT;
  if (h < 0) h += 180;
  out[0] = h;
  out[1] = s;
  out[2] = v;
}

/** Sector (0–5) and position within it for each hue, and saturation as a fraction: float32, as OpenCV computes. */
const HUE_SECTOR = new Uint8Array(256);
const HUE_FRACTION = new Float32Array(256);
const UNIT = new Float32Array(256);
const INV_255 = Math.fround(1 / 255);
for (let i = 0; i < 256; i++) {
  const position = Math.fround(i * Math.fround(6 / 180));
  HUE_SECTOR[i] = Math.floor(position) % 6;
  HUE_FRACTION[i] = position - Math.floor(position);
  UNIT[i] = Math.fround(i * INV_255);
}

/** Adding and taking away 1.5 · 2²³ in float32 leaves no room for a fraction: rounds half to even. */
const ROUNDER = 12582912;

/** A fraction of 255 as a byte, rounded as float32 arithmetic does. */
function toByte(fraction: number): number {
  return Math.fround(Math.fround(fraction * 255) + ROUNDER) - ROUNDER;
}

/**
 * Applies the tables to every pixel of the picture, in place. Intermediate results are float32, as OpenCV's are: where
 * exact halves go depends on it.
 */
export function applyHsvInPlace(image: RgbImage, tables: HsvTables): void {
  const { data } = image;
  const { hue: hueTable, saturation: saturationTable, value: valueTable } = tables;
  const { fround } = Math;
  const hsv = new Uint8Array(3);
  for (let i = 0; i < data.length; i += 3) {
    rgbToHsv(data[i]!, data[i + 1]!, data[i + 2]!, hsv);
    const hue = hueTable[hsv[0]!]!;
    const high = valueTable[hsv[2]!]!;
    const v = UNIT[high]!;
    const s = UNIT[saturationTable[hsv[1]!]!]!;
    const fraction = HUE_FRACTION[hue]!;
    const sector = HUE_SECTOR[hue]!;
    const low = toByte(fround(v * fround(1 - s)));
    // Even sectors rise from low to high, odd ones fall.
    const slope = sector % 2 === 0 ? fround(1 - fraction) : fraction;
    const middle = toByte(fround(v * fround(1 - fround(s * slope))));
    // 0: high middle low, 1: middle high low, 2: low high middle, 3: low middle high, 4: middle low high, 5: high low middle
    data[i] = sector === 0 || sector === 5 ? high : sector === 1 || sector === 4 ? middle : low;
    data[i + 1] = sector === 1 || sector === 2 ? high : sector === 0 || sector === 3 ? middle : low;
    data[i + 2] = sector === 3 || sector === 4 ? high : sector === 2 || sector === 5 ? middle : low;
  }
}
