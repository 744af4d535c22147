// Convolutions as products of small tiles. Pointers are byte offsets on the heap; sizes in elements unless named …Bytes.
//
// A tile of the forward product is 4 pixels × 8 channels, one of the filter gradient 4 input × 8 output channels: eight
// accumulators, the four and two vectors that a step loads, and one product fill the fifteen registers that the compiler
// of V8 can use. Sums run in a fixed order over the taps and channels (forward) or pixels (filter gradient).

export { packChannels, packPanels, packPanelTransposed, padPlanes, pixelOffsets } from './convolution/packing';

/** Stores the first `columns` of eight elements. */
function storeSome(to: usize, low: v128, high: v128, columns: i32): void {
  if (columns >= 4) {
    v128.store(to, low);
    to += 16;
    columns -= 4;
    low = high;
  }
  if (columns > 0) v128.store_lane<f32>(to, low, 0);
  if (columns > 1) v128.store_lane<f32>(to, low, 1, 4);
  if (columns > 2) v128.store_lane<f32>(to, low, 2, 8);
}

// @ts-ignore: decorator
@inline
function storeEight(to: usize, low: v128, high: v128, columns: i32): void {
  if (columns == 8) {
    v128.store(to, low);
    v128.store(to, high, 16);
  } else {
    storeSome(to, low, high, columns);
  }
}

/**
 * y[pixel, column] = Σ x[pixel window] · panel[…, column], eight columns of them. The window of a pixel is `numRuns` runs of
 * `runLength` elements, `runBytes` apart, and begins at its entry of `xOffsets`; the result goes to its entry of `yOffsets`.
 * Both tables end at a multiple of four pixels.
 */
export function multiplyWindows(
  x: usize,
  xOffsets: usize,
  y: usize,
  yOffsets: usize,
  numPixels: i32,
  panel: usize,
  runLength: i32,
  numRuns: i32,
  runBytes: usize,
  columns: i32,
): void {
  for (let pixel = 0; pixel < numPixels; pixel += 4) {
    let a0 = x + <usize>load<u32>(xOffsets);
    let a1 = x + <usize>load<u32>(xOffsets, 4);
    let a2 = x + <usize>load<u32>(xOffsets, 8);
    let a3 = x + <usize>load<u32>(xOffsets, 12);
    xOffsets += 16;
    let w = panel;
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    let s = c00;
    let w0 = c00;
    let w1 = c00;
    for (let run = 0; run < numRuns; run++) {
      const end = w + ((<usize>runLength) << 5);
      let q0 = a0;
      let q1 = a1;
      let q2 = a2;
      let q3 = a3;
      // Two steps with a branch between them: in one straight line the compiler would load for both first, and spill.
      while (true) {
        w0 = v128.load(w);
        w1 = v128.load(w, 16);
        s = v128.load32_splat(q0);
        c00 = f32x4.add(c00, f32x4.mul(s, w0));
        c01 = f32x4.add(c01, f32x4.mul(s, w1));
        s = v128.load32_splat(q1);
        c10 = f32x4.add(c10, f32x4.mul(s, w0));
        c11 = f32x4.add(c11, f32x4.mul(s, w1));
        s = v128.load32_splat(q2);
        c20 = f32x4.add(c20, f32x4.mul(s, w0));
        c21 = f32x4.add(c21, f32x4.mul(s, w1));
        s = v128.load32_splat(q3);
        c30 = f32x4.add(c30, f32x4.mul(s, w0));
        c31 = f32x4.add(c31, f32x4.mul(s, w1));
        if (w + 32 == end) {
          w = end;
          break;
        }
        w0 = v128.load(w, 32);
        w1 = v128.load(w, 48);
        s = v128.load32_splat(q0, 4);
        c00 = f32x4.add(c00, f32x4.mul(s, w0));
        c01 = f32x4.add(c01, f32x4.mul(s, w1));
        s = v128.load32_splat(q1, 4);
        c10 = f32x4.add(c10, f32x4.mul(s, w0));
        c11 = f32x4.add(c11, f32x4.mul(s, w1));
        s = v128.load32_splat(q2, 4);
        c20 = f32x4.add(c20, f32x4.mul(s, w0));
        c21 = f32x4.add(c21, f32x4.mul(s, w1));
        s = v128.load32_splat(q3, 4);
        c30 = f32x4.add(c30, f32x4.mul(s, w0));
        c31 = f32x4.add(c31, f32x4.mul(s, w1));
        q0 += 8;
        q1 += 8;
        q2 += 8;
        q3 += 8;
        w += 64;
        if (w == end) break;
      }
      a0 += runBytes;
      a1 += runBytes;
      a2 += runBytes;
      a3 += runBytes;
    }
    storeEight(y + <usize>load<u32>(yOffsets), c00, c01, columns);
    storeEight(y + <usize>load<u32>(yOffsets, 4), c10, c11, columns);
    storeEight(y + <usize>load<u32>(yOffsets, 8), c20, c21, columns);
    storeEight(y + <usize>load<u32>(yOffsets, 12), c30, c31, columns);
    yOffsets += 16;
  }
}

