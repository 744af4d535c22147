/**
 * A small alphabet of our own for pictures, as paths: slim containers have no fonts, and text in an SVG would silently come
 * out as nothing. Capitals, digits and common signs on 5×7 squares; other letters are drawn without their accents, and what
 * is left as an empty box.
 */

/** Rows from the top as digits of base 32: one bit per column, the highest on the left. */
const GLYPHS: Readonly<Record<string, string>> = {
  '0': 'ehjlphe',
  '1': '4c4444e',
  '2': 'eh1248v',
  '3': 'v2421he',
  '4': '26aiv22',
  '5': 'vgu11he',
  '6': '68guhhe',
  '7': 'v124888',
  '8': 'ehhehhe',
  '9': 'ehhf12c',
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'sihhhis',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hhha444',
  Z: 'v1248gv',
  '.': '00000cc',
  '-': '000v000',
  _: '000000v',
  '/': '01248g0',
  ':': '0cc0cc0',
  '%': 'op248j3',
  '(': '2488842',
  ')': '8422248',
  '+': '044v440',
  ',': '0000c48',
  '=': '00v0v00',
  '<': '248g842',
  '>': '8421248',
  '#': 'aavavaa',
  ' ': '0000000',
};
const UNKNOWN_GLYPH = 'vhhhhhv';
const COLUMNS = 5;
/** Squares from one letter to the next, and from one line's top to its bottom. */
const ADVANCE = 6;
const HEIGHT = 7;

/** The width of a text in pixels when its letters are `heightPx` tall. */
export function textWidthPx(text: string, heightPx: number): number {
  return Math.max(Array.from(text).length * ADVANCE - 1, 0) * (heightPx / HEIGHT);
}

/**
 * A text as the `d` of an SVG path.
 * @param x,y upper left corner, pixels
 */
export function textPath(text: string, x: number, y: number, heightPx: number): string {
  const square = heightPx / HEIGHT;
  const runs: string[] = [];
  const letters = Array.from(text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase());
  for (const [position, letter] of letters.entries()) {
    const rows = GLYPHS[letter] ?? UNKNOWN_GLYPH;
    for (let row = 0; row < HEIGHT; row++) {
      const bits = Number.parseInt(rows[row]!, 32);
      for (let column = 0; column < COLUMNS; column++) {
        if ((bits & (1 << (COLUMNS - 1 - column))) === 0) continue;
        const start = column;
        while (column + 1 < COLUMNS && (bits & (1 << (COLUMNS - 2 - column))) !== 0) column++;
        const left = x + (position * ADVANCE + start) * square;
        const width = (column - start + 1) * square;
        runs.push(
          `M${left.toFixed(2)} ${(y + row * square).toFixed(2)}h${width.toFixed(2)}v${square.toFixed(2)}h-${width.toFixed(2)}z`,
        );
      }
    }
  }
  return runs.join('');
}
