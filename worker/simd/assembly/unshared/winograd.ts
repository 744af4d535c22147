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

import { multiplyPixels, multiplyWindows } from './convolution';

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
  for (let plane = 0; plane < 16; plane++) {
    for (let panel = 0; panel < numPanels; panel++) {
      const to = m + resultBytes * panel;
      multiplyWindows(v, vOffsets, to, mOffsets, numWindows, u + panelBytes * panel, channels, 1, 0, 8);
    }
    v += vPlaneBytes;
    u += uPlaneBytes;
    m += mPlaneBytes;
  }
}

/**
 * du = vᵀ · z in each plane: v [channels / 4, windows, 4], z [columns / 8, windows, 8], du [channels, columns]. `panelBytes`
 * lies between panels of v, and `zero` is the address of a zero.
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
  zero: usize,
): void {
  const rowBytes = (<usize>columns) << 2;
  for (let plane = 0; plane < 16; plane++) {
    multiplyPixels(v, panelBytes, channels, zero, 1, numWindows, 16, 1, 1, 0, z, du, rowBytes, columns, false);
    v += vPlaneBytes;
    z += zPlaneBytes;
    du += duPlaneBytes;
  }
}
