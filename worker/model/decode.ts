/**
 * From raw head maps to boxes.
 *
 * Shapes: B batch, H and W cells of a detection layer, A anchors per cell, K = 5 + classes.
 */
import type { ProgramBuilder } from '../engine/builder.js';
import type { Value } from '../engine/program.js';
import { type Model, valuesPerAnchor } from './model.js';

/** A raw map [B,H,W,A·K] in the reference's order [B,A,H,W,K]. */
export function headByAnchor(b: ProgramBuilder, head_BHWC: Value, model: Model): Value {
  const [batch, height, width] = head_BHWC.shape as [number, number, number, number];
  const K = valuesPerAnchor(model);
  return b.reshape(headRows(b, head_BHWC, model.numAnchors, K), [batch, model.numAnchors, height, width, K]);
}

/** [B,H,W,A·K] → [B, A·H·W, K], ordered by anchor, then row, then column. */
function headRows(b: ProgramBuilder, head_BHWC: Value, A: number, K: number): Value {
  const [batch, height, width] = head_BHWC.shape as [number, number, number, number];
  const byCell = b.reshape(head_BHWC, [batch, height * width, A, K]);
  return b.reshape(b.transpose(byCell, [0, 2, 1, 3]), [batch, A * height * width, K]);
}

/**
 * Writes the decoding of all layers (reference section "head output and decode"):
 * xy = (2σ − 0.5 + cell)·stride, wh = (2σ)²·anchor, scores σ.
 * @returns float32 [B, N, K]: centre and size in input pixels, objectness and class scores in 0–1; rows by layer
 *   (fine to coarse), anchor, y, x
 */
export function decode(b: ProgramBuilder, heads_BHWC: readonly Value[], model: Model): Value {
  const K = valuesPerAnchor(model);
  const layers = heads_BHWC.map((head, layer) => {
    const [batch, height, width] = head.shape as [number, number, number, number];
    const stride = model.strides[layer]!;
    const anchors = model.anchorsPx[layer]!;
    const rows = anchors.length * height * width;
    const activated_BNK = b.unary('sigmoid', headRows(b, head, anchors.length, K));
    const part = (begin: number, size: number): Value => b.slice(activated_BNK, [0, 0, begin], [batch, rows, size]);
    // (2σ − 0.5 + cell)·stride = σ·2·stride + (cell − 0.5)·stride
    const origins = b.constant(cellOriginsPx(anchors.length, height, width, stride), [1, rows, 2]);
    const centres = b.add(b.mul(part(0, 2), 2 * stride), origins);
    const sizes = b.mul(
      b.unary('square', b.mul(part(2, 2), 2)),
      b.constant(anchorRowsPx(anchors, height * width), [1, rows, 2]),
    );
    return b.concat([centres, sizes, part(4, K - 4)], 2);
  });
  return layers.length === 1 ? layers[0]! : b.concat(layers, 1);
}

/** (cell − 0.5)·stride for every row of a layer, (x, y) pairs. */
function cellOriginsPx(numAnchors: number, height: number, width: number, stride: number): Float32Array {
  const origins = new Float32Array(numAnchors * height * width * 2);
  let at = 0;
  for (let anchor = 0; anchor < numAnchors; anchor++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        origins[at++] = (x - 0.5) * stride;
        origins[at++] = (y - 0.5) * stride;
      }
    }
  }
  return origins;
}

function anchorRowsPx(anchors: readonly (readonly [number, number])[], numCells: number): Float32Array {
  const rows = new Float32Array(anchors.length * numCells * 2);
  for (const [anchor, [width, height]] of anchors.entries()) {
    for (let cell = 0; cell < numCells; cell++) {
      const at = (anchor * numCells + cell) * 2;
      rows[at] = width;
      rows[at + 1] = height;
    }
  }
  return rows;
}
