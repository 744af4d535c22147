// Convolutions as products of small tiles. Pointers are byte offsets on the heap; sizes in elements unless named …Bytes.
//
// A tile of the forward product is 4 pixels × 8 channels, one of the filter gradient 4 input × 8 output channels: eight
// accumulators, the four and two vectors that a step loads, and one product fill the fifteen registers that the compiler
// of V8 can use. Sums run in a fixed order over the taps and channels (forward) or pixels (filter gradient).

/** Copies planes of `height` rows between borders of zeros. */
export function padPlanes(
  from: usize,
  to: usize,
  numImages: i32,
  height: i32,
  rowBytes: usize,
  top: i32,
  bottom: i32,
  leftBytes: usize,
  rightBytes: usize,
): void {
  const paddedBytes = leftBytes + rowBytes + rightBytes;
  for (let image = 0; image < numImages; image++) {
    memory.fill(to, 0, paddedBytes * top);
    to += paddedBytes * top;
    for (let row = 0; row < height; row++) {
      memory.fill(to, 0, leftBytes);
      memory.copy(to + leftBytes, from, rowBytes);
      memory.fill(to + leftBytes + rowBytes, 0, rightBytes);
      to += paddedBytes;
      from += rowBytes;
    }
    memory.fill(to, 0, paddedBytes * bottom);
    to += paddedBytes * bottom;
  }
}

/** Writes where each pixel of planes begins, in bytes; the last one is repeated until there are a multiple of four. */
export function pixelOffsets(
  table: usize,
  numImages: i32,
  height: i32,
  width: i32,
  imageBytes: i32,
  rowBytes: i32,
  pixelBytes: i32,
): void {
  let last = 0;
  for (let image = 0; image < numImages; image++) {
    for (let row = 0; row < height; row++) {
      let offset = image * imageBytes + row * rowBytes;
      for (let column = 0; column < width; column++) {
        store<i32>(table, offset);
        last = offset;
        offset += pixelBytes;
        table += 4;
      }
    }
  }
  for (let rest = -(numImages * height * width) & 3; rest > 0; rest--) {
    store<i32>(table, last);
    table += 4;
  }
}

/** Copies up to eight columns of a matrix to a panel of rows of eight; missing columns become zeros. */
export function packPanel(from: usize, to: usize, numRows: i32, rowBytes: usize, columns: i32): void {
  const end = to + ((<usize>numRows) << 5);
  if (columns == 8) {
    while (to < end) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += rowBytes;
      to += 32;
    }
    return;
  }
  memory.fill(to, 0, end - to);
  while (to < end) {
    memory.copy(to, from, (<usize>columns) << 2);
    from += rowBytes;
    to += 32;
  }
}

/** As {@link packPanel}, of the transposed matrix: up to eight rows of `length` elements become columns. */
export function packPanelTransposed(from: usize, to: usize, length: i32, rowBytes: usize, columns: i32): void {
  if (columns < 8) memory.fill(to, 0, (<usize>length) << 5);
  const end = to + ((<usize>length) << 5);
  let column = 0;
  for (; column + 4 <= columns; column += 4) {
    let target = to;
    let r0 = from;
    for (; target + 128 <= end; target += 128) {
      const a = v128.load(r0);
      const b = v128.load(r0 + rowBytes);
      const c = v128.load(r0 + 2 * rowBytes);
      const d = v128.load(r0 + 3 * rowBytes);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      v128.store(target, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(target, v128.shuffle<i64>(ab, cd, 1, 3), 32);
      const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 64);
      v128.store(target, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 96);
      r0 += 16;
    }
    for (; target < end; target += 32) {
      store<f32>(target, load<f32>(r0));
      store<f32>(target, load<f32>(r0 + rowBytes), 4);
      store<f32>(target, load<f32>(r0 + 2 * rowBytes), 8);
      store<f32>(target, load<f32>(r0 + 3 * rowBytes), 12);
      r0 += 4;
    }
    from += rowBytes << 2;
    to += 16;
  }
  for (; column < columns; column++) {
    let source = from;
    for (let target = to; target < end; target += 32) {
      store<f32>(target, load<f32>(source));
      source += 4;
    }
    from += rowBytes;
    to += 4;
  }
}

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

/**
 * Cuts padded planes into panels of four channels, [⌈C/4⌉, N, top + H + bottom, left + W + right, 4]: what one tile of the
 * filter gradient reads lies in a row. Missing channels are zeros.
 */
export function packChannels(
  from: usize,
  to: usize,
  numImages: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  bottom: i32,
  left: i32,
  right: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = (<usize>(left + width + right)) << 4;
  const panelBytes = rowBytes * (numImages * (top + height + bottom));
  for (let channel = 0; channel < channels; channel += 4) {
    let target = to;
    for (let image = 0; image < numImages; image++) {
      memory.fill(target, 0, rowBytes * top);
      target += rowBytes * top + rowBytes * height;
      memory.fill(target, 0, rowBytes * bottom);
      target += rowBytes * bottom;
    }
    to += panelBytes;
  }
  to -= panelBytes * ((channels + 3) >> 2);
  for (let image = 0; image < numImages; image++) {
    to += rowBytes * top;
    for (let row = 0; row < height; row++) {
      let target = to;
      for (let channel = 0; channel < channels; channel += 4) {
        packRow(from + ((<usize>channel) << 2), target, width, pixelBytes, channels - channel, left, right);
        target += panelBytes;
      }
      from += pixelBytes * width;
      to += rowBytes;
    }
    to += rowBytes * bottom;
  }
}

function packRow(
  from: usize,
  to: usize,
  width: i32,
  pixelBytes: usize,
  channels: i32,
  left: i32,
  right: i32,
): void {
  memory.fill(to, 0, (<usize>left) << 4);
  to += (<usize>left) << 4;
  const end = to + ((<usize>width) << 4);
  if (channels >= 4) {
    while (to < end) {
      v128.store(to, v128.load(from));
      from += pixelBytes;
      to += 16;
    }
  } else {
    while (to < end) {
      store<f32>(to, load<f32>(from));
      store<f32>(to, channels > 1 ? load<f32>(from, 4) : 0, 4);
      store<f32>(to, channels > 2 ? load<f32>(from, 8) : 0, 8);
      store<f32>(to, 0, 12);
      from += pixelBytes;
      to += 16;
    }
  }
  memory.fill(to, 0, (<usize>right) << 4);
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
 * channels and taps and eight columns. `rows` says where the first tap of each output row begins in a panel of
 * {@link packChannels}; `stepBytes` lies between neighbours in a row; `dy` is a panel of {@link packPanel}.
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
  for (let channel = 0; channel < channels; channel += 4) {
    const height = min(channels - channel, 4);
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        const from = x + rowBytes * ky + ((<usize>kx) << 4);
        const to = dw + tapBytes * (ky * kernelWidth + kx) + dwRowBytes * channel;
        multiplyTile(from, rows, numRows, rowLength, stepBytes, dy, to, dwRowBytes, height, columns, add);
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
