/** Numbers as people read them in tables and progress lines. */

/** `digits` significant digits without trailing zeros, as C's %g: 0.05312, 12.35, 1.2e-05. */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(digits));
  const exponent = Math.floor(Math.log10(Math.abs(rounded)));
  if (exponent >= -4 && exponent < digits) return String(rounded);
  const [mantissa, power] = rounded.toExponential().split('e');
  return `${mantissa}e${Number(power) < 0 ? '-' : '+'}${String(Math.abs(Number(power))).padStart(2, '0')}`;
}

/** `0:07`, `12:34`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${h > 0 ? String(m).padStart(2, '0') : m}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** Bytes as `512M` or `1.25G` (binary). */
export function memory(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1000 ? `${Math.round(mib)}M` : `${significant(mib / 1024, 3)}G`;
}

/** Cells right-aligned to a width each, as the reference's tables. */
export function columns(cells: readonly (string | number)[], width: number, firstWidth = width): string {
  return cells.map((cell, i) => String(cell).padStart(i === 0 ? firstWidth : width)).join('');
}
