// Batch normalisation over the last axis, SiLU, and both in one. Pointers are byte offsets on the heap; rows are pixels, each
// of `channels` elements. Sums of up to sixteen rows are float32, sums of those in double precision.

import { exponential, logistic, reciprocalExponential } from '../parts/exponential';

/** Elements of a block of rows: it stays in the first-level cache while all of its channels are summed. */
const BLOCK_ELEMENTS: i32 = 4096;

/** Rows whose sums are float32. */
const RUN_ROWS: usize = 16;

// @ts-ignore: decorator
@inline
function blockRows(channels: i32): i32 {
  return max(1, BLOCK_ELEMENTS / channels);
}

// @ts-ignore: decorator
@inline
function high(values: v128): v128 {
  return v128.shuffle<i64>(values, values, 1, 1);
}

/**
 * Sums per channel Σ(x − pivot) and Σ(x − pivot)²: `sums` are two times `channels` float64. A pivot near the mean keeps the
 * variance of channels whose mean is large.
 */
export function moments(x: usize, numRows: i32, channels: i32, pivots: usize, sums: usize): void {
  memory.fill(sums, 0, (<usize>channels) << 4);
  const rowBytes = (<usize>channels) << 2;
  const step = blockRows(channels);
  for (let row = 0; row < numRows; row += step) {
    const rows = min(step, numRows - row);
    addMoments(x, rows, channels, pivots, sums);
    x += rowBytes * rows;
  }
}

function addMoments(x: usize, numRows: i32, channels: i32, pivots: usize, sums: usize): void {
  const rowBytes = (<usize>channels) << 2;
  const blockBytes = rowBytes * numRows;
  const squaresAt = (<usize>channels) << 3;
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const squares = sums + squaresAt;
    const pivot = v128.load(pivots);
    const end = x + blockBytes;
    for (let from = x; from < end; ) {
      const runEnd = min(from + RUN_ROWS * rowBytes, end);
      let sum = f32x4.splat(0);
      let square = sum;
      for (; from < runEnd; from += rowBytes) {
        const value = f32x4.sub(v128.load(from), pivot);
        sum = f32x4.add(sum, value);
        square = f32x4.add(square, f32x4.mul(value, value));
      }
      addDoubles(sums, sum);
      addDoubles(squares, square);
    }
    x += 16;
    pivots += 16;
    sums += 32;
  }
  for (; channel < channels; channel++) {
    const pivot = <f64>load<f32>(pivots);
    let sum = load<f64>(sums);
    let square = load<f64>(sums + squaresAt);
    const end = x + blockBytes;
    for (let from = x; from < end; from += rowBytes) {
      const value = <f64>load<f32>(from) - pivot;
      sum += value;
      square += value * value;
    }
    store<f64>(sums, sum);
    store<f64>(sums + squaresAt, square);
    x += 4;
    pivots += 4;
    sums += 8;
  }
}

/** Adds four float32 to four float64. */
// @ts-ignore: decorator
@inline
function addDoubles(to: usize, values: v128): void {
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(values)));
  v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(high(values))), 16);
}