// @ts-ignore: decorator
@inline
function accumulateEight(to: usize, low: v128, high: v128, columns: i32, add: bool): void {
  if (columns == 8) {
    if (add) {
      low = f32x4.add(v128.load(to), low);
      high = f32x4.add(v128.load(to, 16), high);
    }
    v128.store(to, low);
    v128.store(to, high, 16);
  } else {
    addSome(to, low, high, columns, add);
  }
}

function addSome(to: usize, low: v128, high: v128, columns: i32, add: bool): void {
  for (let column = 0; column < columns; column++) {
    let value = f32x4.extract_lane(low, 0);
    if (add) value += load<f32>(to);
    store<f32>(to, value);
    to += 4;
    // The next element moves to the front.
    const next = v128.shuffle<i32>(low, high, 1, 2, 3, 4);
    high = v128.shuffle<i32>(high, high, 1, 2, 3, 3);
    low = next;
  }
}

/**
 * dw[ky, kx, channel, column] (+)= Σ x[pixel + (ky, kx), channel] · dy[pixel, column] over a block of output rows, for all
 * channels and taps and some columns. `rows` says where the first tap of each output row begins in a panel of
 * {@link packChannels}; `stepBytes` lies between neighbours in a row; `dy` are the block's panels of {@link packPanels}.
 */
export function multiplyPixels(
  x: usize,
  panelBytes: usize,
  channels: i32,
  rows: usize,
  numRows: i32,
  rowLength: i32,
  stepBytes: usize,
  kernelHeight: i32,
  kernelWidth: i32,
  rowBytes: usize,
  dy: usize,
  dw: usize,
  dwRowBytes: usize,
  columns: i32,
  add: bool,
): void {
  const tapBytes = dwRowBytes * channels;
  const dyBytes = (<usize>(numRows * rowLength)) << 5;
  for (let channel = 0; channel < channels; channel += 4) {
    const height = min(channels - channel, 4);
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const from = x + rowBytes * ky + ((<usize>kx) << 4);
        let to = dw + tapBytes * (ky * kernelWidth + kx) + dwRowBytes * channel;
        let panel = dy;
        for (let column = 0; column < columns; column += 8) {
          const width = min(columns - column, 8);
          multiplyTile(from, rows, numRows, rowLength, stepBytes, panel, to, dwRowBytes, height, width, add);
          panel += dyBytes;
          to += 32;
        }
      }
    }
    x += panelBytes;
  }
}

function multiplyTile(
  x: usize,
  rows: usize,
  numRows: i32,
  rowLength: i32,
  stepBytes: usize,
  dy: usize,
  dw: usize,
  dwRowBytes: usize,
  height: i32,
  columns: i32,
  add: bool,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let s = c00;
  let w0 = c00;
  let w1 = c00;
  for (let row = 0; row < numRows; row++) {
    let q = x + <usize>load<u32>(rows);
    rows += 4;
    const end = dy + ((<usize>rowLength) << 5);
    while (true) {
      w0 = v128.load(dy);
      w1 = v128.load(dy, 16);
      s = v128.load32_splat(q);
      c00 = f32x4.add(c00, f32x4.mul(s, w0));
      c01 = f32x4.add(c01, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 4);
      c10 = f32x4.add(c10, f32x4.mul(s, w0));
      c11 = f32x4.add(c11, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 8);
      c20 = f32x4.add(c20, f32x4.mul(s, w0));
      c21 = f32x4.add(c21, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 12);
      c30 = f32x4.add(c30, f32x4.mul(s, w0));
      c31 = f32x4.add(c31, f32x4.mul(s, w1));
      q += stepBytes;
      if (dy + 32 == end) {
        dy = end;
        break;
      }
      w0 = v128.load(dy, 32);
      w1 = v128.load(dy, 48);
      s = v128.load32_splat(q);
      c00 = f32x4.add(c00, f32x4.mul(s, w0));
      c01 = f32x4.add(c01, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 4);
      c10 = f32x4.add(c10, f32x4.mul(s, w0));
      c11 = f32x4.add(c11, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 8);
      c20 = f32x4.add(c20, f32x4.mul(s, w0));
      c21 = f32x4.add(c21, f32x4.mul(s, w1));
      s = v128.load32_splat(q, 12);
      c30 = f32x4.add(c30, f32x4.mul(s, w0));
      c31 = f32x4.add(c31, f32x4.mul(s, w1));
      q += stepBytes;
      dy += 64;
      if (dy == end) break;
    }
  }
  accumulateEight(dw, c00, c01, columns, add);
  if (height > 1) accumulateEight(dw + dwRowBytes, c10, c11, columns, add);
  if (height > 2) accumulateEight(dw + 2 * dwRowBytes, c20, c21, columns, add);
  if (height > 3) accumulateEight(dw + 3 * dwRowBytes, c30, c31, columns, add);
}
