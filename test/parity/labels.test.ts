import { describe, expect, it } from 'vitest';
import { parseLabelText } from '../../worker/data/labels/label-file.js';
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

const rowsOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');
const isPolygon = (row: string): boolean => row.trim().split(/\s+/).length > 8;
/** Where we differ on purpose: the reference fails on equal polygons (Q21), and reads a box beside a polygon as two points (Q22). */
function difference(text: string): 'Q21' | 'Q22' | undefined {
  const rows = rowsOf(text);
  const numPolygons = rows.filter(isPolygon).length;
  if (numPolygons === 0) return undefined;
  if (numPolygons < rows.length) return 'Q22';
  return new Set(rows).size < rows.length ? 'Q21' : undefined;
}

describe('label files against the reference', () => {
  for (const c of fixture.cases) {
    const { text } = c;
    if (text === null) {
      it.skip(
        `${c.name} (skipped: no label text; images without labels and images too small are unit tests of the scan)`,
      );
      continue;
    }
    const quirk = difference(text);
    if (quirk === 'Q21') {
      it(`Q21: ${c.name}: one of equal polygons stays, where the reference drops the image`, () => {
        const parsed = parseLabelText(text);
        expect(c.accepted).toBe(false);
        expect('labels' in parsed && parsed.labels.length).toBe(5 * new Set(rowsOf(text)).size);
      });
    } else if (quirk === 'Q22') {
      it(`Q22: ${c.name}: each line is read by its own length, so a box beside a polygon stays a box`, () => {
        const parsed = parseLabelText(text);
        expect('labels' in parsed).toBe(true);
        if (!('labels' in parsed)) return;
        for (const [i, row] of rowsOf(text).entries()) {
          if (isPolygon(row)) {
            expect(parsed.polygons[i]).toHaveLength(row.trim().split(/\s+/).length - 1);
            continue;
          }
          expect(Array.from(parsed.labels.subarray(5 * i, 5 * i + 5))).toEqual(
            row
              .trim()
              .split(/\s+/)
              .map((token) => Math.fround(Number(token))),
          );
          expect(parsed.polygons[i]).toHaveLength(0);
        }
      });
    } else {
      it(c.name, () => {
        const parsed = parseLabelText(text);
        expect('labels' in parsed).toBe(c.accepted);
        if (!('labels' in parsed) || c.labels === null) return;
        // Float32 of the same decimals.
        expect(maxDifference(parsed.labels, tensor(c.labels).data)).toBeLessThan(1e-6);
        expect(parsed.polygons.length).toBe(c.segments.length);
        parsed.polygons.forEach((polygon, i) => {
          expect(maxDifference(polygon, tensor(c.segments[i]!).data)).toBeLessThan(1e-6);
        });
        expect(parsed.warning !== undefined).toBe(c.warned);
      });
    }
  }
});

it('Q22: a triangle is a polygon like any other', () => {
  const parsed = parseLabelText('0 0.1 0.2 0.5 0.2 0.3 0.6\n');
  // Its box: x from 0.1 to 0.5, y from 0.2 to 0.6.
  expect('labels' in parsed && maxDifference(parsed.labels, [0, 0.3, 0.4, 0.4, 0.4])).toBeLessThan(1e-6);
  expect('polygons' in parsed && parsed.polygons[0]).toHaveLength(6);
});
