/** Where a run starts: the model and its weights, fresh, from a file, or from the run that it continues. */
import { readFile } from 'node:fs/promises';
import type { RunConfig } from '../configs/run-config.js';
import { CheckpointError, ModelError } from '../proto/errors.js';
import { type Checkpoint, readCheckpoint, requireResumable } from './checkpoint/checkpoint.js';
import { toFloat32 } from './checkpoint/tensor.js';
import { requireWeights, transferWeights } from './checkpoint/transfer.js';
import type { LedgerState } from './ledger/ledger.js';
import { initialState } from './model/initial-state.js';
import { anchorsName, type Model, withAnchors } from './model/model.js';
import { resolveModel } from './model/resolve.js';
import { parseModelYaml } from './model/spec.js';
import type { EarlyStoppingState } from './optim/early-stopping.js';
import type { TrainArrays, TrainCounters } from './train-state.js';

/** How far a run has come, as its checkpoint says. */
export interface RunProgress {
  /** The step that comes next. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** Sums of the loss terms over the steps of a part-done epoch. */
  readonly lossSums: readonly [number, number, number];
  /** The images of a part-done epoch. */
  readonly ledger: LedgerState;
  /** mAP per class as of the last validation, for weighted draws; empty otherwise. */
  readonly classMaps?: readonly number[] | undefined;
  readonly bestFitness: number;
  readonly bestMetrics: Readonly<Record<string, number>>;
  readonly earlyStopping: EarlyStoppingState;
}

/** What a resumed run needs besides its weights. */
export interface ResumeState {
  readonly progress: RunProgress;
  readonly counters: TrainCounters;
  readonly arrays: TrainArrays;
}

export interface StartingPoint {
  readonly model: Model;
  /** PyTorch's layout, by name. */
  readonly state: ReadonlyMap<string, Float32Array>;
  readonly resume: ResumeState | undefined;
  /** Lines for the user. */
  readonly notes: readonly string[];
}

/**
 * Reads or makes the model and its weights.
 * @throws ModelError, CheckpointError as their readers do
 */
export async function findStartingPoint(config: RunConfig): Promise<StartingPoint> {
  const path = config.resume || config.weights;
  const checkpoint = path === '' ? undefined : await readCheckpoint(path);
  const model = await readModel(config, checkpoint);
  if (checkpoint === undefined) {
    return { model, state: initialState(model, config.seed), resume: undefined, notes: [] };
  }
  if (config.resume !== '') return resumed(model, checkpoint);
  // Validation needs every tensor; training takes over what fits (reference section "Loading weights").
  if (config.mode === 'val') {
    const state = requireWeights(checkpoint.state, model.state, path);
    return { model: withAnchors(model, state.get(anchorsName(model))!), state, resume: undefined, notes: [] };
  }
  const excludeAnchors = config.cfg !== '' || config.hyp.anchors !== undefined;
  const { values, numTransferred, numTotal } = transferWeights(checkpoint.state, model.state, { excludeAnchors });
  if (numTransferred === 0) {
    throw new CheckpointError('CHECKPOINT_SHAPE_MISMATCH', `${path} has no tensor that fits this model`, {
      hint: 'give the --cfg that the file was trained with, or leave --weights empty to start from random weights',
    });
  }
  const state = new Map([...initialState(model, config.seed), ...values]);
  // Anchors that the file did not give are the model's own, and may still be placeholders (Q38).
  const anchors = values.get(anchorsName(model));
  return {
    model: anchors === undefined ? model : withAnchors(model, anchors),
    state,
    resume: undefined,
    notes: [`transferred ${numTransferred}/${numTotal} tensors from ${path}`],
  };
}

async function readModel(config: RunConfig, checkpoint: Checkpoint | undefined): Promise<Model> {
  const stored = checkpoint?.metadata?.modelYaml;
  const text = config.cfg === '' ? stored : await readFile(config.cfg, 'utf8');
  if (typeof text !== 'string') {
    throw new ModelError('MODEL_UNKNOWN_ARCHITECTURE', `${checkpoint?.path} does not say which model it belongs to`, {
      hint: 'name the architecture with --cfg, for example --cfg yolov3-tiny',
    });
  }
  const { nc } = config.data;
  return resolveModel(parseModelYaml(text, config.cfg || checkpoint!.path), {
    nc: config.singleCls ? 1 : nc,
    // Without a fit placeholders would stay, and nothing could be learnt.
    hypAnchors: config.autoAnchor ? config.hyp.anchors : undefined,
  });
}

function resumed(model: Model, checkpoint: Checkpoint): StartingPoint {
  const metadata = requireResumable(checkpoint);
  const { progress, counters } = metadata as unknown as { progress: RunProgress; counters: TrainCounters };
  const state = requireWeights(checkpoint.state, model.state, checkpoint.path);
  const arrays = new Map([...checkpoint.train].map(([name, tensor]) => [name, toFloat32(tensor)]));
  return {
    model: withAnchors(model, state.get(anchorsName(model))!),
    state,
    resume: { progress, counters, arrays },
    notes: [`resuming ${checkpoint.path} at epoch ${progress.epoch}, step ${progress.stepInEpoch}`],
  };
}
