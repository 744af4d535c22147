/**
 * Everything that a training run changes: weights, their average, optimizer buffers, gradients that wait for a step,
 * and counters. Two ranks with equal states stay equal; a state that is saved and restored goes on as if nothing had happened.
 */
import type { RunConfig } from '../configs/run-config.js';
import { CheckpointError } from '../proto/errors.js';
import type { LossScaler, LossScalerState } from './amp/loss-scaler.js';
import { exportState, type FlatStateLayout, importState, layoutFlatState } from './flat-state.js';
import type { Model } from './model/model.js';
import { type AdamMoments, adamStep } from './optim/adam.js';
import { Ema } from './optim/ema.js';
import { FlatMemory } from './optim/flat-memory.js';
import { joinRanges, type ParameterRange } from './optim/group.js';
import { type IterationRates, NO_STEP_YET, stepFollows } from './optim/schedule.js';
import { sgdStep } from './optim/sgd.js';
import type { ReducedVectorLayout } from './reduced-vector.js';
import type { SimdHeap } from './simd/heap.js';

/** Counters that a checkpoint keeps as JSON. */
export interface TrainCounters {
  /** Iterations done since the start of training. */
  readonly iteration: number;
  /** Iteration of the last optimizer step. */
  readonly lastStep: number;
  readonly optimizerSteps: number;
  readonly emaUpdates: number;
  /** Value of every `num_batches_tracked`. */
  readonly batchesTracked: number;
  /** Absent where the loss is not scaled. */
  readonly lossScaler?: LossScalerState | undefined;
}

/** Flat arrays that a checkpoint keeps besides the averaged weights, by name. */
export type TrainArrays = ReadonlyMap<string, Float32Array>;

/** The counter of a fresh model: the pass that finds the strides has been tracked. */
const FRESH_BATCHES_TRACKED = 1;

export class TrainState {
  readonly layout: FlatStateLayout;
  /** Weights, statistics and anchors in the engine's layout. */
  readonly weights: Float32Array;
  iteration = 0;
  batchesTracked = FRESH_BATCHES_TRACKED;
  /** Undefined where the loss is not scaled. */
  readonly lossScaler: LossScaler | undefined;
  readonly #model: Model;
  readonly #optimizer: RunConfig['optimizer'];
  readonly #ranges: readonly ParameterRange[];
  /** Momentum for SGD; first and second moment for Adam. Indexed like the weights, trainable part only. */
  readonly #buffers: readonly Float32Array[];
  /** Sum of the gradients since the last step, indexed like the reduced vector. */
  readonly #gradients: Float32Array;
  #hasGradients = false;
  readonly #memory = new FlatMemory();
  /** Elements of the state from its start that the optimizer steps over. */
  readonly #trainable: number;
  /** By which share the average still has to move beyond them. */
  #rest = 0;
  readonly #ema: Ema;
  #lastStep = NO_STEP_YET;
  #optimizerSteps = 0;

  constructor(
    model: Model,
    vector: ReducedVectorLayout,
    optimizer: RunConfig['optimizer'],
    lossScaler?: LossScaler | undefined,
  ) {
    this.#model = model;
    this.lossScaler = lossScaler;
    this.#optimizer = optimizer;
    this.layout = layoutFlatState(
      model,
      vector.gradients.map(({ name }) => name),
      vector.statistics.map(({ name }) => name),
    );
    this.weights = this.#memory.float32(this.layout.length);
    const groups = new Map(model.state.map(({ name, group }) => [name, group]));
    const places = vector.gradients.map(({ name, length, offset }) => ({
      ...{ offset: this.layout.segments.get(name)!.offset, gradientOffset: offset },
      ...{ length, group: groups.get(name)! },
    }));
    this.#ranges = joinRanges(places);
    this.#trainable = endOf(places.at(-1));
    this.#buffers = Array.from({ length: optimizer === 'adam' ? 2 : 1 }, () => this.#memory.float32(this.#trainable));
    this.#gradients = this.#memory.float32(endOf(vector.gradients.at(-1)));
    this.#ema = new Ema(this.weights, 0, this.#memory);
  }

  /** The averaged weights in the engine's layout. */
  get ema(): Float32Array {
    return this.#ema.values;
  }

  get optimizerSteps(): number {
    return this.#optimizerSteps;
  }

  /** Starts from these values, PyTorch's layout, by name; the average starts equal. */
  start(state: ReadonlyMap<string, Float32Array>): void {
    importState(this.layout, this.weights, state);
    this.#ema.restart(this.weights);
  }

