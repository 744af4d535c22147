// Planes [N, H, W, C] to transformed windows and back. Windows of 4×4 pixels begin two pixels apart along each axis; what lies
// outside the planes is zero.

/** Copies `size` × `size` pixels, those outside as zeros. */
function copyWindow(
  plane: usize,
  height: i32,
  width: i32,
  pixelBytes: usize,
  top: i32,
  left: i32,
  size: i32,
  to: usize,
): void {
  for (let y = top; y < top + size; y++) {
    for (let x = left; x < left + size; x++) {
      if (y >= 0 && y < height && x >= 0 && x < width) {
        memory.copy(to, plane + pixelBytes * (y * width + x), pixelBytes);
      } else {
        memory.fill(to, 0, pixelBytes);
      }
      to += pixelBytes;
    }
  }
}

/** One row of Bᵀ d B from one row of Bᵀ d. */
// @ts-ignore: decorator
@inline
function storeWindowRow(t0: v128, t1: v128, t2: v128, t3: v128, to: usize, planeBytes: usize): void {
  v128.store(to, f32x4.sub(t0, t2));
  v128.store(to + planeBytes, f32x4.add(t1, t2));
  v128.store(to + 2 * planeBytes, f32x4.sub(t2, t1));
  v128.store(to + 3 * planeBytes, f32x4.sub(t3, t1));
}

// @ts-ignore: decorator
@inline
function storeDifferences(a: usize, b: usize, pixelBytes: usize, to: usize, planeBytes: usize): void {
  storeWindowRow(
    f32x4.sub(v128.load(a), v128.load(b)),
    f32x4.sub(v128.load(a + pixelBytes), v128.load(b + pixelBytes)),
    f32x4.sub(v128.load(a + 2 * pixelBytes), v128.load(b + 2 * pixelBytes)),
    f32x4.sub(v128.load(a + 3 * pixelBytes), v128.load(b + 3 * pixelBytes)),
    to,
    planeBytes,
  );
}

/** Bᵀ d B of four channels. Each row of the result is made from two rows, loaded anew: all at once would not fit into registers. */
// @ts-ignore: decorator
@inline
function transformWindow(from: usize, rowBytes: usize, pixelBytes: usize, to: usize, planeBytes: usize): void {
  const r1 = from + rowBytes;
  const r2 = r1 + rowBytes;
  const r3 = r2 + rowBytes;
  const step = planeBytes << 2;
  storeDifferences(from, r2, pixelBytes, to, planeBytes);
  storeWindowRow(
    f32x4.add(v128.load(r1), v128.load(r2)),
    f32x4.add(v128.load(r1 + pixelBytes), v128.load(r2 + pixelBytes)),
    f32x4.add(v128.load(r1 + 2 * pixelBytes), v128.load(r2 + 2 * pixelBytes)),
    f32x4.add(v128.load(r1 + 3 * pixelBytes), v128.load(r2 + 3 * pixelBytes)),
    to + step,
    planeBytes,
  );
  storeDifferences(r2, r1, pixelBytes, to + 2 * step, planeBytes);
  storeDifferences(r3, r1, pixelBytes, to + 3 * step, planeBytes);
}

/** A e Aᵀ of four channels. */
// @ts-ignore: decorator
@inline
function transformGradient(from: usize, rowBytes: usize, pixelBytes: usize, to: usize, planeBytes: usize): void {
  const e00 = v128.load(from);
  const e01 = v128.load(from + pixelBytes);
  const e10 = v128.load(from + rowBytes);
  const e11 = v128.load(from + rowBytes + pixelBytes);
  const step = planeBytes << 2;
  storeGradientRow(e00, e01, to, planeBytes);
  storeGradientRow(f32x4.add(e00, e10), f32x4.add(e01, e11), to + step, planeBytes);
  storeGradientRow(f32x4.sub(e00, e10), f32x4.sub(e01, e11), to + 2 * step, planeBytes);
  storeGradientRow(e10, e11, to + 3 * step, planeBytes);
}

// @ts-ignore: decorator
@inline
function storeGradientRow(r0: v128, r1: v128, to: usize, planeBytes: usize): void {
  v128.store(to, r0);
  v128.store(to + planeBytes, f32x4.add(r0, r1));
  v128.store(to + 2 * planeBytes, f32x4.sub(r0, r1));
  v128.store(to + 3 * planeBytes, r1);
}

/**
 * Bᵀ d B of the windows from number `first` on. The first window of an image begins at (−top, −left). In a plane of the result
 * `windowBytes` lie between windows, `pairBytes` between groups of eight channels and `halfBytes` between halves of a group.
 * `window` is scratch for a window's pixels, 16 · channels.
 */
export function transformWindows(
  x: usize,
  v: usize,
  height: i32,
  width: i32,
  channels: i32,
  rows: i32,
  columns: i32,
  top: i32,
  left: i32,
  first: i32,
  numWindows: i32,
  planeBytes: usize,
  windowBytes: usize,
  pairBytes: usize,
  halfBytes: usize,
  window: usize,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const imageBytes = pixelBytes * (height * width);
  for (let i = first; i < first + numWindows; i++) {
    const y0 = ((i / columns) % rows) * 2 - top;
    const x0 = (i % columns) * 2 - left;
    const plane = x + imageBytes * (i / (rows * columns));
    let from = plane + pixelBytes * (y0 * width + x0);
    let rowBytes = pixelBytes * width;
    if (y0 < 0 || x0 < 0 || y0 + 4 > height || x0 + 4 > width) {
      copyWindow(plane, height, width, pixelBytes, y0, x0, 4, window);
      from = window;
      rowBytes = pixelBytes << 2;
    }
    let to = v;
    for (let channel = 0; channel < channels; channel += 8) {
      transformWindow(from, rowBytes, pixelBytes, to, planeBytes);
      transformWindow(from + 16, rowBytes, pixelBytes, to + halfBytes, planeBytes);
      from += 32;
      to += pairBytes;
    }
    v += windowBytes;
  }
}

