/**
 * Validation: forward passes over rectangular batches, suppression, matching, AP. Batches are dealt out whole, so the
 * numbers do not depend on how many ranks share the work; rank 0 merges and tells everyone.
 */
import type { RunConfig } from '../configs/run-config.js';
import { AugmentedInference } from './augmented-inference.js';
import type { Dataset } from './data/dataset.js';
import type { PixelCacheTable } from './data/images/pixel-cache.js';
import type { Batch } from './data/loader/batch.js';
import { openLoader } from './data/loader/loader.js';
import { type ValBatch, valPlan } from './data/plans/val-plan.js';
import { ProgramBuilder } from './engine/builder.js';
import type { DeviceTensor, Engine, Executable } from './engine/engine.js';
import { nonMaxSuppression } from './eval/nms.js';
import { type ValResult, ValStats } from './eval/val-stats.js';
import { type FlatStateLayout, view } from './flat-state.js';
import { assignTargets } from './loss/assign.js';
import { buildLoss } from './loss/detection.js';
import { lossFeeds } from './loss/feeds.js';
import { initialBalance, scaleGains } from './loss/gains.js';
import { decode } from './model/decode.js';
import type { Model } from './model/model.js';
import { buildNetwork, networkParameters, parameterInputs } from './model/network.js';
import type { Comms } from './threads/comms-client.js';
import { IMAGES_INPUT, scaleImages } from './train-program.js';

const PREDICTIONS_OUTPUT = 'predictions';
const LOSS_OUTPUT = 'loss.items';
/** Batches in memory at once: one in use, the others being made. */
const LOADER_CAPACITY = 3;

/** Figures of a validation that every rank knows afterwards. */
export interface ValReport extends Omit<ValResult, 'maps' | 'confusion' | 'perClass'> {
  readonly perClass: readonly {
    readonly classId: number;
    readonly precision: number;
    readonly recall: number;
    readonly ap: readonly number[];
    readonly numLabels: number;
  }[];
  readonly seconds: number;
}

export interface ValidatorParts {
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly comms: Comms;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly rank: number;
  readonly worldSize: number;
  /** Where decoded images are kept between validations. */
  readonly cache?: PixelCacheTable | undefined;
}

/** Images per validation batch and rank. In training it is twice a virtual rank's share, as in the reference. */
export function valBatchSize(config: RunConfig): number {
  return config.mode === 'val' ? config.batchSize : Math.ceil(config.batchSize / config.virtualRanks) * 2;
}

/** Validates a data set; programs stay compiled between validations. */
export class Validator {
  readonly #parts: ValidatorParts;
  readonly #plan: readonly ValBatch[];
  readonly #compiled = new Map<string, Executable>();
  readonly #augmented: AugmentedInference;

  constructor(parts: ValidatorParts) {
    this.#parts = parts;
    this.#augmented = new AugmentedInference(parts.engine, parts.model);
    this.#plan = valPlan(parts.dataset.sizes(), valBatchSize(parts.config), parts.config.imgsz);
  }

  /**
   * Validates one set of weights over all ranks; all must call it together.
   * @param flat weights, statistics and anchors in the engine's layout
   */
  async run(layout: FlatStateLayout, flat: Float32Array): Promise<ValReport> {
    const started = performance.now();
    const { config, engine, comms, model, dataset, rank, worldSize } = this.#parts;
    comms.setProgress(0, 'validate');
    const weights = new Map(
      networkParameters(model.state, { training: false }).map((entry) => [
        entry.name,
        engine.tensor(view(layout, flat, entry.name), entry.engineShape),
      ]),
    );
    const stats = new ValStats({ nc: model.nc, singleCls: config.singleCls });
    const mine = this.#plan.flatMap((batch, number) => (number % worldSize === rank ? [{ batch, number }] : []));
    await using loader = openLoader(dataset, {
      numThreads: config.loaderThreads,
      capacityBatches: LOADER_CAPACITY,
      hyp: config.hyp,
      augment: false,
      seed: config.seed,
      imgsz: config.imgsz,
      cache: this.#parts.cache,
      onBadSample: config.onBadSample,
    });
    for (const { batch } of mine) loader.submit({ epoch: 0, ...batch });
    for (const [done, { number }] of mine.entries()) {
      const batch = await loader.next();
      this.#validateBatch(batch, number, weights, stats);
      batch.release();
      comms.setProgress(done + 1, 'validate');
      comms.report({ phaseReport: { rank, phase: 'validate', done: done + 1, total: mine.length } });
    }
    for (const tensor of weights.values()) tensor.dispose();
    return this.#merge(stats, started);
  }

