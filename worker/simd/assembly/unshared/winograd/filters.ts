// Filters [3, 3, inputs, outputs] to their 16 planes and back. A plane is skewed against the one before by its caller, so that
// what lies in the same place of all sixteen does not compete for the same lines of the cache.

/** Rows of a filter that are transposed at a time: a cache line of each. */
const TRANSPOSED: i32 = 16;

// @ts-ignore: decorator
@inline
function half(x: v128): v128 {
  return f32x4.mul(x, f32x4.splat(0.5));
}

/** One row of G g Gᵀ from one row of G g. Reversing a filter exchanges the first and the last place along each axis. */
// @ts-ignore: decorator
@inline
function storeFilterRow(t0: v128, t1: v128, t2: v128, to: usize, planeBytes: usize, reversed: bool): void {
  const outer = half(f32x4.add(t0, t2));
  const inner = half(t1);
  v128.store(to, reversed ? t2 : t0);
  v128.store(to + planeBytes, f32x4.add(outer, inner));
  v128.store(to + 2 * planeBytes, f32x4.sub(outer, inner));
  v128.store(to + 3 * planeBytes, reversed ? t0 : t2);
}

/** Four filters at a time: tap k lies at `from` + k · tapBytes, and place p of the result goes to `to` + p · planeBytes. */
// @ts-ignore: decorator
@inline
function transformFilter(from: usize, tapBytes: usize, to: usize, planeBytes: usize, reversed: bool): void {
  const middle = from + 3 * tapBytes;
  const last = from + 6 * tapBytes;
  const rowBytes = planeBytes << 2;
  const a0 = v128.load(from);
  const a1 = v128.load(from + tapBytes);
  const a2 = v128.load(from + 2 * tapBytes);
  const c0 = v128.load(last);
  const c1 = v128.load(last + tapBytes);
  const c2 = v128.load(last + 2 * tapBytes);
  storeFilterRow(a0, a1, a2, reversed ? to + 3 * rowBytes : to, planeBytes, reversed);
  storeFilterRow(c0, c1, c2, reversed ? to : to + 3 * rowBytes, planeBytes, reversed);
  const outer0 = half(f32x4.add(a0, c0));
  const outer1 = half(f32x4.add(a1, c1));
  const outer2 = half(f32x4.add(a2, c2));
  const inner0 = half(v128.load(middle));
  const inner1 = half(v128.load(middle + tapBytes));
  const inner2 = half(v128.load(middle + 2 * tapBytes));
  const plus = to + rowBytes;
  const minus = to + 2 * rowBytes;
  storeFilterRow(
    f32x4.add(outer0, inner0),
    f32x4.add(outer1, inner1),
    f32x4.add(outer2, inner2),
    plus,
    planeBytes,
    reversed,
  );
  storeFilterRow(
    f32x4.sub(outer0, inner0),
    f32x4.sub(outer1, inner1),
    f32x4.sub(outer2, inner2),
    minus,
    planeBytes,
    reversed,
  );
}

/** Planes of panels of eight output channels, [16, panels, inputs, 8]. `w` is the address of the first of these columns. */
export function transformFilters(
  w: usize,
  u: usize,
  inputs: i32,
  outputs: i32,
  numPanels: i32,
  planeBytes: usize,
): void {
  const rowBytes = (<usize>outputs) << 2;
  const tapBytes = rowBytes * inputs;
  const panelBytes = (<usize>inputs) << 5;
  for (let input = 0; input < inputs; input++) {
    let from = w;
    let to = u;
    for (let panel = 0; panel < numPanels; panel++) {
      transformFilter(from, tapBytes, to, planeBytes, false);
      transformFilter(from + 16, tapBytes, to + 16, planeBytes, false);
      from += 32;
      to += panelBytes;
    }
    w += rowBytes;
    u += 32;
  }
}

/**
 * Planes of the reversed filters with inputs and outputs exchanged, in panels of eight input channels, [16, panels, outputs, 8]:
 * the filters of the input gradient. `w` is the address of the first of these rows; `taps` are 4,608 bytes of scratch.
 */
