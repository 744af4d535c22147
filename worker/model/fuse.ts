/** Folds batch norms into the convolutions before them: w′ = w·γ/√(σ² + ε), b′ = β + (b − μ)·γ/√(σ² + ε). */
import { type Model, stateEntry } from './model.js';
import { BATCH_NORM_EPSILON } from './modules/conv.js';

/** A convolution and the batch norm behind it, PyTorch's layout. */
export interface ConvAndBatchNorm {
  /** [O, I, kH, kW] */
  readonly weight: Float32Array;
  /** [O] */
  readonly bias?: Float32Array | undefined;
  readonly scale: Float32Array;
  readonly offset: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** Returns weight [O, I, kH, kW] and bias [O] of the one convolution that does the work of both. */
export function fuseConvAndBatchNorm(layer: ConvAndBatchNorm): { weight: Float32Array; bias: Float32Array } {
  const outputs = layer.scale.length;
  const perOutput = layer.weight.length / outputs;
  const weight = new Float32Array(layer.weight.length);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const factor = layer.scale[o]! / Math.sqrt(layer.variance[o]! + layer.epsilon);
    for (let i = o * perOutput; i < (o + 1) * perOutput; i++) weight[i] = layer.weight[i]! * factor;
    bias[o] = layer.offset[o]! + ((layer.bias?.[o] ?? 0) - layer.mean[o]!) * factor;
  }
  return { weight, bias };
}

/** A fused model: its shorter state list and the state itself (PyTorch's layout). */
export interface FusedModel {
  /** For `buildNetwork` with `fused: true`. */
  readonly model: Model;
  readonly state: Map<string, Float32Array>;
}

/** Folds every batch norm of a model. */
export function fuseModel(model: Model, state: ReadonlyMap<string, Float32Array>): FusedModel {
  const fused = new Map<string, Float32Array>();
  const entries: Model['state'][number][] = [];
  let numBatchNorms = 0;
  for (const layer of model.layers) {
    for (const entry of model.state.filter((candidate) => candidate.layer === layer.index)) {
      const bn = entry.name.replace(/conv\.weight$/, 'bn');
      const scale = bn === entry.name ? undefined : state.get(`${bn}.weight`);
      if (scale === undefined) {
        if (/\.bn\.\w+$/.test(entry.name)) continue;
        entries.push(entry);
        fused.set(entry.name, state.get(entry.name)!);
        continue;
      }
      const { weight, bias } = fuseConvAndBatchNorm({
        weight: state.get(entry.name)!,
        scale,
        offset: state.get(`${bn}.bias`)!,
        mean: state.get(`${bn}.running_mean`)!,
        variance: state.get(`${bn}.running_var`)!,
        epsilon: BATCH_NORM_EPSILON,
      });
      const biasName = entry.name.replace(/weight$/, 'bias');
      entries.push(entry, { ...stateEntry(model, `${bn}.bias`), name: biasName });
      fused.set(entry.name, weight).set(biasName, bias);
      numBatchNorms++;
    }
  }
  return {
    model: {
      ...model,
      state: entries,
      numParameters: entries
        .filter((entry) => entry.group !== undefined)
        .reduce((sum, entry) => sum + fused.get(entry.name)!.length, 0),
      numModules: model.numModules - numBatchNorms,
    },
    state: fused,
  };
}
