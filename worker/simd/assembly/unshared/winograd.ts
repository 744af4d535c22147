// 3×3 convolutions of stride 1 and their gradients by Winograd's minimal filtering F(2×2, 3×3): 16 products give four outputs,
// where the definition takes 36. With d a window of 4×4 pixels, g a filter and e a square of 2×2 gradients,
//
//   y  = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A          dg = Gᵀ [Σ over windows (Bᵀ d B) ⊙ (A e Aᵀ)] G
//
//   Bᵀ = 1  0 −1  0     G = 1  0  0     Aᵀ = 1 1  1 0
//        0  1  1  0         ½  ½  ½          0 1 −1 1
//        0 −1  1  0         ½ −½  ½
//        0 −1  0  1         0  0  1
//
// (Lavin and Gray 2015, section 4.1, with the last rows of Bᵀ and Aᵀ negated.) Each of the 16 places of a transformed square
// is a matrix of its own, a plane; products of planes are those of ordinary convolutions. Pointers are byte offsets on the
// heap, windows are counted image by image and row by row, and channels come in eights.

import { multiplyWindows } from './convolution';

export { pixelOffsets } from './convolution/packing';
export { transformFilterGradients, transformFilters, transformFiltersBack } from './winograd/filters';
export { transformGradients, transformOutputs, transformWindows } from './winograd/windows';

/**
 * m = v · u in each plane: v [windows, channels], u [panels, channels, 8], m [panels, windows, 8]. The tables of offsets say
 * where a window begins in v and in a panel of m, in bytes; they end at a multiple of four windows.
 */
export function multiplyPlanes(
  v: usize,
  vPlaneBytes: usize,
  vOffsets: usize,
  u: usize,
  uPlaneBytes: usize,
  m: usize,
  mPlaneBytes: usize,
  mOffsets: usize,
  numWindows: i32,
  channels: i32,
  numPanels: i32,
): void {
  const panelBytes = (<usize>channels) << 5;
  const resultBytes = (<usize>numWindows) << 5;
  const rest = numWindows & 3;
  // One or two windows left over are half of what the kernel takes: they meet two panels at a time.
  const pairs = rest > 0 && rest < 3 ? numPanels & ~1 : 0;
  const fours = numWindows - rest;
  const last = <usize>load<u32>(vOffsets + ((<usize>fours) << 2));
  const step = <usize>load<u32>(vOffsets + ((<usize>fours) << 2), 4) - last;
  for (let plane = 0; plane < 16; plane++) {
    for (let panel = 0; panel < numPanels; panel++) {
      const to = m + resultBytes * panel;
      const count = panel < pairs ? fours : numWindows;
      multiplyWindows(v, vOffsets, to, mOffsets, count, u + panelBytes * panel, channels, 1, 0, 8);
    }
    for (let panel = 0; panel < pairs; panel += 2) {
      const to = m + resultBytes * panel + ((<usize>fours) << 5);
      multiplyPair(v + last, step, u + panelBytes * panel, panelBytes, to, resultBytes, rest == 2);
    }
    v += vPlaneBytes;
    u += uPlaneBytes;
    m += mPlaneBytes;
  }
}

/** Two windows, `step` apart, with two panels; `both` tells whether the second one is wanted. */
function multiplyPair(
  v: usize,
  step: usize,
  u: usize,
  panelBytes: usize,
  to: usize,
  resultBytes: usize,
  both: bool,
): void {
  const end = u + panelBytes;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  let s = c00;
  let t = c00;
  let w = c00;
  for (; u < end; u += 32) {
    s = v128.load32_splat(v);
    t = v128.load32_splat(v + step);
    w = v128.load(u);
    c00 = f32x4.add(c00, f32x4.mul(s, w));
    c10 = f32x4.add(c10, f32x4.mul(t, w));
    w = v128.load(u, 16);
    c01 = f32x4.add(c01, f32x4.mul(s, w));
    c11 = f32x4.add(c11, f32x4.mul(t, w));
    w = v128.load(u + panelBytes);
    c02 = f32x4.add(c02, f32x4.mul(s, w));
    c12 = f32x4.add(c12, f32x4.mul(t, w));
    w = v128.load(u + panelBytes, 16);
    c03 = f32x4.add(c03, f32x4.mul(s, w));
    c13 = f32x4.add(c13, f32x4.mul(t, w));
    v += 4;
  }
  const next = to + resultBytes;
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(next, c02);
  v128.store(next, c03, 16);
  if (!both) return;
  v128.store(to, c10, 32);
  v128.store(to, c11, 48);
  v128.store(next, c12, 32);
  v128.store(next, c13, 48);
}

/**
 * du = vᵀ · z in each plane: v [channels / 4, windows, 4], z [columns / 8, windows, 8], du [channels, columns]. `panelBytes`
 * lies between panels of v.
 */
export function multiplyPlanesTransposed(
  v: usize,
  vPlaneBytes: usize,
  panelBytes: usize,
  z: usize,
  zPlaneBytes: usize,
  du: usize,
  duPlaneBytes: usize,
  numWindows: i32,
  channels: i32,
  columns: i32,
): void {
  const rowBytes = (<usize>columns) << 2;
  const length = (<usize>numWindows) << 5;
  for (let plane = 0; plane < 16; plane++) {
    let x = v;
    let row = du;
    for (let channel = 0; channel < channels; channel += 4) {
      let panel = z;
      const end = row + rowBytes;
      for (let to = row; to < end; to += 32) {
        multiplySquares(x, panel, panel + length, to, rowBytes);
        panel += length;
      }
      x += panelBytes;
      row += rowBytes << 2;
    }
    v += vPlaneBytes;
    z += zPlaneBytes;
    du += duPlaneBytes;
  }
}

/** Four rows of eight sums over the windows: Σ v[window, row] · z[window, column], z ending at `end`. */
function multiplySquares(v: usize, z: usize, end: usize, to: usize, rowBytes: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let s = c00;
  let z0 = c00;
  let z1 = c00;
  // Two steps with a branch between them, as in the windows' product.
  while (true) {
    z0 = v128.load(z);
    z1 = v128.load(z, 16);
    s = v128.load32_splat(v);
    c00 = f32x4.add(c00, f32x4.mul(s, z0));
    c01 = f32x4.add(c01, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, z0));
    c11 = f32x4.add(c11, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, z0));
    c21 = f32x4.add(c21, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 12);
    c30 = f32x4.add(c30, f32x4.mul(s, z0));
    c31 = f32x4.add(c31, f32x4.mul(s, z1));
    if (z + 32 == end) break;
    z0 = v128.load(z, 32);
    z1 = v128.load(z, 48);
    s = v128.load32_splat(v, 16);
    c00 = f32x4.add(c00, f32x4.mul(s, z0));
    c01 = f32x4.add(c01, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 20);
    c10 = f32x4.add(c10, f32x4.mul(s, z0));
    c11 = f32x4.add(c11, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 24);
    c20 = f32x4.add(c20, f32x4.mul(s, z0));
    c21 = f32x4.add(c21, f32x4.mul(s, z1));
    s = v128.load32_splat(v, 28);
    c30 = f32x4.add(c30, f32x4.mul(s, z0));
    c31 = f32x4.add(c31, f32x4.mul(s, z1));
    v += 32;
    z += 64;
    if (z == end) break;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  to += rowBytes;
  v128.store(to, c10);
  v128.store(to, c11, 16);
  to += rowBytes;
  v128.store(to, c20);
  v128.store(to, c21, 16);
  to += rowBytes;
  v128.store(to, c30);
  v128.store(to, c31, 16);
}
