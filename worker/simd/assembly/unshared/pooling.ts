// Max-pooling and its gradient on planes [N, H, W, C]. Pointers are byte offsets on the heap. Windows are cut at the borders,
// so padding never wins.

/** y = the largest element of each window, NaN where there is one. */
export function maxPool(
  x: usize,
  y: usize,
  numImages: i32,
  height: i32,
  width: i32,
  channels: i32,
  outputHeight: i32,
  outputWidth: i32,
  sizeY: i32,
  sizeX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = pixelBytes * width;
  for (let image = 0; image < numImages; image++) {
    for (let oy = 0; oy < outputHeight; oy++) {
      const y0 = max(oy * strideY - top, 0);
      const y1 = min(oy * strideY - top + sizeY, height);
      for (let ox = 0; ox < outputWidth; ox++) {
        const x0 = max(ox * strideX - left, 0);
        const x1 = min(ox * strideX - left + sizeX, width);
        poolWindow(x + rowBytes * y0 + pixelBytes * x0, y, channels, y1 - y0, x1 - x0, pixelBytes, rowBytes);
        y += pixelBytes;
      }
    }
    x += rowBytes * height;
  }
}

function poolWindow(
  x: usize,
  y: usize,
  channels: i32,
  numRows: i32,
  numColumns: i32,
  pixelBytes: usize,
  rowBytes: usize,
): void {
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    let largest = f32x4.splat(-Infinity);
    let row = x;
    for (let r = 0; r < numRows; r++) {
      let cell = row;
      for (let c = 0; c < numColumns; c++) {
        largest = f32x4.max(largest, v128.load(cell));
        cell += pixelBytes;
      }
      row += rowBytes;
    }
    v128.store(y, largest);
    x += 16;
    y += 16;
  }
  for (; channel < channels; channel++) {
    let largest: f32 = -Infinity;
    for (let r = 0; r < numRows; r++) {
      for (let c = 0; c < numColumns; c++) largest = max(largest, load<f32>(x + rowBytes * r + pixelBytes * c));
    }
    store<f32>(y, largest);
    x += 4;
    y += 4;
  }
}

/** The first cell of a window, in row-major order, that holds the window's maximum takes the whole gradient. */
export function maxPoolGrad(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  numImages: i32,
  height: i32,
  width: i32,
  channels: i32,
  outputHeight: i32,
  outputWidth: i32,
  sizeY: i32,
  sizeX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = pixelBytes * width;
  memory.fill(dx, 0, rowBytes * height * numImages);
  for (let image = 0; image < numImages; image++) {
    for (let oy = 0; oy < outputHeight; oy++) {
      const y0 = max(oy * strideY - top, 0);
      const y1 = min(oy * strideY - top + sizeY, height);
      for (let ox = 0; ox < outputWidth; ox++) {
        const x0 = max(ox * strideX - left, 0);
        const x1 = min(ox * strideX - left + sizeX, width);
        const first = rowBytes * y0 + pixelBytes * x0;
        spreadWindow(x + first, y, dy, dx + first, channels, y1 - y0, x1 - x0, pixelBytes, rowBytes);
        y += pixelBytes;
        dy += pixelBytes;
      }
    }
    x += rowBytes * height;
    dx += rowBytes * height;
  }
}

function spreadWindow(
  x: usize,
  y: usize,
  dy: usize,
  dx: usize,
  channels: i32,
  numRows: i32,
  numColumns: i32,
  pixelBytes: usize,
  rowBytes: usize,
): void {
  let channel = 0;
  for (; channel + 4 <= channels; channel += 4) {
    const largest = v128.load(y);
    // Lanes become zero once a cell has taken their gradient.
    let gradient = v128.load(dy);
    let offset: usize = 0;
    for (let r = 0; r < numRows; r++) {
      let cell = offset;
      for (let c = 0; c < numColumns; c++) {
        const taken = f32x4.eq(v128.load(x + cell), largest);
        v128.store(dx + cell, f32x4.add(v128.load(dx + cell), v128.and(gradient, taken)));
        gradient = v128.andnot(gradient, taken);
        cell += pixelBytes;
      }
      offset += rowBytes;
    }
    x += 16;
    y += 16;
    dy += 16;
    dx += 16;
  }
  for (; channel < channels; channel++) {
    const largest = load<f32>(y);
    let open = true;
    for (let r = 0; r < numRows && open; r++) {
      for (let c = 0; c < numColumns && open; c++) {
        const cell = rowBytes * r + pixelBytes * c;
        if (load<f32>(x + cell) != largest) continue;
        store<f32>(dx + cell, load<f32>(dx + cell) + load<f32>(dy));
        open = false;
      }
    }
    x += 4;
    y += 4;
    dy += 4;
    dx += 4;
  }
}
