/** A drawing of rectangles, lines and text, as SVG. Numbers are pixels from the upper left corner. */
import { textPath, textWidthPx } from './glyphs.js';

/** Successive classes get hues far apart: steps of the golden angle. */
const HUE_STEP_DEGREES = 137.508;

/** The colour of a class, `#rrggbb`. */
export function classColour(classId: number): string {
  return hsl((classId * HUE_STEP_DEGREES) % 360, 0.85, 0.5);
}

/** @param hue degrees; @param saturation,lightness 0–1 */
export function hsl(hue: number, saturation: number, lightness: number): string {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): string => {
    const k = (offset + hue / 30) % 12;
    const value = lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

export interface RectangleStyle {
  readonly fill?: string;
  readonly stroke?: string;
  readonly strokeWidth?: number;
  readonly opacity?: number;
}

function round(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '0';
}

export class Drawing {
  readonly width: number;
  readonly height: number;
  readonly #parts: string[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  rectangle(x: number, y: number, width: number, height: number, style: RectangleStyle): void {
    const { fill = 'none', stroke, strokeWidth = 1, opacity = 1 } = style;
    const line = stroke === undefined ? '' : ` stroke="${stroke}" stroke-width="${strokeWidth}"`;
    this.#parts.push(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(width, 0))}" height="${round(Math.max(height, 0))}" fill="${fill}" opacity="${opacity}"${line}/>`,
    );
  }

  /** Text whose upper left corner is at (x, y); `background` fills a box around it. */
  text(text: string, x: number, y: number, heightPx: number, style: { fill: string; background?: string }): void {
    if (style.background !== undefined) {
      const width = textWidthPx(text, heightPx);
      this.rectangle(x - 2, y - 2, width + 4, heightPx + 4, { fill: style.background });
    }
    this.#parts.push(`<path d="${textPath(text, x, y, heightPx)}" fill="${style.fill}"/>`);
  }

  /** Text that reads upwards and ends at (x, y): the middle of its right edge before turning. */
  textUpwards(text: string, x: number, y: number, heightPx: number, fill: string): void {
    const width = textWidthPx(text, heightPx);
    const d = textPath(text, -width, -heightPx / 2, heightPx);
    this.#parts.push(`<path transform="translate(${round(x)} ${round(y)}) rotate(-90)" d="${d}" fill="${fill}"/>`);
  }

  /** What `draw` draws lies in a frame of its own whose origin is at (x, y); nothing leaves `width`×`height`. */
  frame(x: number, y: number, width: number, height: number, draw: (inside: Drawing) => void): void {
    const inside = new Drawing(width, height);
    draw(inside);
    this.#parts.push(
      `<svg x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}">${inside.#parts.join('')}</svg>`,
    );
  }

  /** The whole drawing. */
  toSvg(): Buffer {
    const size = `width="${this.width}" height="${this.height}"`;
    return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" ${size}>${this.#parts.join('')}</svg>`);
  }
}
