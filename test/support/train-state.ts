/** A training state of a small model, for tests of what a step does to it. */
import type { LossScaler } from '../../worker/amp/loss-scaler.js';
import { layoutReducedVector, type ReducedVectorLayout } from '../../worker/reduced-vector.js';
import { TrainState } from '../../worker/train-state.js';
import { type ReducedModel, reducedModel } from './model-fixture.js';

/** The state, and what tests look at. */
export interface SmallTrainState extends ReducedModel {
  readonly trainState: TrainState;
  readonly vector: ReducedVectorLayout;
  /** A reduced vector in which every gradient is one. */
  readonly ones: Float32Array;
  /** The first batch norm's first weight, which never decays. */
  readonly weight: () => number;
}

/** The reduced tiny model with its recorded weights, an SGD state. */
export function smallTrainState(lossScaler?: LossScaler): SmallTrainState {
  const reduced = reducedModel('model_tiny');
  const { model } = reduced;
  const length = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
  const entries = (kinds: readonly string[]) =>
    model.state.filter(({ kind }) => kinds.includes(kind)).map(({ name, shape }) => ({ name, length: length(shape) }));
  const vector = layoutReducedVector(
    entries(['convWeight', 'bnWeight', 'bias']),
    entries(['bnMean', 'bnVariance']),
    2 ** 20,
  );
  const trainState = new TrainState(model, vector, 'sgd', lossScaler);
  trainState.start(reduced.state);
  const { name } = vector.gradients.find((gradient) => gradient.name.endsWith('.bn.weight'))!;
  const { offset } = trainState.layout.segments.get(name)!;
  return {
    ...reduced,
    trainState,
    vector,
    ones: new Float32Array(vector.length).fill(1),
    weight: () => trainState.weights[offset]!,
  };
}
