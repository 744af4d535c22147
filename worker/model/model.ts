/** A resolved model: everything that the rest of the worker needs to know about a network, without its weights. */
import { ModelError } from '../../proto/errors.js';
import type { Block } from './modules/module.js';
import type { LayerSpec, ModelSpec } from './spec.js';
import type { StateEntry } from './state.js';

export type { StateEntry, StateKind } from './state.js';

/** One numbered layer. */
export interface Layer {
  readonly index: number;
  readonly spec: LayerSpec;
  /** Absolute indices of the layers that it reads; −1 is the image. */
  readonly inputs: readonly number[];
  /** Repeats after depth scaling. */
  readonly repeats: number;
  readonly block: Block;
  readonly numParameters: number;
  /** Map size of a square input divided by this is the layer's map size, rounded; 0 for the detection head. */
  readonly outStride: number;
}

/** A resolved model. */
export interface Model {
  readonly spec: ModelSpec;
  /** The YAML, as it was read. */
  readonly yaml: string;
  readonly nc: number;
  readonly inputChannels: number;
  readonly layers: readonly Layer[];
  /** Index of the detection head, which is the last layer. */
  readonly detectIndex: number;
  /** Detection layers, fine to coarse as the YAML lists them. */
  readonly numDetectionLayers: number;
  readonly numAnchors: number;
  /** Pixels per cell, per detection layer. */
  readonly strides: readonly number[];
  /** [detection layer][anchor][width, height] in pixels at the training size. */
  readonly anchorsPx: readonly (readonly (readonly [number, number])[])[];
  /** The YAML gave only a number of anchors: `anchorsPx` holds placeholders that a fit must replace. */
  readonly anchorsArePlaceholders: boolean;
  /** Every weight and buffer, in PyTorch's order. */
  readonly state: readonly StateEntry[];
  readonly numParameters: number;
  /** Modules that PyTorch would count. */
  readonly numModules: number;
}

/** The state entry of this name. */
export function stateEntry(model: Model, name: string): StateEntry {
  const entry = model.state.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  throw new ModelError('MODEL_UNKNOWN_STATE', `the model has no state entry '${name}'`, {
    hint: `its first is '${model.state[0]?.name}', its last '${model.state.at(-1)?.name}'`,
  });
}

/** Name of the anchors' state entry. */
export function anchorsName(model: Model): string {
  return `model.${model.detectIndex}.anchors`;
}

/** Values per anchor and cell: x, y, w, h, objectness, classes. */
export function valuesPerAnchor(model: Model): number {
  return 5 + model.nc;
}

/** Anchors in grid units (pixels / stride), float32 [layers · anchors · 2], as the state stores them. */
export function anchorsGrid(model: Model): Float32Array {
  return Float32Array.from(
    model.anchorsPx.flatMap((layer, l) => layer.flatMap((anchor) => anchor.map((size) => size / model.strides[l]!))),
  );
}

/**
 * The same model with the anchors that a state holds, after a fit or from a checkpoint.
 * @param grid float32 [layers · anchors · 2] in grid units
 * @throws ModelError `MODEL_BAD_ANCHORS` if the number differs
 */
export function withAnchors(model: Model, grid: Float32Array): Model {
  const wanted = model.numDetectionLayers * model.numAnchors * 2;
  if (grid.length !== wanted) {
    throw new ModelError('MODEL_BAD_ANCHORS', `${grid.length} anchor sizes for a model that has ${wanted}`, {
      hint: 'use the model YAML that the weights were trained with',
    });
  }
  const anchorsPx = model.strides.map((stride, l) =>
    Array.from({ length: model.numAnchors }, (_, a): [number, number] => {
      const at = (l * model.numAnchors + a) * 2;
      return [grid[at]! * stride, grid[at + 1]! * stride];
    }),
  );
  return { ...model, anchorsPx, anchorsArePlaceholders: false };
}
