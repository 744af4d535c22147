/** The program of a training step (network, loss and gradients), compiled once per shape of microbatch. */
import type { RunConfig } from '../configs/run-config.js';
import { milestone } from '../proto/telemetry/milestones.js';
import { halfTypeOf, scalesLoss } from './amp/policy.js';
import { castToHalf } from './amp/rewrite.js';
import { OVERFLOW_OUTPUT, SCALE_INPUT, ScaledGradients } from './amp/scaled-gradients.js';
import type { Batch } from './data/loader/batch.js';
import { gradients } from './engine/autodiff.js';
import { ProgramBuilder } from './engine/builder.js';
import type { DeviceTensor, Engine, Executable } from './engine/engine.js';
import { numElements, type Program } from './engine/program.js';
import { assignTargets, type LayerTargets } from './loss/assign.js';
import { buildLoss } from './loss/detection.js';
import { type LossNormalisers, lossFeeds } from './loss/feeds.js';
import { initialBalance, scaleGains } from './loss/gains.js';
import type { Model, StateEntry } from './model/model.js';
import { buildNetwork, networkParameters, parameterInputs } from './model/network.js';
import {
  type Bucket,
  groupBuckets,
  type LayoutEntry,
  layoutReducedVector,
  type ReducedVectorLayout,
} from './reduced-vector.js';
import type { SyncPoint } from './sync-batch-norm/rewrite.js';
import { SegmentedExecutable } from './sync-batch-norm/segmented-executable.js';
import { splitProgram } from './sync-batch-norm/split.js';

/** Name of the image input, uint8 [B,H,W,3]. */
export const IMAGES_INPUT = 'images';
/** Name of the output with the three loss terms, float32 [3]. */
const LOSS_OUTPUT = 'loss.items';
const GRADIENT_PREFIX = 'gradient:';
const STATISTIC_PREFIX = 'statistic:';
const MEGABYTE = 2 ** 20;
/** With `--bucket-mb auto` the backward pass is cut fine, and its pieces are grouped for sending without compiling anew. */
const AUTO_MIN_STAGE_BYTES = MEGABYTE;
/** More cuts than these make more graphs to compile and nothing to gain: yolov3 has 248 MB of gradients. */
const AUTO_MAX_STAGES = 32;

/** What an output of the program is, and where its elements go in the reduced vector. */
export type OutputPlace =
  | { readonly kind: 'gradient'; readonly offset: number; readonly bucket: number }
  | { readonly kind: 'statistic'; readonly offset: number }
  | { readonly kind: 'loss' }
  | { readonly kind: 'overflow' };

interface WrittenProgram {
  readonly program: Program;
  /** Trainable tensors in backward order. */
  readonly gradients: readonly LayoutEntry[];
  readonly statistics: readonly LayoutEntry[];
}

/** Images as the network sees them: float32 in 0–1. */
export function scaleImages(b: ProgramBuilder, batch: number, height: number, width: number) {
  return b.mul(b.cast(b.input(IMAGES_INPUT, [batch, height, width, 3], 'uint8')), 1 / 255);
}

/** The number of the layer that a state entry belongs to is below `freeze`. */
function isFrozen(entry: StateEntry, freeze: number): boolean {
  return entry.layer < freeze;
}

function writeProgram(model: Model, config: RunConfig, batch: number, height: number, width: number): WrittenProgram {
  const b = new ProgramBuilder();
  const x = scaleImages(b, batch, height, width);
  const parameters = parameterInputs(b, model.state, { training: true });
  const { heads, batchStats } = buildNetwork(b, model, x, parameters, { training: true });
  const { hyp } = config;
  const { loss, items } = buildLoss(b, heads, {
    nc: model.nc,
    numAnchors: model.numAnchors,
    boxLoss: config.boxLoss,
    scaAlpha: config.scaAlpha,
    gains: scaleGains(hyp, model.numDetectionLayers, model.nc, config.imgsz),
    hyp,
    labelSmoothing: config.labelSmoothing,
  });
  const terms = [items.box, items.obj, items.cls].map((item) => b.reshape(item, [1]));
  b.output(LOSS_OUTPUT, b.concat(terms, 0));
  const trainable = networkParameters(model.state, { training: true }).filter(
    (entry) => !isFrozen(entry, config.freeze),
  );
  const names = new Map(trainable.map((entry) => [parameters.get(entry.name)!.id, entry.name]));
  const inBackwardOrder: LayoutEntry[] = [];
  // Four images share one, so each counts four times.
  const stepLoss = config.quad ? b.mul(loss, 4) : loss;
  const scaling = scalesLoss(config.amp) ? new ScaledGradients(b) : undefined;
  gradients(
    b,
    scaling?.scaled(stepLoss) ?? stepLoss,
    trainable.map((entry) => parameters.get(entry.name)!),
    (parameter, gradient) => {
      const name = names.get(parameter.id)!;
      inBackwardOrder.push({ name, length: numElements(parameter.shape) });
      b.output(GRADIENT_PREFIX + name, scaling?.unscaled(gradient) ?? gradient);
    },
  );
  scaling?.finish();
  const statistics: LayoutEntry[] = [];
  for (const { name, mean, variance } of batchStats) {
    for (const [kind, value] of [['running_mean', mean] as const, ['running_var', variance] as const]) {
      statistics.push({ name: `${name}.${kind}`, length: numElements(value.shape) });
      b.output(`${STATISTIC_PREFIX}${name}.${kind}`, value);
    }
  }
  return { program: b.finish(), gradients: inBackwardOrder, statistics };
}

