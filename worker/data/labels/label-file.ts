/** The YOLO label file: one object a line, `class cx cy w h` or `class x1 y1 x2 y2 x3 y3 …`, normalised. */
import { polygonToXywh } from '../geometry/boxes.js';

/** What a label file says. */
export interface ParsedLabels {
  /** Rows (class, cx, cy, w, h), [k, 5]. */
  readonly labels: Float32Array;
  /** Per row its polygon, empty for a plain box; no entry if there is no polygon at all. */
  readonly polygons: readonly Float32Array[];
  /** What was put right, for the report. */
  readonly warning?: string;
}

/** Why a label file is not used; `line` counts from 1. */
export interface LabelProblem {
  readonly problem: string;
  readonly line: number;
}

interface Row {
  readonly values: Float32Array;
  readonly polygon: Float32Array;
}

function parseLine(text: string): Row | string {
  const tokens = text.split(/\s+/);
  const numbers = Float32Array.from(tokens, Number);
  const bad = numbers.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) return `"${tokens[bad]}" is not a number`;
  const classId = numbers[0]!;
  if (!Number.isInteger(classId)) return `class ${tokens[0]} is not an integer`;
  const coordinates = numbers.subarray(1);
  // Each line says by itself what it is: four coordinates are a box, an even number from six on is a polygon.
  const isPolygon = coordinates.length >= 6 && coordinates.length % 2 === 0;
  if (coordinates.length !== 4 && !isPolygon) {
    return `${tokens.length} values; a box has 5 (class cx cy w h), a polygon an odd number from 7 on`;
  }
  const box = isPolygon ? Float32Array.from(polygonToXywh(coordinates)) : coordinates;
  if (classId < 0 || box.some((v) => v < 0)) return 'negative value';
  if (box.some((v) => v > 1)) return 'coordinate above 1; coordinates are fractions of the width and height';
  return { values: Float32Array.of(classId, ...box), polygon: isPolygon ? coordinates.slice() : new Float32Array(0) };
}

function compareRows(a: Row, b: Row): number {
  for (let i = 0; i < 5; i++) {
    const difference = a.values[i]! - b.values[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Parses a label file. Blank lines are skipped; exact duplicates are removed, and only then rows come out sorted by
 * value, as in the reference. Differing from it, every line is read by its own number of values (so triangles and
 * files that mix boxes and polygons work) and duplicate polygons do no harm.
 */
export function parseLabelText(text: string): ParsedLabels | LabelProblem {
  const rows: Row[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const row = parseLine(trimmed);
    if (typeof row === 'string') return { problem: row, line: index + 1 };
    rows.push(row);
  }
  const sorted = rows.toSorted(compareRows);
  const unique = sorted.filter((row, i) => i === 0 || compareRows(row, sorted[i - 1]!) !== 0);
  const numDuplicates = rows.length - unique.length;
  const kept = numDuplicates > 0 ? unique : rows;
  const labels = new Float32Array(kept.length * 5);
  kept.forEach((row, i) => {
    labels.set(row.values, 5 * i);
  });
  const polygons = kept.some((row) => row.polygon.length > 0) ? kept.map((row) => row.polygon) : [];
  if (numDuplicates === 0) return { labels, polygons };
  return { labels, polygons, warning: `${numDuplicates} duplicate label${numDuplicates > 1 ? 's' : ''} removed` };
}