/** y = x · factor + shift, per channel. */
export function normalize(x: usize, y: usize, numRows: i32, channels: i32, factor: usize, shift: usize): void {
  for (let row = 0; row < numRows; row++) {
    let f = factor;
    let s = shift;
    let channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      v128.store(y, f32x4.add(f32x4.mul(v128.load(x), v128.load(f)), v128.load(s)));
      x += 16;
      y += 16;
      f += 16;
      s += 16;
    }
    for (; channel < channels; channel++) {
      store<f32>(y, load<f32>(x) * load<f32>(f) + load<f32>(s));
      x += 4;
      y += 4;
      f += 4;
      s += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function siluOf(t: v128): v128 {
  return f32x4.div(t, f32x4.add(f32x4.splat(1), reciprocalExponential(t)));
}

/** dy · σ(t) · (1 + t · (1 − σ(t))). */
// @ts-ignore: decorator
@inline
function siluGradOf(t: v128, dy: v128): v128 {
  const gate = logistic(t);
  const slope = f32x4.add(f32x4.splat(1), f32x4.mul(t, f32x4.sub(f32x4.splat(1), gate)));
  return f32x4.mul(f32x4.mul(dy, gate), slope);
}

/** y = silu(x · factor + shift), per channel. */
export function normalizeSilu(x: usize, y: usize, numRows: i32, channels: i32, factor: usize, shift: usize): void {
  for (let row = 0; row < numRows; row++) {
    let f = factor;
    let s = shift;
    let channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      v128.store(y, siluOf(f32x4.add(f32x4.mul(v128.load(x), v128.load(f)), v128.load(s))));
      x += 16;
      y += 16;
      f += 16;
      s += 16;
    }
    for (; channel < channels; channel++) {
      const t = f32x4.add(f32x4.mul(v128.load32_zero(x), v128.load32_zero(f)), v128.load32_zero(s));
      v128.store_lane<f32>(y, siluOf(t), 0);
      x += 4;
      y += 4;
      f += 4;
      s += 4;
    }
  }
}

/** Sums per channel Σdy and Σdy · (x − mean): `sums` are two times `channels` float64. */
export function gradientSums(dy: usize, x: usize, numRows: i32, channels: i32, mean: usize, sums: usize): void {
  memory.fill(sums, 0, (<usize>channels) << 4);
  const rowBytes = (<usize>channels) << 2;
  const step = blockRows(channels);
  for (let row = 0; row < numRows; row += step) {
    const rows = min(step, numRows - row);
    addGradientSums(dy, x, rows, channels, mean, sums);
    dy += rowBytes * rows;
    x += rowBytes * rows;
  }
}

function addGradientSums(dy: usize, x: usize, numRows: i32, channels: i32, mean: usize, sums: usize): void {
  const rowBytes = (<usize>channels) << 2;
  const blockBytes = rowBytes * numRows;
  const productsAt = (<usize>channels) << 3;
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const products = sums + productsAt;
    const center = v128.load(mean);
    for (let offset: usize = 0; offset < blockBytes; ) {
      const runEnd = min(offset + RUN_ROWS * rowBytes, blockBytes);
      let sum = f32x4.splat(0);
      let product = sum;
      for (; offset < runEnd; offset += rowBytes) {
        const gradient = v128.load(dy + offset);
        sum = f32x4.add(sum, gradient);
        product = f32x4.add(product, f32x4.mul(gradient, f32x4.sub(v128.load(x + offset), center)));
      }
      addDoubles(sums, sum);
      addDoubles(products, product);
    }
    x += 16;
    dy += 16;
    mean += 16;
    sums += 32;
  }
  for (; channel < channels; channel++) {
    const center = <f64>load<f32>(mean);
    let sum = load<f64>(sums);
    let product = load<f64>(sums + productsAt);
    for (let offset: usize = 0; offset < blockBytes; offset += rowBytes) {
      const gradient = <f64>load<f32>(dy + offset);
      sum += gradient;
      product += gradient * (<f64>load<f32>(x + offset) - center);
    }
    store<f64>(sums, sum);
    store<f64>(sums + productsAt, product);
    x += 4;
    dy += 4;
    mean += 4;
    sums += 8;
  }
}

/**
 * The gradient of {@link normalizeSilu} up to the affine map: dt = dy · silu′(x · factor + shift), and its sums as in
 * {@link gradientSums}. The activations before SiLU are computed again, so nobody has to keep them.
 */
export function normalizedSiluGrad(
  dy: usize,
  x: usize,
  dt: usize,
  numRows: i32,
  channels: i32,
  factor: usize,
  shift: usize,
  mean: usize,
  sums: usize,
): void {
  memory.fill(sums, 0, (<usize>channels) << 4);
  const rowBytes = (<usize>channels) << 2;
  const step = blockRows(channels);
  for (let row = 0; row < numRows; row += step) {
    const rows = min(step, numRows - row);
    siluGradRows(dy, x, dt, rows, channels, factor, shift);
    addGradientSums(dt, x, rows, channels, mean, sums);
    dy += rowBytes * rows;
    x += rowBytes * rows;
    dt += rowBytes * rows;
  }
}