export function transformFiltersBack(
  w: usize,
  u: usize,
  inputs: i32,
  outputs: i32,
  numPanels: i32,
  planeBytes: usize,
  taps: usize,
): void {
  const rowBytes = (<usize>outputs) << 2;
  const tapBytes = rowBytes * inputs;
  const scratchBytes = (<usize>TRANSPOSED) << 5;
  for (let panel = 0; panel < numPanels; panel++) {
    for (let output = 0; output < outputs; output += TRANSPOSED) {
      const length = min(outputs - output, TRANSPOSED);
      let from = w + ((<usize>output) << 2);
      let to = taps;
      for (let tap = 0; tap < 9; tap++) {
        transposeFour(from, rowBytes, to, length);
        transposeFour(from + (rowBytes << 2), rowBytes, to + 16, length);
        from += tapBytes;
        to += scratchBytes;
      }
      const end = taps + ((<usize>length) << 5);
      for (let row = taps; row < end; row += 16) {
        transformFilter(row, scratchBytes, u, planeBytes, true);
        u += 16;
      }
    }
    w += rowBytes << 3;
  }
}

/** Four rows of `length` elements to four columns of rows of eight; `length` is a multiple of four. */
// @ts-ignore: decorator
@inline
function transposeFour(from: usize, rowBytes: usize, to: usize, length: i32): void {
  const end = from + ((<usize>length) << 2);
  for (; from < end; from += 16) {
    const a = v128.load(from);
    const b = v128.load(from + rowBytes);
    const c = v128.load(from + 2 * rowBytes);
    const d = v128.load(from + 3 * rowBytes);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<i64>(ab, cd, 0, 2));
    v128.store(to, v128.shuffle<i64>(ab, cd, 1, 3), 32);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
    to += 128;
  }
}

/** One row of Gᵀ du G from one row of Gᵀ du, stored or added. */
// @ts-ignore: decorator
@inline
function storeTaps(h0: v128, h1: v128, h2: v128, h3: v128, to: usize, tapBytes: usize, add: bool): void {
  const sum = half(f32x4.add(h1, h2));
  let g0 = f32x4.add(h0, sum);
  let g1 = half(f32x4.sub(h1, h2));
  let g2 = f32x4.add(sum, h3);
  if (add) {
    g0 = f32x4.add(v128.load(to), g0);
    g1 = f32x4.add(v128.load(to + tapBytes), g1);
    g2 = f32x4.add(v128.load(to + 2 * tapBytes), g2);
  }
  v128.store(to, g0);
  v128.store(to + tapBytes, g1);
  v128.store(to + 2 * tapBytes, g2);
}

// @ts-ignore: decorator
@inline
function outerSum(u: usize, rowBytes: usize, outer: usize): v128 {
  return f32x4.add(v128.load(u + outer), half(f32x4.add(v128.load(u + rowBytes), v128.load(u + 2 * rowBytes))));
}

// @ts-ignore: decorator
@inline
function innerDifference(u: usize, rowBytes: usize): v128 {
  return half(f32x4.sub(v128.load(u + rowBytes), v128.load(u + 2 * rowBytes)));
}

/**
 * dw[3, 3, inputs, outputs] (+)= Gᵀ du G for a block of du, [16, channels, columns]. `dw` is the address of the block's first
 * element, `tapBytes` lie between taps and `rowBytes` between rows of dw.
 */
export function transformFilterGradients(
  du: usize,
  planeBytes: usize,
  dw: usize,
  tapBytes: usize,
  rowBytes: usize,
  channels: i32,
  columns: i32,
  add: bool,
): void {
  const planeRow = planeBytes << 2;
  const last = 3 * planeRow;
  const length = (<usize>columns) << 2;
  for (let channel = 0; channel < channels; channel++) {
    const end = dw + length;
    for (let to = dw; to < end; to += 16) {
      const u1 = du + planeBytes;
      const u2 = u1 + planeBytes;
      const u3 = u2 + planeBytes;
      storeTaps(
        outerSum(du, planeRow, 0),
        outerSum(u1, planeRow, 0),
        outerSum(u2, planeRow, 0),
        outerSum(u3, planeRow, 0),
        to,
        tapBytes,
        add,
      );
      storeTaps(
        innerDifference(du, planeRow),
        innerDifference(u1, planeRow),
        innerDifference(u2, planeRow),
        innerDifference(u3, planeRow),
        to + 3 * tapBytes,
        tapBytes,
        add,
      );
      storeTaps(
        outerSum(du, planeRow, last),
        outerSum(u1, planeRow, last),
        outerSum(u2, planeRow, last),
        outerSum(u3, planeRow, last),
        to + 6 * tapBytes,
        tapBytes,
        add,
      );
      du += 16;
    }
    dw += rowBytes;
  }
}