  /**
   * Takes in the summed gradients of an iteration and steps the optimizer when enough have gathered; the average of what it
   * changes moves along in the same pass over memory.
   * @param sum a reduced vector; its gradients lie at its start
   * @returns whether the weights have changed
   */
  accumulate(sum: Float32Array, rates: IterationRates, weightDecay: number): boolean {
    if (rates.startsEpoch) this.#hasGradients = false;
    const steps = stepFollows(this.iteration, this.#lastStep, rates.accumulate);
    if (steps && !this.#hasGradients) {
      this.#optimize(sum, rates, weightDecay);
      return true;
    }
    const gradients = this.#gradients;
    if (this.#hasGradients) this.#addToGradients(sum);
    else gradients.set(sum.subarray(0, gradients.length));
    this.#hasGradients = !steps;
    if (steps) this.#optimize(gradients, rates, weightDecay);
    return steps;
  }

  /** Moves the rest of the average after an optimizer step, which has moved that of the weights which train. */
  updateEma(): void {
    this.#ema.follow(this.weights, this.#rest, this.#trainable);
  }

  /** Where the state lies. What shall be read beside it, such as the sum of the gradients, is read fastest from there. */
  get heap(): SimdHeap {
    return this.#memory.heap;
  }

  /** The averaged weights under PyTorch's names and in its layout. */
  exportEma(): Map<string, Float32Array> {
    return exportState(this.#model, this.layout, this.ema, this.batchesTracked);
  }

  get counters(): TrainCounters {
    return {
      iteration: this.iteration,
      lastStep: this.#lastStep,
      optimizerSteps: this.#optimizerSteps,
      emaUpdates: this.#ema.updates,
      batchesTracked: this.batchesTracked,
      ...(this.lossScaler && { lossScaler: this.lossScaler.state }),
    };
  }

  /** What resuming needs besides the averaged weights; views, valid until the next step. */
  get arrays(): TrainArrays {
    const arrays = new Map([['weights', this.weights]]);
    for (const [i, buffer] of this.#buffers.entries()) arrays.set(`${this.#optimizer}.${i}`, buffer);
    if (this.#hasGradients) arrays.set('gradients', this.#gradients);
    return arrays;
  }

  /**
   * Goes on where a saved state stopped.
   * @param ema the averaged weights, PyTorch's layout
   * @throws CheckpointError `CHECKPOINT_SHAPE_MISMATCH` if an array is missing or of another length
   */
  restore(ema: ReadonlyMap<string, Float32Array>, arrays: TrainArrays, counters: TrainCounters): void {
    const take = (name: string, target: Float32Array): void => {
      const source = arrays.get(name);
      if (source?.length !== target.length) {
        throw new CheckpointError(
          'CHECKPOINT_SHAPE_MISMATCH',
          `the checkpoint's ${name} has ${source?.length ?? 'no'} elements, this run needs ${target.length}`,
          { hint: 'resume with the model, the optimizer and the frozen layers of the run that wrote it' },
        );
      }
      target.set(source);
    };
    take('weights', this.weights);
    for (const [i, buffer] of this.#buffers.entries()) take(`${this.#optimizer}.${i}`, buffer);
    this.#hasGradients = arrays.has('gradients');
    if (this.#hasGradients) take('gradients', this.#gradients);
    const average = this.weights.slice();
    importState(this.layout, average, ema);
    this.#ema.restart(average, counters.emaUpdates);
    this.iteration = counters.iteration;
    this.batchesTracked = counters.batchesTracked;
    if (counters.lossScaler !== undefined) this.lossScaler?.restore(counters.lossScaler);
    this.#lastStep = counters.lastStep;
    this.#optimizerSteps = counters.optimizerSteps;
  }

  #addToGradients(sum: Float32Array): void {
    const operands = [
      { array: this.#gradients, offset: 0, written: true },
      { array: sum, offset: 0, written: false },
    ];
    this.#memory.run(operands, this.#gradients.length, ([target, source], count) => {
      this.#memory.kernels.addInto(target!, source!, count);
    });
  }

  #optimize(gradients: Float32Array, { lr, momentum }: IterationRates, weightDecay: number): void {
    this.#optimizerSteps += 1;
    this.#lastStep = this.iteration;
    const rates = { lr, momentum, weightDecay };
    this.#rest = this.#ema.advance();
    const follower = { average: this.#ema.values, rest: this.#rest };
    if (this.#optimizer === 'sgd') {
      sgdStep(this.weights, gradients, this.#buffers[0]!, this.#ranges, rates, follower);
      return;
    }
    const moments: AdamMoments = { first: this.#buffers[0]!, second: this.#buffers[1]! };
    adamStep(this.weights, gradients, moments, this.#ranges, rates, this.#optimizerSteps, follower);
  }
}

function endOf(last: { readonly offset: number; readonly length: number } | undefined): number {
  return last === undefined ? 0 : last.offset + last.length;
}
