/** Numbers as text, digit for digit as C and Python write them. */

/** Digits beyond the kept ones in which a rounding tie shows; a double that looks like a tie this far is one. */
const GUARD_DIGITS = 30;

/**
 * Returns `value` in C's `%.{digits}g` form: the shorter of fixed and exponent notation, without trailing zeros.
 * JavaScript rounds exact ties up where C rounds them to even, which binary fractions such as 13/128 do meet.
 */
export function formatGeneral(value: number, digits = 6): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = roundedExponential(value, digits).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? '-' : '+';
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  // The mantissa's decimal text is exact now, so this conversion cannot round again.
  return withoutTrailingZeros(Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, digits - 1 - exponent)));
}

function roundedExponential(value: number, digits: number): string {
  const exact = value.toExponential(digits - 1 + GUARD_DIGITS);
  const split = exact.indexOf('e');
  const head = exact.slice(0, split - GUARD_DIGITS);
  const tail = exact.slice(split - GUARD_DIGITS, split);
  const isTie = tail === '5'.padEnd(GUARD_DIGITS, '0');
  const lastDigit = Number(head.replace(/\.$/, '').at(-1));
  return isTie && lastDigit % 2 === 0
    ? `${head.replace(/\.$/, '')}${exact.slice(split)}`
    : value.toExponential(digits - 1);
}

function withoutTrailingZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Returns `value` rounded to `decimals` places as Python's `round` does: exact ties go to the even digit. */
export function roundHalfEven(value: number, decimals: number): number {
  const scaled = value * 2 ** (decimals + 1);
  // value · 10^d ends in exactly .5 only when value is an odd multiple of 2^-(d+1).
  if (Number.isInteger(scaled) && Math.abs(scaled % 2) === 1) {
    const truncated = Math.trunc(value * 10 ** decimals);
    return (truncated % 2 === 0 ? truncated : truncated + Math.sign(value)) / 10 ** decimals;
  }
  return Number(value.toFixed(decimals));
}
