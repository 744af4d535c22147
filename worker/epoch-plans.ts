/** Which plan each epoch follows (shuffled, rectangular or weighted), and what is asked of the loader for a microbatch. */
import type { RunConfig } from '../configs/run-config.js';
import type { Dataset } from './data/dataset.js';
import type { BatchRequest } from './data/loader/batch.js';
import { drawWeighted, epochClassWeights, imageWeights } from './data/plans/image-weights.js';
import { multiScaleSize, scaleShape } from './data/plans/multi-scale.js';
import { rectTrainPlan } from './data/plans/rect-plan.js';
import { type TrainPlan, trainPlan, weightedTrainPlan } from './data/plans/train-plan.js';

/** mAP per class, which weighted draws depend on. */
interface ClassScores {
  /** mAP@0.5:0.95 over all classes. */
  readonly map: number;
  readonly perClass: readonly { readonly classId: number; readonly ap: readonly number[] }[];
}

/** The plans of a run: the same on every rank, and after a resume. */
export class EpochPlans {
  readonly #dataset: Dataset;
  readonly #config: RunConfig;
  readonly #plans = new Map<number, TrainPlan>();
  #classMaps: readonly number[];

  /** @param classMaps what a resumed run knew about its classes; empty before the first validation */
  constructor(dataset: Dataset, config: RunConfig, classMaps: readonly number[] = []) {
    this.#dataset = dataset;
    this.#config = config;
    this.#classMaps = classMaps;
  }

  /** mAP@0.5:0.95 per class as of the last validation; empty where draws are not weighted. For the checkpoint. */
  get classMaps(): readonly number[] {
    return this.#classMaps;
  }

  /** Whether an epoch's plan can be made before the epochs ahead of it have been validated. */
  get areKnownAhead(): boolean {
    return !this.#config.imageWeights;
  }

  /** The plan of an epoch: which image belongs to which step and virtual rank. */
  plan(epoch: number): TrainPlan {
    let plan = this.#plans.get(epoch);
    if (plan === undefined) {
      plan = this.#make(epoch);
      this.#plans.set(epoch, plan);
      this.#plans.delete(epoch - 2);
    }
    return plan;
  }

  /** What the loader is asked for; undefined where a step has no image left for the virtual rank. */
  request(epoch: number, step: number, virtualRank: number): BatchRequest | undefined {
    const { imgsz, multiScale, quad, seed } = this.#config;
    const plan = this.plan(epoch);
    const indices = plan.microbatch(step, virtualRank);
    if (indices.length === 0) return undefined;
    const shape = plan.shape?.(step, virtualRank) ?? { height: imgsz, width: imgsz };
    const number = epoch * plan.stepsPerEpoch + step;
    return {
      epoch,
      indices,
      ...shape,
      quad,
      scaledTo: multiScale ? scaleShape(shape, multiScaleSize(imgsz, seed, number)) : undefined,
      turns: plan.turns?.(step, virtualRank),
      pool: plan.pool,
    };
  }

  /** Takes in a validation; later epochs draw by it. Classes without labels count as the mean. */
  learn({ map, perClass }: ClassScores): void {
    if (!this.#config.imageWeights) return;
    const maps = Array.from({ length: this.#numClasses }, () => map);
    for (const { classId, ap } of perClass) maps[classId] = ap.reduce((sum, v) => sum + v, 0) / ap.length;
    this.#classMaps = maps;
  }

  get #numClasses(): number {
    return this.#config.singleCls ? 1 : this.#config.data.nc;
  }

  #make(epoch: number): TrainPlan {
    const dataset = this.#dataset;
    const { batchSize, virtualRanks, seed, imgsz, imageWeights: weighted, rect } = this.#config;
    // Rectangular groups never change; the first plan serves every epoch.
    if (rect) return this.#plans.get(epoch - 1) ?? rectTrainPlan(dataset.sizes(), batchSize, virtualRanks, imgsz);
    if (!weighted) return trainPlan(dataset.numImages, batchSize, virtualRanks, seed, epoch);
    const perClass = epochClassWeights(dataset.classCounts(this.#numClasses), this.#classMaps);
    const weights = imageWeights(dataset.numImages, (index) => dataset.labels(index), perClass);
    return weightedTrainPlan(drawWeighted(weights, seed, epoch), batchSize, virtualRanks);
  }
}
