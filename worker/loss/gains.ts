/** Gains of the loss terms as a run uses them. */
import type { Hyp } from '../../configs/run-config.js';

/** Weights of the three terms. */
export interface LossGains {
  readonly box: number;
  readonly obj: number;
  readonly cls: number;
}

/**
 * Scales the gains of the hyperparameters, which hold for three layers, 80 classes and 640 pixels.
 * @param imgsz side of the training images in pixels
 */
export function scaleGains(hyp: LossGains, numDetectionLayers: number, nc: number, imgsz: number): LossGains {
  const perLayer = 3 / numDetectionLayers;
  return {
    box: hyp.box * perLayer,
    cls: hyp.cls * ((nc / 80) * perLayer),
    obj: hyp.obj * ((imgsz / 640) ** 2 * perLayer),
  };
}

/** Weights of the objectness term per layer, fine to coarse; fewer layers take the head of the longer list. */
export function initialBalance(numDetectionLayers: number): number[] {
  return numDetectionLayers === 3 ? [4, 1, 0.4] : [4, 1, 0.25, 0.06, 0.02].slice(0, numDetectionLayers);
}

/**
 * Moves the balance towards equal layer losses (the option `autobalance`): b ← 0.9999·b + 0.0001/loss, then scaled so
 * that the layer of stride 16 has weight 1.
 * @param objectness unweighted objectness loss per layer
 */
export function autobalance(
  balance: readonly number[],
  objectness: readonly number[],
  strides: readonly number[],
): number[] {
  const moved = balance.map((weight, layer) => weight * 0.9999 + 0.0001 / objectness[layer]!);
  const scale = moved[strides.indexOf(16)] ?? 1;
  return moved.map((weight) => weight / scale);
}

/** Settings of the loss that come from the hyperparameters. */
export type LossHyp = Pick<Hyp, 'cls_pw' | 'obj_pw' | 'fl_gamma'>;
