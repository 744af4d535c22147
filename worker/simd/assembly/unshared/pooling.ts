// Max-pooling and its gradient on planes [N, H, W, C]. Pointers are byte offsets on the heap. Windows are cut at the borders,
// so padding never wins.

/** Whether windows of 2×2 cells cover planes like tiles, and vectors cover the channels: the usual case has loops of its own. */
// @ts-ignore: decorator
@inline
function areTiles(
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
): bool {
  const isSquare = sizeY == 2 && sizeX == 2 && strideY == 2 && strideX == 2 && top == 0 && left == 0;
  return isSquare && height == 2 * outputHeight && width == 2 * outputWidth && (channels & 3) == 0;
}

function poolTiles(x: usize, y: usize, numRows: i32, rowBytes: usize, pixelBytes: usize): void {
  for (let row = 0; row < numRows; row++) {
    const end = x + rowBytes;
    while (x < end) {
      const next = x + pixelBytes;
      for (; x < next; x += 16) {
        const above = f32x4.max(v128.load(x), v128.load(x + pixelBytes));
        const below = f32x4.max(v128.load(x + rowBytes), v128.load(x + rowBytes + pixelBytes));
        v128.store(y, f32x4.max(above, below));
        y += 16;
      }
      x += pixelBytes;
    }
    x += rowBytes;
  }
}

/** As for windows in general; each cell is written once. */
function spreadTiles(x: usize, y: usize, dy: usize, dx: usize, numRows: i32, rowBytes: usize, pixelBytes: usize): void {
  for (let row = 0; row < numRows; row++) {
    const end = x + rowBytes;
    while (x < end) {
      const next = x + pixelBytes;
      for (; x < next; x += 16) {
        const largest = v128.load(y);
        let gradient = v128.load(dy);
        let taken = f32x4.eq(v128.load(x), largest);
        v128.store(dx, v128.and(gradient, taken));
        gradient = v128.andnot(gradient, taken);
        taken = f32x4.eq(v128.load(x + pixelBytes), largest);
        v128.store(dx + pixelBytes, v128.and(gradient, taken));
        gradient = v128.andnot(gradient, taken);
        taken = f32x4.eq(v128.load(x + rowBytes), largest);
        v128.store(dx + rowBytes, v128.and(gradient, taken));
        gradient = v128.andnot(gradient, taken);
        taken = f32x4.eq(v128.load(x + rowBytes + pixelBytes), largest);
        v128.store(dx + rowBytes + pixelBytes, v128.and(gradient, taken));
        y += 16;
        dy += 16;
        dx += 16;
      }
      x += pixelBytes;
      dx += pixelBytes;
    }
    x += rowBytes;
    dx += rowBytes;
  }
}

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
  if (areTiles(height, width, channels, outputHeight, outputWidth, sizeY, sizeX, strideY, strideX, top, left)) {
    poolTiles(x, y, numImages * outputHeight, rowBytes, pixelBytes);
    return;
  }
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
  if (areTiles(height, width, channels, outputHeight, outputWidth, sizeY, sizeX, strideY, strideX, top, left)) {
    spreadTiles(x, y, dy, dx, numImages * outputHeight, rowBytes, pixelBytes);
    return;
  }
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
