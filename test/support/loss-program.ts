/** A whole training program: network, loss, gradients; and its feeds from assigned targets. */
import { gradients } from '../../worker/engine/autodiff.js';
import { ProgramBuilder } from '../../worker/engine/builder.js';
import type { Program, Value } from '../../worker/engine/program.js';
import type { LayerTargets } from '../../worker/loss/assign.js';
import { buildLoss, type LossOptions } from '../../worker/loss/detection.js';
import { type LossNormalisers, lossFeeds } from '../../worker/loss/feeds.js';
import type { Model } from '../../worker/model/model.js';
import { buildNetwork, parameterInputs } from '../../worker/model/network.js';
import type { HostTensor } from './run-on-engine.js';

/** Float32 host data with its shape. */
export interface FloatTensor extends HostTensor {
  readonly data: Float32Array;
}

/** Declares the outputs `loss`, `box`, `obj`, `cls` and `objectness.{layer}`. */
export function outputLoss(b: ProgramBuilder, heads: readonly Value[], options: LossOptions): Value {
  const { loss, items, objectnessPerLayer } = buildLoss(b, heads, options);
  b.output('loss', loss);
  for (const [name, item] of Object.entries(items)) b.output(name, item);
  for (const [layer, value] of objectnessPerLayer.entries()) b.output(`objectness.${layer}`, value);
  return loss;
}

/**
 * Network in training mode with `images` [batch,height,width,3] as input, the loss, `head.{layer}`, `mean:{bn}`,
 * `variance:{bn}`, `layer.{i}`, and `grad:{parameter}` for every trainable entry.
 */
export function trainingProgram(
  model: Model,
  batch: number,
  height: number,
  width: number,
  options: LossOptions,
): Program {
  const b = new ProgramBuilder();
  const x = b.input('images', [batch, height, width, 3]);
  const parameters = parameterInputs(b, model.state, { training: true });
  const { heads, batchStats, layerOutputs } = buildNetwork(b, model, x, parameters, { training: true });
  for (const [layer, head] of heads.entries()) b.output(`head.${layer}`, head);
  for (const [layer, value] of layerOutputs.entries()) b.output(`layer.${layer}`, value);
  for (const { name, mean, variance } of batchStats) {
    b.output(`mean:${name}`, mean);
    b.output(`variance:${name}`, variance);
  }
  const loss = outputLoss(b, heads, options);
  const names = [...parameters.keys()];
  const grads = gradients(b, loss, [...parameters.values()]);
  for (const [i, grad] of grads.entries()) b.output(`grad:${names[i]}`, grad);
  return b.finish();
}

/** The loss's feeds by name. */
export function targetFeeds(
  layers: readonly LayerTargets[],
  numImages: number,
  normalisers?: LossNormalisers,
): Record<string, HostTensor> {
  return Object.fromEntries(
    lossFeeds(layers, numImages, normalisers).map(({ name, data, shape }) => [name, { data, shape }]),
  );
}

/** [B,A,H,W,K] of the fixtures → [B,H,W,A·K] of the engine. */
export function headToEngine(data: Float32Array, shape: readonly number[]): FloatTensor {
  const [B, A, H, W, K] = shape as [number, number, number, number, number];
  const out = new Float32Array(data.length);
  let from = 0;
  for (let b = 0; b < B; b++) {
    for (let a = 0; a < A; a++) {
      for (let cell = 0; cell < H * W; cell++, from += K) {
        out.set(data.subarray(from, from + K), ((b * H * W + cell) * A + a) * K);
      }
    }
  }
  return { data: out, shape: [B, H, W, A * K] };
}

/** NCHW → NHWC. */
export function toNhwc(data: Float32Array, shape: readonly number[]): FloatTensor {
  const [B, C, H, W] = shape as [number, number, number, number];
  const out = new Float32Array(data.length);
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) {
      const plane = (b * C + c) * H * W;
      for (let cell = 0; cell < H * W; cell++) out[(b * H * W + cell) * C + c] = data[plane + cell]!;
    }
  }
  return { data: out, shape: [B, H, W, C] };
}

/** NHWC → NCHW. */
export function toNchw(data: Float32Array, [B, C, H, W]: readonly [number, number, number, number]): Float32Array {
  const out = new Float32Array(data.length);
  for (let b = 0; b < B; b++) {
    for (let cell = 0; cell < H * W; cell++) {
      for (let c = 0; c < C; c++) out[(b * C + c) * H * W + cell] = data[(b * H * W + cell) * C + c]!;
    }
  }
  return out;
}