function siluGradRows(dy: usize, x: usize, dt: usize, numRows: i32, channels: i32, factor: usize, shift: usize): void {
  for (let row = 0; row < numRows; row++) {
    let f = factor;
    let s = shift;
    let channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      const t = f32x4.add(f32x4.mul(v128.load(x), v128.load(f)), v128.load(s));
      v128.store(dt, siluGradOf(t, v128.load(dy)));
      x += 16;
      dy += 16;
      dt += 16;
      f += 16;
      s += 16;
    }
    for (; channel < channels; channel++) {
      const t = f32x4.add(f32x4.mul(v128.load32_zero(x), v128.load32_zero(f)), v128.load32_zero(s));
      v128.store_lane<f32>(dt, siluGradOf(t, v128.load32_zero(dy)), 0);
      x += 4;
      dy += 4;
      dt += 4;
      f += 4;
      s += 4;
    }
  }
}

/** dx = dy · a + (x − mean) · b + d, per channel; `coefficients` are a, b and d, `channels` each. dx may be dy. */
export function normalizeGrad(
  dy: usize,
  x: usize,
  dx: usize,
  numRows: i32,
  channels: i32,
  mean: usize,
  coefficients: usize,
): void {
  const bAt = (<usize>channels) << 2;
  const dAt = (<usize>channels) << 3;
  for (let row = 0; row < numRows; row++) {
    let m = mean;
    let a = coefficients;
    let channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
      const deviation = f32x4.sub(v128.load(x), v128.load(m));
      const rest = f32x4.add(f32x4.mul(deviation, v128.load(a + bAt)), v128.load(a + dAt));
      v128.store(dx, f32x4.add(f32x4.mul(v128.load(dy), v128.load(a)), rest));
      x += 16;
      dy += 16;
      dx += 16;
      m += 16;
      a += 16;
    }
    for (; channel < channels; channel++) {
      const rest = (load<f32>(x) - load<f32>(m)) * load<f32>(a + bAt) + load<f32>(a + dAt);
      store<f32>(dx, load<f32>(dy) * load<f32>(a) + rest);
      x += 4;
      dy += 4;
      dx += 4;
      m += 4;
      a += 4;
    }
  }
}

/** y = 1 / (1 + e⁻ˣ). */
export function sigmoid(x: usize, y: usize, count: i32): void {
  const end = y + ((<usize>count) << 2);
  for (; y + 16 <= end; y += 16) {
    v128.store(y, logistic(v128.load(x)));
    x += 16;
  }
  for (; y < end; y += 4) {
    v128.store_lane<f32>(y, logistic(v128.load32_zero(x)), 0);
    x += 4;
  }
}

/** y = x · σ(x). */
export function silu(x: usize, y: usize, count: i32): void {
  const end = y + ((<usize>count) << 2);
  for (; y + 16 <= end; y += 16) {
    v128.store(y, siluOf(v128.load(x)));
    x += 16;
  }
  for (; y < end; y += 4) {
    v128.store_lane<f32>(y, siluOf(v128.load32_zero(x)), 0);
    x += 4;
  }
}

/** dx = dy · σ(x) · (1 + x · (1 − σ(x))). */
export function siluGrad(x: usize, dy: usize, dx: usize, count: i32): void {
  const end = dx + ((<usize>count) << 2);
  for (; dx + 16 <= end; dx += 16) {
    v128.store(dx, siluGradOf(v128.load(x), v128.load(dy)));
    x += 16;
    dy += 16;
  }
  for (; dx < end; dx += 4) {
    v128.store_lane<f32>(dx, siluGradOf(v128.load32_zero(x), v128.load32_zero(dy)), 0);
    x += 4;
    dy += 4;
  }
}

/** y = eˣ. */
export function exp(x: usize, y: usize, count: i32): void {
  const end = y + ((<usize>count) << 2);
  for (; y + 16 <= end; y += 16) {
    v128.store(y, exponential(v128.load(x)));
    x += 16;
  }
  for (; y < end; y += 4) {
    v128.store_lane<f32>(y, exponential(v128.load32_zero(x)), 0);
    x += 4;
  }
}
