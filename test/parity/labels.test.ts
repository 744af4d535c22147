import { describe, expect, it } from 'vitest';
import { parseLabelText } from '../../worker/data/label-file.js';
import { readFixture, type TensorEntry, tensor } from '../support/fixtures.js';
import { maxDifference } from '../support/rgb.js';

interface LabelCase {
  name: string;
  text: string | null;
  accepted: boolean;
  labels: TensorEntry | null;
  segments: TensorEntry[];
  warned: boolean;
}

const { label_files: fixture } = readFixture<{ label_files: { cases: LabelCase[] } }>('misc');
const files = fixture.cases.filter((c) => c.text !== null);
/** Where we differ on purpose: the reference fails on duplicate polygons, and reads a box beside a polygon as two points. */
const DIFFERENT = new Set(['polygon_duplicates', 'polygon_and_box']);

describe('label files against the reference', () => {
  it.each(files.filter((c) => !DIFFERENT.has(c.name)).map((c) => [c.name, c] as const))('%s', (_, c) => {
    const parsed = parseLabelText(c.text!);
    expect('labels' in parsed).toBe(c.accepted);
    if (!('labels' in parsed) || c.labels === null) return;
    expect(maxDifference(parsed.labels, tensor(c.labels).data)).toBeLessThan(1e-6);
    expect(parsed.polygons.length).toBe(c.segments.length);
    parsed.polygons.forEach((polygon, i) => {
      expect(maxDifference(polygon, tensor(c.segments[i]!).data)).toBeLessThan(1e-6);
    });
    expect(parsed.warning !== undefined).toBe(c.warned);
  });

  it('differs in keeping one of two equal polygons', () => {
    const parsed = parseLabelText(files.find((c) => c.name === 'polygon_duplicates')!.text!);
    expect('labels' in parsed && parsed.labels.length).toBe(5);
  });

  it('differs in reading each line by its own length, so a box beside a polygon stays a box', () => {
    const parsed = parseLabelText(files.find((c) => c.name === 'polygon_and_box')!.text!);
    // Second line: "0 0.5 0.5 0.2 0.3".
    expect('labels' in parsed && Array.from(parsed.labels.subarray(5))).toEqual(
      [0, 0.5, 0.5, 0.2, 0.3].map(Math.fround),
    );
    expect('polygons' in parsed && parsed.polygons.map((p) => p.length)).toEqual([8, 0]);
  });
});