/** What {@link TrainPrograms.feeds} returns: all inputs, and the means to give back those that were made for this run. */
export interface StepFeeds {
  readonly all: Record<string, DeviceTensor>;
  dispose(): void;
}

/** What tells compiled programs apart. */
type BatchShape = Pick<Batch, 'numImages' | 'height' | 'width'>;

/** The programs of a run, by microbatch shape, and the layout of the reduced vector, which is the same for all. */
export class TrainPrograms {
  #layout: ReducedVectorLayout;
  /** The pieces in which the backward pass hands out gradients; each lies in one bucket. */
  readonly stages: readonly Bucket[];
  /** State entries that the program is fed. */
  readonly parameters: readonly StateEntry[];
  /** Where virtual ranks wait for each other's batch-norm statistics; undefined when each has its own. */
  readonly syncPoints: readonly SyncPoint[] | undefined;
  readonly #engine: Engine;
  readonly #model: Model;
  readonly #config: RunConfig;
  readonly #iterations: number;
  readonly #compiled = new Map<string, Executable>();
  readonly #segmented = new Map<string, SegmentedExecutable>();
  readonly #places = new Map<string, OutputPlace>([
    [LOSS_OUTPUT, { kind: 'loss' }],
    [OVERFLOW_OUTPUT, { kind: 'overflow' }],
  ]);

  /** @param iterations of the whole run, from its first epoch on: what programs may cost to compile */
  constructor(engine: Engine, model: Model, config: RunConfig, iterations = 1) {
    this.#iterations = iterations;
    this.#engine = engine;
    this.#model = model;
    this.#config = config;
    this.parameters = networkParameters(model.state, { training: true });
    // The backward order does not depend on the batch, so the smallest one shows it.
    const written = writeProgram(model, config, 1, config.imgsz, config.imgsz);
    // The statistics of a single virtual rank are those of the whole batch already.
    if (config.syncBn && config.virtualRanks > 1) this.syncPoints = splitProgram(written.program).points;
    const stageBytes = config.bucketMb === 'auto' ? autoStageBytes(written.gradients) : config.bucketMb * MEGABYTE;
    this.#layout = layoutReducedVector(written.gradients, written.statistics, stageBytes);
    this.stages = this.#layout.buckets;
    this.#placeGradients();
    for (const { name, offset } of this.layout.statistics) {
      this.#places.set(STATISTIC_PREFIX + name, { kind: 'statistic', offset });
    }
  }

  /** The reduced vector. Its buckets are the stages until {@link regroup}. */
  get layout(): ReducedVectorLayout {
    return this.#layout;
  }

  /** Sends `numStages[b]` stages together as bucket b from now on. Between steps only; nothing moves and nothing is compiled. */
  regroup(numStages: readonly number[]): void {
    this.#layout = { ...this.#layout, buckets: groupBuckets(this.stages, numStages) };
    this.#placeGradients();
  }

  #placeGradients(): void {
    for (const [bucket, { names }] of this.#layout.buckets.entries()) {
      for (const { name, offset } of this.#layout.gradients.filter((segment) => names.includes(segment.name))) {
        this.#places.set(GRADIENT_PREFIX + name, { kind: 'gradient', offset, bucket });
      }
    }
  }

  get numDetectionLayers(): number {
    return this.#model.numDetectionLayers;
  }

  /** Where an output of a program goes. */
  place(output: string): OutputPlace {
    return this.#places.get(output)!;
  }

  /** The bucket of a gradient; −1 for other outputs. */
  bucketOf(output: string): number {
    const place = this.place(output);
    return place.kind === 'gradient' ? place.bucket : -1;
  }

  /** Assigns a batch's labels to cells and anchors, by detection layer. */
  assign({ targets, numTargets, height, width }: Batch): LayerTargets[] {
    const rows = targets.subarray(0, numTargets * 6);
    return assignTargets(rows, this.#model, { height, width, anchorT: this.#config.hyp.anchor_t });
  }

  /**
   * Puts a batch and its assigned targets on the device, beside the weights that are there already.
   * @param normalisers what the loss is divided by, where that is not the batch's own counts
   * @param lossScale the scale in force, where the program scales its loss
   */
  feeds(
    batch: Batch,
    layers: readonly LayerTargets[],
    weights: ReadonlyMap<string, DeviceTensor>,
    normalisers?: LossNormalisers,
    lossScale?: number,
  ): StepFeeds {
    const { height, width, numImages } = batch;
    const balance = initialBalance(this.#model.numDetectionLayers);
    const made: Record<string, DeviceTensor> = {
      [IMAGES_INPUT]: this.#engine.tensor(batch.images, [numImages, height, width, 3], 'uint8'),
    };
    for (const { name, data, shape } of lossFeeds(layers, numImages, { balance, ...normalisers })) {
      made[name] = this.#engine.tensor(data, shape);
    }
    if (lossScale !== undefined) made[SCALE_INPUT] = this.#engine.tensor(Float32Array.of(lossScale), []);
    return {
      all: { ...Object.fromEntries(weights), ...made },
      dispose: () => {
        for (const tensor of Object.values(made)) tensor.dispose();
      },
    };
  }

  /** Returns the program for a batch's shape, compiling it at first use. */
  forBatch(shape: BatchShape): Executable {
    const key = keyOf(shape);
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const { program, statistics } = this.#write(shape);
      // The forward pass's own outputs come first; then the gradients, bucket by bucket, as they leave.
      const stages = this.stages.map(({ names }) => names.map((name) => GRADIENT_PREFIX + name));
      stages[0] = [LOSS_OUTPUT, ...statistics.map(({ name }) => STATISTIC_PREFIX + name), ...(stages[0] ?? [])];
      compiled = this.#engine.compile(this.#inPrecision(program), {
        name: `train-${key}`,
        stages: stages.filter((names) => names.length > 0),
        expectedRuns: this.#expectedRuns(shape),
      });
      milestone(`compiled ${key}`);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  /** As {@link forBatch}, cut at the batch norms for `--sync-bn`. */
  segmentedForBatch(shape: BatchShape): SegmentedExecutable {
    const key = keyOf(shape);
    let compiled = this.#segmented.get(key);
    if (compiled === undefined) {
      compiled = new SegmentedExecutable(this.#engine, this.#write(shape).program, `train-${key}`, (segment) =>
        this.#inPrecision(segment),
      );
      this.#segmented.set(key, compiled);
    }
    return compiled;
  }

  /** Every iteration runs the full shape where there is one; any other comes about once per epoch. */
  #expectedRuns({ numImages, height, width }: BatchShape): number {
    const { batchSize, epochs, imgsz, multiScale, rect, virtualRanks } = this.#config;
    const isFull = numImages === Math.ceil(batchSize / virtualRanks) && height === imgsz && width === imgsz;
    return isFull && !multiScale && !rect ? this.#iterations : Math.min(epochs, this.#iterations);
  }

  dispose(): void {
    for (const executable of [...this.#compiled.values(), ...this.#segmented.values()]) executable.dispose();
    this.#compiled.clear();
    this.#segmented.clear();
  }

  #inPrecision(program: Program): Program {
    const half = halfTypeOf(this.#config.amp);
    return half === undefined ? program : castToHalf(program, half);
  }

  #write({ numImages, height, width }: BatchShape): WrittenProgram {
    return writeProgram(this.#model, this.#config, numImages, height, width);
  }
}

function autoStageBytes(gradients: readonly LayoutEntry[]): number {
  const bytes = gradients.reduce((sum, { length }) => sum + length, 0) * Float32Array.BYTES_PER_ELEMENT;
  return Math.max(AUTO_MIN_STAGE_BYTES, bytes / AUTO_MAX_STAGES);
}

function keyOf({ numImages, height, width }: BatchShape): string {
  return `${numImages}x${height}x${width}`;
}
