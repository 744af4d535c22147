// eˣ and the logistic function, four at a time, within 2 ulp; the same bits on every machine. NaN stays NaN.

/** 1.5 · 2²³: a number that is added to it is rounded to an integer, which its low bits then hold. */
const ROUND: f32 = 12582912.0;
/** ln 2 in two parts; the first has nine bits, so that multiples of it are exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;

/** eˣ. Below −104 it is 0, above 88.73 infinity. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  // pmax and pmin of these operands let NaN through.
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-105)), f32x4.splat(89));
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  // Minimax polynomial of (eʳ − 1 − r) / r² on ±ln 2 / 2 (Cephes, expf).
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  const power = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  // Times 2ⁿ in two factors, as 2ⁿ itself may lie outside the normal numbers.
  const exponent = i32x4.sub(rounded, f32x4.splat(ROUND));
  const half = i32x4.shr_s(exponent, 1);
  const rest = i32x4.sub(exponent, half);
  return f32x4.mul(f32x4.mul(power, powerOfTwo(half)), powerOfTwo(rest));
}

// @ts-ignore: decorator
@inline
function powerOfTwo(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

/**
 * e⁻ˣ with the bits of {@link exponential} for x from −88.3 to 87.6; infinity below and 0 above, which 1 + e⁻ˣ does not see.
 * Here 2ⁿ needs no second factor. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function reciprocalExponential(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-89)), f32x4.splat(88));
  const rounded = f32x4.sub(f32x4.splat(ROUND), f32x4.mul(x, f32x4.splat(1.44269504088896341)));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  // −r: the signs of odd powers change with it.
  const r = f32x4.add(f32x4.add(x, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let p = f32x4.sub(f32x4.splat(1.3981999507e-3), f32x4.mul(f32x4.splat(1.9875691500e-4), r));
  p = f32x4.sub(f32x4.splat(8.3334519073e-3), f32x4.mul(p, r));
  p = f32x4.sub(f32x4.splat(4.1665795894e-2), f32x4.mul(p, r));
  p = f32x4.sub(f32x4.splat(1.6666665459e-1), f32x4.mul(p, r));
  p = f32x4.sub(f32x4.splat(5.0000001201e-1), f32x4.mul(p, r));
  const power = f32x4.add(f32x4.sub(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  // The low bits of `rounded` hold n, and its others leave with the shift.
  return f32x4.mul(power, i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23));
}

/** 1 / (1 + e⁻ˣ). */
// @ts-ignore: decorator
@inline
export function logistic(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), reciprocalExponential(x)));
}
