/** Trainers of all workers of a world in this process, on one engine. */
import { compileRun } from '../../configs/compile.js';
import { readDatasetYaml } from '../../configs/dataset.js';
import type { RunConfig } from '../../configs/run-config.js';
import { repoRoot } from '../../proto/paths.js';
import { type LossScalerSettings, openLossScaler } from '../../worker/amp/loss-scaler.js';
import type { Batch } from '../../worker/data/loader/batch.js';
import { trainPlan } from '../../worker/data/plans/train-plan.js';
import type { Engine } from '../../worker/engine/engine.js';
import { Ledger } from '../../worker/ledger/ledger.js';
import type { Model } from '../../worker/model/model.js';
import { createSchedule } from '../../worker/optim/schedule.js';
import { TrainPrograms } from '../../worker/train-program.js';
import { TrainState } from '../../worker/train-state.js';
import { type StepResult, Trainer } from '../../worker/trainer.js';
import { openMemoryWorld } from './memory-world.js';
import { RandomArrays } from './random-arrays.js';

/** What `launch train` would compile from these flags, with the built-in shapes as data set. */
export async function compileFlags(flags: Readonly<Record<string, string | boolean>>): Promise<RunConfig> {
  const { config } = await compileRun({
    command: 'train',
    flags: new Map(Object.entries({ nproc: '1', device: 'cpu', weights: '', data: 'shapes', ...flags })),
    env: {},
    cwd: repoRoot,
    argv: [],
    host: { numCores: 1, gpus: [] },
    readDataset: (path) => readDatasetYaml(path),
  });
  return config!;
}

/** `count` images of noise with some boxes each. */
export interface NoiseImages {
  readonly size: number;
  readonly images: readonly Uint8Array[];
  /** Per image rows (class, cx, cy, w, h). */
  readonly labels: readonly (readonly number[])[][];
}

export function noiseImages(count: number, size: number, nc: number): NoiseImages {
  const random = new RandomArrays(5);
  return {
    size,
    images: Array.from({ length: count }, () => Uint8Array.from(random.integers(size * size * 3, 256))),
    labels: Array.from({ length: count }, (_, i) =>
      // One image has no object, so one virtual rank's matches differ much from another's.
      Array.from({ length: i === 1 ? 0 : 2 + (i % 3) }, () => [
        random.integers(1, nc)[0]!,
        ...random.uniform(2, 0.2, 0.8),
        ...random.uniform(2, 0.1, 0.5),
      ]),
    ),
  };
}

function batchOf({ images, labels, size }: NoiseImages, indices: readonly number[]): Batch {
  const targets = indices.flatMap((index, i) => labels[index]!.map((row) => [i, ...row]));
  return {
    epoch: 0,
    images: Uint8Array.from(indices.flatMap((index) => [...images[index]!])),
    numImages: indices.length,
    height: size,
    width: size,
    targets: Float32Array.from(targets.flat()),
    numTargets: targets.length,
    items: indices.map((index) => ({
      index,
      path: '',
      nativeWidth: size,
      nativeHeight: size,
      gain: [1, 1],
      pad: [0, 0],
    })),
    badItems: [],
    release: () => {},
  };
}

/** What an epoch of {@link trainEpoch} leaves. */
export interface TrainedEpoch {
  /** By step. */
  readonly results: readonly StepResult[];
  /** The reduced vectors, by step. */
  readonly sums: readonly Float32Array[];
  readonly programs: Pick<TrainPrograms, 'layout'>;
  /** The images of each step's virtual ranks. */
  readonly microbatches: readonly (readonly number[])[][];
  /** By rank. */
  readonly weights: readonly Float32Array[];
  readonly messages: { readonly gathers: number; readonly broadcasts: number };
}

/**
 * Trains one epoch of all images with `worldSize` workers that share `config.virtualRanks` virtual ranks.
 * @param order the images of a single step's virtual ranks @defaultValue the plan of the first epoch
 * @param lossScaling of `--amp fp16`, where it shall differ
 */
export async function trainEpoch(
  engine: Engine,
  model: Model,
  initialState: ReadonlyMap<string, Float32Array>,
  config: RunConfig,
  data: NoiseImages,
  worldSize: number,
  order?: readonly (readonly number[])[],
  lossScaling?: Partial<LossScalerSettings>,
): Promise<TrainedEpoch> {
  const numImages = data.images.length;
  const programs = new TrainPrograms(engine, model, config);
  const { layout } = programs;
  const buckets = layout.buckets.map(({ offset, length }) => ({ offset, length }));
  const { virtualRanks } = config;
  const { workers, messages } = openMemoryWorld(worldSize, { length: layout.length, buckets, virtualRanks });
  const plan = trainPlan(numImages, config.batchSize, virtualRanks, config.seed, 0);
  const microbatches = Array.from({ length: plan.stepsPerEpoch }, (_, step) =>
    Array.from({ length: virtualRanks }, (__, v) => order?.[v] ?? [...plan.microbatch(step, v)]),
  );
  const schedule = createSchedule({
    hyp: config.hyp,
    epochs: 1,
    iterationsPerEpoch: plan.stepsPerEpoch,
    batchSize: config.batchSize,
    nominalBatchSize: config.batchSize,
    optimizer: config.optimizer,
  });
  const ranks = workers.map(({ comms, allReduce }) => {
    const { begin, end } = allReduce.virtualRange;
    const own = Array.from({ length: end - begin }, (_, i) => begin + i);
    const state = new TrainState(model, layout, config.optimizer, openLossScaler(config.amp, lossScaling));
    state.start(initialState);
    const trainer = new Trainer({
      config,
      engine,
      comms,
      allReduce,
      programs,
      state,
      ledger: new Ledger([...Array(numImages).keys()], config.seed),
      weightDecay: schedule.weightDecay,
      virtualRanks: own,
    });
    return { own, state, trainer, allReduce };
  });
  const results: StepResult[] = [];
  const sums: Float32Array[] = [];
  for (let step = 0; step < plan.stepsPerEpoch; step++) {
    const done = await Promise.all(
      ranks.map(({ own, trainer }) => {
        const batches = own.map((virtualRank) => {
          const indices = microbatches[step]![virtualRank]!;
          return indices.length === 0 ? undefined : batchOf(data, indices);
        });
        return trainer.step(batches, schedule.at(step));
      }),
    );
    results.push(done[0]!);
    sums.push(ranks[0]!.allReduce.result.slice());
  }
  for (const { trainer } of ranks) trainer.dispose();
  programs.dispose();
  return { results, sums, programs, microbatches, weights: ranks.map(({ state }) => state.weights), messages };
}
