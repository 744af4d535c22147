/** Half precision, for fixtures of a reference that stores weights in it. */

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** Rounds a finite value to the nearest half-precision number, ties to even. */
export function roundToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  // Below 2⁻¹⁴ half precision is spaced evenly by 2⁻²⁴; adding a number of that grid's scale rounds to it.
  if (magnitude < 2 ** -14) return Math.sign(value) * (Math.fround(magnitude + 0.5) - 0.5);
  word[0] = value;
  const kept = bits[0]! & ~0x1fff;
  const rest = bits[0]! & 0x1fff;
  const up = rest > 0x1000 || (rest === 0x1000 && (kept & 0x2000) !== 0);
  bits[0] = kept + (up ? 0x2000 : 0);
  return word[0]!;
}
