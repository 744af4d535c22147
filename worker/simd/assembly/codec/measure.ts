// Figures about vectors.

/** Σ x² of four, with every square and sum in float64; what is not finite counts as 0. */
// @ts-ignore: decorator
@inline
function squares(four: v128, sums: v128): v128 {
  const finite = v128.and(four, f32x4.lt(f32x4.abs(four), f32x4.splat(<f32>Infinity)));
  const low = f64x2.promote_low_f32x4(finite);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(finite, finite, 2, 3, 0, 1));
  return f64x2.add(sums, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
}

/** Σ (x[i] + y[i])²; only x where y is 0. */
export function sumSquares(x: usize, y: usize, count: i32): f64 {
  let sums0 = f64x2.splat(0);
  let sums1 = sums0;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    let four0 = v128.load(x);
    let four1 = v128.load(x, 16);
    if (y != 0) {
      four0 = f32x4.add(four0, v128.load(y));
      four1 = f32x4.add(four1, v128.load(y, 16));
      y += 32;
    }
    sums0 = squares(four0, sums0);
    sums1 = squares(four1, sums1);
    x += 32;
  }
  const sums = f64x2.add(sums0, sums1);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  for (; i < count; i++) {
    let one = load<f32>(x);
    if (y != 0) {
      one += load<f32>(y);
      y += 4;
    }
    if (abs<f32>(one) < <f32>Infinity) sum += <f64>one * <f64>one;
    x += 4;
  }
  return sum;
}
