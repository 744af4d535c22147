/** Rounding as Python and NumPy do it. */

/** The nearest integer; halves go to the even neighbour. Never −0, which `Math.round` gives for small negative numbers. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