  dispose(): void {
    for (const executable of this.#compiled.values()) executable.dispose();
    this.#compiled.clear();
    this.#augmented.dispose();
  }

  #validateBatch(batch: Batch, number: number, weights: ReadonlyMap<string, DeviceTensor>, stats: ValStats): void {
    const { config, engine, model } = this.#parts;
    const { height, width, numImages } = batch;
    const targets = batch.targets.subarray(0, batch.numTargets * 6);
    const layers = assignTargets(targets, model, { height, width, anchorT: config.hyp.anchor_t });
    const made: Record<string, DeviceTensor> = {
      [IMAGES_INPUT]: engine.tensor(batch.images, [numImages, height, width, 3], 'uint8'),
    };
    for (const { name, data, shape } of lossFeeds(layers, numImages, {
      balance: initialBalance(model.numDetectionLayers),
    })) {
      made[name] = engine.tensor(data, shape);
    }
    let predictions: Float32Array = new Float32Array(0);
    this.#program(numImages, height, width).run({ ...Object.fromEntries(weights), ...made }, (name, tensor) => {
      const data = tensor.read() as Float32Array;
      tensor.dispose();
      if (name === PREDICTIONS_OUTPUT) predictions = data;
      else stats.addBatchLoss(number, [data[0]!, data[1]!, data[2]!]);
    });
    for (const tensor of Object.values(made)) tensor.dispose();
    if (config.val.augment) predictions = this.#augmented.extend(batch, weights, predictions);
    const perImage = predictions.length / numImages;
    for (const [i, item] of batch.items.entries()) {
      const detections = nonMaxSuppression(predictions.subarray(i * perImage, (i + 1) * perImage), {
        nc: model.nc,
        ...config.val,
        multiLabel: true,
        agnostic: config.singleCls,
      });
      stats.addImage({ ...item, height, width, detections, labels: labelsOf(targets, i) });
    }
  }

  #program(batch: number, height: number, width: number): Executable {
    const key = `${batch}x${height}x${width}`;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const { config, engine, model } = this.#parts;
      const b = new ProgramBuilder();
      const x = scaleImages(b, batch, height, width);
      const parameters = parameterInputs(b, model.state, { training: false });
      const { heads } = buildNetwork(b, model, x, parameters, { training: false });
      b.output(PREDICTIONS_OUTPUT, decode(b, heads, model));
      const { items } = buildLoss(b, heads, {
        nc: model.nc,
        numAnchors: model.numAnchors,
        boxLoss: config.boxLoss,
        scaAlpha: config.scaAlpha,
        gains: scaleGains(config.hyp, model.numDetectionLayers, model.nc, config.imgsz),
        hyp: config.hyp,
        labelSmoothing: config.labelSmoothing,
      });
      b.output(
        LOSS_OUTPUT,
        b.concat(
          [items.box, items.obj, items.cls].map((item) => b.reshape(item, [1])),
          0,
        ),
      );
      compiled = engine.compile(b.finish(), { name: `val-${key}` });
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  /** Rank 0 merges what all ranks have counted and sends the figures back. */
  async #merge(stats: ValStats, started: number): Promise<ValReport> {
    const { comms, config, model } = this.#parts;
    const parts = await comms.gather(stats.serialize());
    let figures: Uint8Array | undefined;
    if (parts !== undefined) {
      const result = ValStats.merge(parts, { nc: model.nc, singleCls: config.singleCls }).finish();
      const { maps: _maps, confusion: _confusion, perClass, ...rest } = result;
      const report: ValReport = {
        ...rest,
        perClass: perClass.map(({ classId, precision, recall, ap, numLabels }) => ({
          classId,
          precision,
          recall,
          ap: [...ap],
          numLabels,
        })),
        seconds: (performance.now() - started) / 1000,
      };
      figures = Buffer.from(JSON.stringify(report));
    }
    return JSON.parse(Buffer.from(await comms.broadcast(figures)).toString()) as ValReport;
  }
}

/** The label rows (class, cx, cy, w, h) of one image of a batch. */
function labelsOf(targets: Float32Array, image: number): Float32Array {
  const rows: number[] = [];
  for (let at = 0; at < targets.length; at += 6) {
    if (targets[at] === image) rows.push(...targets.subarray(at + 1, at + 6));
  }
  return Float32Array.from(rows);
}
