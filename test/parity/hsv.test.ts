import { describe, expect, it } from 'vitest';
import { applyHsvInPlace, hsvFactor, hsvTables, rgbToHsv } from '../../worker/data/augment/hsv.js';
import { readFixture, type TensorEntry, tensorU8 } from '../support/fixtures.js';
import { imageDifference, maxDifference, rgbImage } from '../support/rgb.js';

interface HsvCase {
  gains: [number, number, number];
  draws: { value: [number, number, number] }[];
  factors: [number, number, number];
  image: TensorEntry;
  hsv_before: TensorEntry;
  hsv_after: TensorEntry;
  lut_h: TensorEntry;
  lut_s: TensorEntry;
  lut_v: TensorEntry;
  result: TensorEntry;
}

const { hsv: cases } = readFixture<{ hsv: HsvCase[] }>('augment');

describe('colour jitter against the reference', () => {
  it.each(cases.map((c, i) => [i, c] as const))('case %i: factors, tables and hue exactly, pixels too', (_, c) => {
    const factors = c.gains.map((gain, i) => hsvFactor(c.draws[0]!.value[i]!, gain));
    expect(maxDifference(factors, c.factors)).toBeLessThan(1e-12);
    const tables = hsvTables(c.factors[0], c.factors[1], c.factors[2]);
    expect(tables.hue).toEqual(tensorU8(c.lut_h).data);
    expect(tables.saturation).toEqual(tensorU8(c.lut_s).data);
    expect(tables.value).toEqual(tensorU8(c.lut_v).data);

    const image = rgbImage(c.image);
    const before = new Uint8Array(image.data.length);
    const hsv = new Uint8Array(3);
    for (let i = 0; i < image.data.length; i += 3) {
      rgbToHsv(image.data[i]!, image.data[i + 1]!, image.data[i + 2]!, hsv);
      before.set(hsv, i);
    }
    expect(before).toEqual(tensorU8(c.hsv_before).data);
    const after = before.map((level, i) => [tables.hue, tables.saturation, tables.value][i % 3]![level]!);
    expect(after).toEqual(tensorU8(c.hsv_after).data);
    applyHsvInPlace(image, tables);
    // The fixture allows 2 levels and says that exact is attainable.
    expect(imageDifference(image, rgbImage(c.result)).max).toBe(0);
  });
});
