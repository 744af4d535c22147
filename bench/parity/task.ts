/** What both sides train: a folder with pictures, labels, order, weights and hyperparameters, written once and read by all. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunConfig } from '../../configs/run-config.js';
import { writeCheckpoint } from '../../worker/checkpoint/checkpoint.js';
import { toStateTensors } from '../../worker/checkpoint/transfer.js';
import { openDataset } from '../../worker/data/open-dataset.js';
import { trainPlan } from '../../worker/data/plans/train-plan.js';
import { loadSample } from '../../worker/data/sample.js';
import { initialState } from '../../worker/model/initial-state.js';
import type { Model } from '../../worker/model/model.js';
import { resolveModel } from '../../worker/model/resolve.js';
import { parseModelYaml } from '../../worker/model/spec.js';
import { compileFlags } from '../single-process.js';

/** What to train. */
export interface TaskOptions {
  /** Factor on the model's channels. */
  readonly width: number;
  readonly imgsz: number;
  readonly batchSize: number;
  readonly nominalBatchSize: number;
  readonly numImages: number;
  readonly epochs: number;
  readonly seed: number;
  readonly boxLoss: string;
}

/** task.json. */
export interface ParityTask {
  readonly nc: number;
  readonly imgsz: number;
  readonly batchSize: number;
  readonly nominalBatchSize: number;
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly numDetectionLayers: number;
  readonly seed: number;
  readonly boxLoss: string;
  readonly scaAlpha: number;
  readonly labelSmoothing: number;
  readonly hyp: RunConfig['hyp'];
  /** Optimizer steps after which the weights are kept. */
  readonly marks: readonly number[];
  /** Image numbers of every iteration, in order. */
  readonly batches: readonly (readonly number[])[];
  /** By image: rows (class, cx, cy, w, h), normalised; exact float32 values. */
  readonly labels: readonly (readonly (readonly number[])[])[];
}

/** Optimizer steps at which losses and weights are compared. */
export const MARKS: readonly number[] = [1, 10, 100];
/** Warm-up ends within the run, so that accumulation, both learning rates and the momentum pass through all their phases. */
const WARMUP_ITERATIONS = 60;

/** Paths inside a task's folder. */
export const taskFiles = (folder: string) =>
  ({
    task: join(folder, 'task.json'),
    model: join(folder, 'model.yaml'),
    images: join(folder, 'images.u8'),
    initial: join(folder, 'initial.safetensors'),
  }) as const;

/** The configuration of Lockstep's side; the engine and its threads are the caller's choice. */
export async function taskConfig(
  folder: string,
  task: Pick<ParityTask, 'imgsz' | 'batchSize' | 'nominalBatchSize' | 'epochs' | 'seed' | 'boxLoss'>,
  engine: string,
): Promise<RunConfig> {
  return compileFlags({
    data: 'shapes',
    cfg: taskFiles(folder).model,
    imgsz: String(task.imgsz),
    'batch-size': String(task.batchSize),
    'nominal-batch-size': String(task.nominalBatchSize),
    epochs: String(task.epochs),
    seed: String(task.seed),
    'box-loss': task.boxLoss,
    'set-hyp': `warmup_min_iterations=${WARMUP_ITERATIONS},warmup_epochs=0`,
    engine,
    'threads-per-worker': '1',
  });
}

/** The model of a task. */
export async function taskModel(folder: string, nc: number): Promise<Model> {
  const path = taskFiles(folder).model;
  return resolveModel(parseModelYaml(await readFile(path, 'utf8'), path), { nc });
}

export async function readTask(folder: string): Promise<ParityTask> {
  return JSON.parse(await readFile(taskFiles(folder).task, 'utf8')) as ParityTask;
}

/**
 * Writes a task: letterboxed pictures without augmentation, the order of the images, and fresh weights.
 * @param modelYaml path of the architecture, whose channels are then scaled
 */
export async function writeTask(folder: string, modelYaml: string, options: TaskOptions): Promise<ParityTask> {
  await mkdir(folder, { recursive: true });
  const files = taskFiles(folder);
  const yaml = await readFile(modelYaml, 'utf8');
  await writeFile(files.model, yaml.replace(/^width_multiple:.*$/m, `width_multiple: ${options.width}`));
  const config = await taskConfig(folder, options, 'tensorflow');
  const model = await taskModel(folder, config.data.nc);
  const { imgsz, batchSize, epochs, seed } = options;
  const dataset = await openDataset(config.data.train, config.data, { split: 'train' });
  const numImages = Math.min(options.numImages, dataset.numImages);
  const pixels = new Uint8Array(numImages * imgsz * imgsz * 3);
  const labels: number[][][] = [];
  for (let index = 0; index < numImages; index++) {
    const key = { index, epoch: 0, height: imgsz, width: imgsz };
    const sample = await loadSample(dataset, key, { hyp: config.hyp, augment: false, seed, imgsz });
    pixels.set(sample.image.data, index * imgsz * imgsz * 3);
    labels.push(rowsOf(sample.labels));
  }
  const batches: number[][] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const plan = trainPlan(numImages, batchSize, 1, seed, epoch);
    for (let step = 0; step < plan.stepsPerEpoch; step++) batches.push([...plan.microbatch(step, 0)]);
  }
  const task: ParityTask = {
    nc: model.nc,
    imgsz,
    batchSize,
    nominalBatchSize: options.nominalBatchSize,
    epochs,
    iterationsPerEpoch: batches.length / epochs,
    numDetectionLayers: model.numDetectionLayers,
    seed,
    boxLoss: config.boxLoss,
    scaAlpha: config.scaAlpha,
    labelSmoothing: config.labelSmoothing,
    hyp: config.hyp,
    marks: MARKS,
    batches,
    labels,
  };
  await writeFile(files.images, pixels);
  await writeCheckpoint(files.initial, {
    state: toStateTensors(initialState(model, seed), model.state),
    metadata: {
      epoch: -1,
      step: 0,
      finished: true,
      fitness: 0,
      bestFitness: 0,
      metrics: {},
      boxLoss: task.boxLoss,
      config,
    },
  });
  await writeFile(files.task, JSON.stringify(task));
  return task;
}

function rowsOf(labels: Float32Array): number[][] {
  return Array.from({ length: labels.length / 5 }, (_, i) => [...labels.subarray(i * 5, i * 5 + 5)]);
}
