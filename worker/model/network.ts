/**
 * Writes a model into a program.
 *
 * Shapes: B batch, H and W height and width, A anchors per cell, K = 5 + classes.
 */
import { ModelError } from '../../proto/errors.js';
import { ProgramBuilder } from '../engine/builder.js';
import type { Program, Shape, Value } from '../engine/program.js';
import type { Layer, Model } from './model.js';
import type { BatchStats, NetworkWriter } from './modules/module.js';
import type { StateEntry } from './state.js';

/** How a network shall behave. */
export interface NetworkOptions {
  /** Batch statistics in the batch norms, and the statistics as outputs; otherwise running statistics. */
  readonly training: boolean;
  /** Inference with batch norms folded into the convolutions (`fuse.ts`). @defaultValue false */
  readonly fused?: boolean | undefined;
}

/** What a network gives. */
export interface Network {
  /** Raw maps per detection layer, [B, H/stride, W/stride, A·K]; channel = anchor·K + (x, y, w, h, objectness, classes…). */
  readonly heads: Value[];
  /** Statistics of every batch norm, in layer order; empty unless training. */
  readonly batchStats: BatchStats[];
  /** Output of every numbered layer but the head, for traces. */
  readonly layerOutputs: Value[];
}

type NetworkParts = Pick<Model, 'inputChannels' | 'state'> & {
  readonly layers: readonly Pick<Layer, 'inputs' | 'block'>[];
};

/**
 * Writes the network.
 * @param x float32 [B,H,W,3] in 0–1, RGB; H and W multiples of the largest stride
 * @param parameters values in the engine's layout by state name (see {@link parameterInputs})
 * @throws ModelError `MODEL_PARAMETER_MISSING`
 */
export function buildNetwork(
  b: ProgramBuilder,
  model: NetworkParts,
  x: Value,
  parameters: ReadonlyMap<string, Value>,
  options: NetworkOptions,
): Network {
  const batchStats: BatchStats[] = [];
  const writer: NetworkWriter = {
    b,
    mode: options.training ? 'train' : options.fused ? 'fused' : 'infer',
    parameter: (name) => {
      const value = parameters.get(name);
      if (value !== undefined) return value;
      throw new ModelError('MODEL_PARAMETER_MISSING', `the network wants a value for '${name}'`, {
        hint: 'pass the values of parameterInputs() for the same options',
      });
    },
    addBatchStats: (stats) => batchStats.push(stats),
  };
  const outputs: Value[][] = [];
  for (const { inputs, block } of model.layers) {
    outputs.push(
      block.write(
        writer,
        inputs.map((i) => (i < 0 ? x : outputs[i]![0]!)),
      ),
    );
  }
  return { heads: outputs.at(-1)!, batchStats, layerOutputs: outputs.slice(0, -1).map(([value]) => value!) };
}

/** The state entries that a program needs as inputs: weights, and running statistics outside training. */
export function networkParameters(state: readonly StateEntry[], options: NetworkOptions): StateEntry[] {
  return state.filter(({ kind }) => {
    if (kind === 'convWeight' || kind === 'bias' || kind === 'bnWeight') return true;
    return !options.training && (kind === 'bnMean' || kind === 'bnVariance');
  });
}

/** Declares an input per needed state entry, named like it, in the engine's layout; in state order. */
export function parameterInputs(
  b: ProgramBuilder,
  state: readonly StateEntry[],
  options: NetworkOptions,
): Map<string, Value> {
  return new Map(
    networkParameters(state, options).map((entry) => [entry.name, b.input(entry.name, entry.engineShape)]),
  );
}

/** Shapes of a network for one image, and the program that they were read from. */
export interface NetworkTrace {
  readonly program: Program;
  /** [1,H,W,C] per numbered layer but the head. */
  readonly layers: readonly Shape[];
  readonly heads: readonly Shape[];
}

/** Writes the network for one image of a size without running it. */
export function traceNetwork(model: NetworkParts, height: number, width: number): NetworkTrace {
  const b = new ProgramBuilder();
  const options = { training: false };
  const x = b.input('images', [1, height, width, model.inputChannels]);
  const { heads, layerOutputs } = buildNetwork(b, model, x, parameterInputs(b, model.state, options), options);
  return {
    program: b.finish(),
    layers: layerOutputs.map((value) => value.shape),
    heads: heads.map((value) => value.shape),
  };
}
