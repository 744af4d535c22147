/** Line charts as SVG text, and as PNG files. */
import { writeFile } from 'node:fs/promises';

export interface ChartSeries {
  readonly name: string;
  /** CSS colour. */
  readonly color: string;
  /** Dash pattern as in SVG's stroke-dasharray. @defaultValue a solid line */
  readonly dash?: string | undefined;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A shaded region around the line: lower and upper y by point. */
  readonly band?: readonly (readonly [low: number, high: number])[] | undefined;
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Powers of ten on the y axis; values of 0 and below are left out. @defaultValue false */
  readonly logY?: boolean | undefined;
  readonly series: readonly ChartSeries[];
}

const WIDTH = 860;
const HEIGHT = 360;
const MARGIN = { left: 72, right: 220, top: 36, bottom: 48 };
const INNER_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
const INNER_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom;
/** Colours that people with any colour vision tell apart (Okabe and Ito). */
export const PALETTE = ['#d55e00', '#0072b2', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;

/** Round numbers at 1, 2 or 5 times a power of ten, from `low` to `high`. */
function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** One chart below another. */
function panel(options: ChartOptions, top: number): string {
  const shown = (y: number): boolean => Number.isFinite(y) && (options.logY !== true || y > 0);
  const scaleValue = (y: number): number => (options.logY === true ? Math.log10(y) : y);
  const all = options.series.flatMap(({ points, band }) => [
    ...points,
    ...(band ?? []).flatMap(([low, high], i) => [[points[i]![0], low] as const, [points[i]![0], high] as const]),
  ]);
  const xs = all.map(([x]) => x);
  const ys = all.filter(([, y]) => shown(y)).map(([, y]) => scaleValue(y));
  const [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  let [yLow, yHigh] = [Math.min(...ys), Math.max(...ys)];
  if (options.logY === true) [yLow, yHigh] = [Math.floor(yLow), Math.ceil(yHigh)];
  if (yHigh === yLow) yHigh = yLow + 1;
  const px = (x: number): number => MARGIN.left + ((x - xLow) / (xHigh - xLow || 1)) * INNER_WIDTH;
  const py = (y: number): number => top + MARGIN.top + (1 - (scaleValue(y) - yLow) / (yHigh - yLow)) * INNER_HEIGHT;
  const at = (x: number, y: number): string => `${px(x).toFixed(1)},${py(y).toFixed(1)}`;

  const parts: string[] = [];
  const bottom = top + MARGIN.top + INNER_HEIGHT;
  const right = MARGIN.left + INNER_WIDTH;
  const yTicks = options.logY === true ? powersOfTen(yLow, yHigh) : linearTicks(yLow, yHigh);
  for (const y of yTicks) {
    const label = options.logY === true ? y.toExponential(0) : String(y);
    parts.push(
      `<line x1="${MARGIN.left}" x2="${right}" y1="${py(y).toFixed(1)}" y2="${py(y).toFixed(1)}" stroke="#ddd"/>`,
      `<text x="${MARGIN.left - 8}" y="${(py(y) + 4).toFixed(1)}" text-anchor="end">${label}</text>`,
    );
  }
  for (const x of linearTicks(xLow, xHigh)) {
    parts.push(`<text x="${px(x).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${x}</text>`);
  }
  const middle = top + MARGIN.top + INNER_HEIGHT / 2;
  parts.push(
    `<path d="M${MARGIN.left},${top + MARGIN.top}V${bottom}H${right}" fill="none" stroke="#444"/>`,
    `<text x="${MARGIN.left}" y="${top + 22}" font-weight="bold">${escapeXml(options.title)}</text>`,
    `<text x="${MARGIN.left + INNER_WIDTH / 2}" y="${bottom + 38}" text-anchor="middle">${escapeXml(options.xLabel)}</text>`,
    `<text transform="translate(18,${middle}) rotate(-90)" text-anchor="middle">${escapeXml(options.yLabel)}</text>`,
  );
  for (const [i, { name, color, dash, points, band }] of options.series.entries()) {
    if (band !== undefined) {
      const upper = points.map(([x], k) => at(x, band[k]![1]));
      const lower = points.map(([x], k) => at(x, band[k]![0])).reverse();
      parts.push(`<polygon points="${[...upper, ...lower].join(' ')}" fill="${color}" fill-opacity="0.12"/>`);
    }
    const line = points.filter(([, y]) => shown(y)).map(([x, y]) => at(x, y));
    const stroke = `stroke="${color}" stroke-width="1.6"${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}`;
    const legendY = top + MARGIN.top + 10 + i * 20;
    parts.push(
      `<polyline points="${line.join(' ')}" fill="none" ${stroke}/>`,
      `<line x1="${right + 14}" x2="${right + 38}" y1="${legendY}" y2="${legendY}" ${stroke}/>`,
      `<text x="${right + 44}" y="${legendY + 4}">${escapeXml(name)}</text>`,
    );
  }
  return parts.join('\n');
}

function powersOfTen(low: number, high: number): number[] {
  const every = Math.max(1, Math.ceil((high - low) / 6));
  const exponents = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  return exponents.filter((exponent) => (high - exponent) % every === 0).map((exponent) => 10 ** exponent);
}

/** Returns an SVG document with the charts one below the other. */
export function lineCharts(charts: readonly ChartOptions[]): string {
  const height = HEIGHT * charts.length;
  const body = charts.map((options, i) => panel(options, i * HEIGHT)).join('\n');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="12" fill="#222">\n` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n${body}\n</svg>\n`
  );
}

/** Writes charts as a PNG file at twice their nominal size. Text needs a font that the system knows. */
export async function writeChartsPng(path: string, charts: readonly ChartOptions[]): Promise<void> {
  // Loaded here: the image library is needed for pictures alone.
  const { default: sharp } = await import('sharp');
  await writeFile(
    path,
    await sharp(Buffer.from(lineCharts(charts)), { density: 144 })
      .png({ palette: true })
      .toBuffer(),
  );
}