/** A e Aᵀ of the squares of 2×2 gradients from number `first` on, in panels of eight channels, [16, C / 8, numWindows, 8]. */
export function transformGradients(
  dy: usize,
  z: usize,
  height: i32,
  width: i32,
  channels: i32,
  rows: i32,
  columns: i32,
  first: i32,
  numWindows: i32,
  planeBytes: usize,
  window: usize,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const imageBytes = pixelBytes * (height * width);
  const panelBytes = (<usize>numWindows) << 5;
  for (let i = first; i < first + numWindows; i++) {
    const y0 = ((i / columns) % rows) * 2;
    const x0 = (i % columns) * 2;
    const plane = dy + imageBytes * (i / (rows * columns));
    let from = plane + pixelBytes * (y0 * width + x0);
    let rowBytes = pixelBytes * width;
    if (y0 + 2 > height || x0 + 2 > width) {
      copyWindow(plane, height, width, pixelBytes, y0, x0, 2, window);
      from = window;
      rowBytes = pixelBytes << 1;
    }
    let to = z;
    for (let channel = 0; channel < channels; channel += 8) {
      transformGradient(from, rowBytes, pixelBytes, to, planeBytes);
      transformGradient(from + 16, rowBytes, pixelBytes, to + 16, planeBytes);
      from += 32;
      to += panelBytes;
    }
    z += 32;
  }
}

/** Aᵀ m A of four channels; pixels right of or below the plane are left out. */
// @ts-ignore: decorator
@inline
function transformOutput(
  m: usize,
  planeBytes: usize,
  to: usize,
  rowBytes: usize,
  pixelBytes: usize,
  right: bool,
  below: bool,
): void {
  const step = planeBytes << 2;
  const m1 = m + step;
  const m2 = m1 + step;
  const m3 = m2 + step;
  let middle = v128.load(m1);
  let back = v128.load(m2);
  const p0 = f32x4.add(f32x4.add(v128.load(m), middle), back);
  const q0 = f32x4.add(f32x4.sub(middle, back), v128.load(m3));
  middle = v128.load(m1 + planeBytes);
  back = v128.load(m2 + planeBytes);
  const p1 = f32x4.add(f32x4.add(v128.load(m + planeBytes), middle), back);
  const q1 = f32x4.add(f32x4.sub(middle, back), v128.load(m3 + planeBytes));
  middle = v128.load(m1 + 2 * planeBytes);
  back = v128.load(m2 + 2 * planeBytes);
  const p2 = f32x4.add(f32x4.add(v128.load(m + 2 * planeBytes), middle), back);
  const q2 = f32x4.add(f32x4.sub(middle, back), v128.load(m3 + 2 * planeBytes));
  v128.store(to, f32x4.add(f32x4.add(p0, p1), p2));
  if (below) v128.store(to + rowBytes, f32x4.add(f32x4.add(q0, q1), q2));
  if (!right) return;
  middle = v128.load(m1 + 3 * planeBytes);
  back = v128.load(m2 + 3 * planeBytes);
  const p3 = f32x4.add(f32x4.add(v128.load(m + 3 * planeBytes), middle), back);
  v128.store(to + pixelBytes, f32x4.add(f32x4.sub(p1, p2), p3));
  if (!below) return;
  const q3 = f32x4.add(f32x4.sub(middle, back), v128.load(m3 + 3 * planeBytes));
  v128.store(to + rowBytes + pixelBytes, f32x4.add(f32x4.sub(q1, q2), q3));
}

/**
 * y = Aᵀ m A for the windows from number `first` on and some panels of eight channels: m [16, panels, numWindows, 8]. `y` is the
 * address of the first channel of these panels.
 */
export function transformOutputs(
  m: usize,
  planeBytes: usize,
  y: usize,
  height: i32,
  width: i32,
  channels: i32,
  rows: i32,
  columns: i32,
  first: i32,
  numWindows: i32,
  numPanels: i32,
): void {
  const pixelBytes = (<usize>channels) << 2;
  const rowBytes = pixelBytes * width;
  const panelBytes = (<usize>numWindows) << 5;
  for (let i = first; i < first + numWindows; i++) {
    const y0 = ((i / columns) % rows) * 2;
    const x0 = (i % columns) * 2;
    const right = x0 + 1 < width;
    const below = y0 + 1 < height;
    let to = y + rowBytes * (i / (rows * columns)) * height + rowBytes * y0 + pixelBytes * x0;
    let from = m;
    for (let panel = 0; panel < numPanels; panel++) {
      transformOutput(from, planeBytes, to, rowBytes, pixelBytes, right, below);
      transformOutput(from + 16, planeBytes, to + 16, rowBytes, pixelBytes, right, below);
      from += panelBytes;
      to += 32;
    }
    m += 32;
  }
}
