// A residual must never hold what is no number, or it would poison every later step.

/** x where it is finite, else 0. */
// @ts-ignore: decorator
@inline
export function finiteOrZero(x: v128): v128 {
  return v128.and(x, f32x4.lt(f32x4.abs(x), f32x4.splat(<f32>Infinity)));
}

/** x if it is finite, else 0. */
// @ts-ignore: decorator
@inline
export function finiteOrZeroOne(x: f32): f32 {
  return abs<f32>(x) < <f32>Infinity ? x : 0;
}
