/** Pooling windows whose maximum rounding decides: there a gradient may take either way. */
import type { Model } from '../../worker/model/model.js';
import type { LayerTrace } from './model-fixture.js';

/** Two cells nearer than this, of their size, may change places by the rounding of what led to them. */
const TIE = 5e-6;

/**
 * Returns the number of the last numbered pooling layer that has a window whose two largest cells are as good as equal, or -1.
 * There the gradient may take either way, so those of earlier layers are known less well.
 */
export function lastTiedPool(
  model: Model,
  outputs: Record<string, Float32Array>,
  shapes: readonly LayerTrace[],
): number {
  const shapeOf = new Map(shapes.map(({ i, shape }) => [i, shape]));
  const tied = model.layers.filter(({ index, block, spec }) => {
    const [leaf] = block.leaves;
    if (spec.module !== 'MaxPool2d' || leaf?.kind !== 'maxpool') return false;
    const [B, C, H, W] = shapeOf.get(index - 1) as [number, number, number, number];
    const [, , outH, outW] = shapeOf.get(index) as [number, number, number, number];
    const data = outputs[`layer.${index - 1}`]!;
    for (let at = 0; at < B * outH * outW * C; at++) {
      const c = at % C;
      const x = Math.floor(at / C) % outW;
      const y = Math.floor(at / (C * outW)) % outH;
      const b = Math.floor(at / (C * outW * outH));
      const cells: number[] = [];
      for (let ky = 0; ky < leaf.kernel; ky++) {
        for (let kx = 0; kx < leaf.kernel; kx++) {
          cells.push(data[((b * H + y * leaf.stride + ky) * W + x * leaf.stride + kx) * C + c]!);
        }
      }
      cells.sort((p, q) => q - p);
      if (cells[0]! - cells[1]! <= TIE * Math.max(1, Math.abs(cells[0]!))) return true;
    }
    return false;
  });
  return tied.at(-1)?.index ?? -1;
}
