// Products with thin matrices, for PowerSGD. M is rows × columns, row by row; P holds one vector of `rows` per rank, Q one of
// `columns` per rank. Sums go in a fixed order.

/** The sum of a[j]·b[j]: four partial sums by j mod 4, then the rest. */
// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, count: i32): f32 {
  let sum = f32x4.splat(0);
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  let one =
    f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
  for (; j < count; j++) {
    one += load<f32>(a) * load<f32>(b);
    a += 4;
    b += 4;
  }
  return one;
}

/** y[j] ← y[j] + factor·x[j]. */
// @ts-ignore: decorator
@inline
function addScaled(y: usize, x: usize, factor: f32, count: i32): void {
  const factors = f32x4.splat(factor);
  let j = 0;
  for (; j + 4 <= count; j += 4) {
    v128.store(y, f32x4.add(v128.load(y), f32x4.mul(factors, v128.load(x))));
    x += 16;
    y += 16;
  }
  for (; j < count; j++) {
    store<f32>(y, load<f32>(y) + factor * load<f32>(x));
    x += 4;
    y += 4;
  }
}

/** P ← M Q. */
export function projectRows(m: usize, q: usize, p: usize, rows: i32, columns: i32, rank: i32): void {
  const rowBytes = (<usize>columns) << 2;
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < rank; r++) {
      store<f32>(p + (<usize>(r * rows + i) << 2), dot(m, q + <usize>r * rowBytes, columns));
    }
    m += rowBytes;
  }
}

/** Q ← Mᵀ P. */
export function projectColumns(m: usize, p: usize, q: usize, rows: i32, columns: i32, rank: i32): void {
  const rowBytes = (<usize>columns) << 2;
  memory.fill(q, 0, <usize>rank * rowBytes);
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < rank; r++) {
      addScaled(q + <usize>r * rowBytes, m, load<f32>(p + (<usize>(r * rows + i) << 2)), columns);
    }
    m += rowBytes;
  }
}

/** target ← P Qᵀ. */
export function multiply(p: usize, q: usize, target: usize, rows: i32, columns: i32, rank: i32): void {
  const rowBytes = (<usize>columns) << 2;
  for (let i = 0; i < rows; i++) {
    memory.fill(target, 0, rowBytes);
    for (let r = 0; r < rank; r++) {
      addScaled(target, q + <usize>r * rowBytes, load<f32>(p + (<usize>(r * rows + i) << 2)), columns);
    }
    target += rowBytes;
  }
}

/** target[i] ← target[i] − source[i], 0 where that is not finite. */
export function subtractFinite(target: usize, source: usize, count: i32): void {
  const end = target + ((<usize>count) << 2);
  for (; target < end; target += 4) {
    const rest = load<f32>(target) - load<f32>(source);
    store<f32>(target, abs<f32>(rest) < <f32>Infinity ? rest : 0);
    source += 4;
  }
}
