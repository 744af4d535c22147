/**
 * Colour jitter in 8-bit HSV (hue 0–179), with OpenCV's integer rules so that the reference's numbers come out.
 */
import type { RgbImage } from '../images/image.js';
import { pixelKernels } from '../images/pixel-kernels.js';

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
  /** Of hue, saturation and value; what the tables were made of. */
  readonly factors: readonly [hue: number, saturation: number, value: number];
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
  return { hue, saturation, value, factors: [hueFactor, saturationFactor, valueFactor] };
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

const TABLE_LENGTH = 256;
/** Three planes of 256 pixels, and room for the last ones. */
const WORK_BYTES = 6 * TABLE_LENGTH;
const NUM_HUES = 180;

/**
 * Whether products in float32 give the tables, which are made in float64: nearly always. Then the kernel need not look
 * anything up.
 */
export function areProductsExact({ hue, saturation, value, factors }: HsvTables): boolean {
  const { fround, trunc, min } = Math;
  const [hueFactor, saturationFactor, valueFactor] = factors.map(fround) as [number, number, number];
  for (let i = 0; i < TABLE_LENGTH; i++) {
    if (trunc(min(fround(i * saturationFactor), 255)) !== saturation[i]) return false;
    if (trunc(min(fround(i * valueFactor), 255)) !== value[i]) return false;
    if (i >= NUM_HUES) continue;
    const turned = fround(i * hueFactor);
    if (trunc(turned >= NUM_HUES ? turned - NUM_HUES : turned) !== hue[i]) return false;
  }
  return true;
}

/**
 * Applies the tables to every pixel of the picture, in place. Intermediate results are float32, as OpenCV's are: where
 * exact halves go depends on it.
 */
export function applyHsvInPlace(image: RgbImage, tables: HsvTables): void {
  const { heap, kernels } = pixelKernels();
  const count = image.width * image.height;
  heap.frame(() => {
    const work = heap.allocate(WORK_BYTES);
    if (areProductsExact(tables)) {
      const [hue, saturation, value] = tables.factors;
      heap.lend(image.data, (address) => kernels.jitterByFactors(address, count, hue, saturation, value, work));
      return;
    }
    const place = heap.allocate(3 * TABLE_LENGTH);
    [tables.hue, tables.saturation, tables.value].forEach((table, i) => {
      heap.bytes(place + i * TABLE_LENGTH, TABLE_LENGTH).set(table);
    });
    heap.lend(image.data, (address) => kernels.jitterByTables(address, count, place, work));
  });
}
